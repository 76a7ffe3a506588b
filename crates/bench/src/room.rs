//! How long searches in the stewards' room take: forms posted and suggestions asked for as a browser does it, with
//! the cookie of a session, against a registry that runs and holds the people of a table.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::Context;

use crate::percentile;

/// Decides which people are looked for.
const SEED: u64 = 5;
/// Rows of the table that people are drawn from.
const ROWS_MAX: usize = 1_000_000;

/// What to measure.
pub(crate) struct Asked {
    server: SocketAddr,
    user: String,
    password: String,
    people: String,
    each: usize,
    pid: Option<u32>,
}

impl Asked {
    /// Reads `--user NAME --password PASSWORD --people FILE.csv [--server ADDRESS] [--each N]
    /// [--pid PID]`.
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> anyhow::Result<Asked> {
        let mut asked = Asked {
            server: SocketAddr::from(([127, 0, 0, 1], 3000)),
            user: String::new(),
            password: String::new(),
            people: String::new(),
            each: 300,
            pid: None,
        };
        while let Some(word) = words.next() {
            let mut value = || words.next().with_context(|| format!("{word} needs a value"));
            match word.as_str() {
                "--server" => asked.server = value()?.parse()?,
                "--user" => asked.user = value()?,
                "--password" => asked.password = value()?,
                "--people" => asked.people = value()?,
                "--pid" => asked.pid = Some(value()?.parse()?),
                "--each" => asked.each = value()?.parse::<usize>()?.max(1),
                _ => anyhow::bail!(
                    "unknown {word}: --server, --user, --password, --people, --each or --pid"
                ),
            }
        }
        anyhow::ensure!(!asked.user.is_empty() && !asked.people.is_empty(), "--user and --people");
        Ok(asked)
    }
}

/// Somebody of the table. No `Debug`: tables may hold real people.
struct Person {
    given: String,
    family: String,
    birth: String,
    phone: String,
    national_id: String,
}

/// What is filled in: names and values of a form.
type Fields = Vec<(&'static str, String)>;

/// How a kind of search is made of a person; `None` if that person lacks what it takes.
type Make = fn(&Person) -> Option<Fields>;

/// Kinds of searches, in the order of the table that is printed.
const KINDS: [(&str, Make); 9] = [
    ("three letters of a name", |it| q(start(&it.family, 3)?)),
    ("one name", |it| q(said(&it.family)?)),
    ("two names", |it| q(format!("{} {}", said(&it.given)?, said(&it.family)?))),
    ("three letters and a birth year", |it| {
        q(format!("{} {}", start(&it.family, 3)?, it.birth.get(..4)?))
    }),
    ("a name and a birth year", |it| q(format!("{} {}", said(&it.family)?, it.birth.get(..4)?))),
    ("a birth date", |it| Some(vec![("birth", said(&it.birth)?)])),
    ("an identifier", |it| q(said(&it.national_id)?)),
    ("a phone", |it| q(said(&it.phone)?)),
    ("a name that sounds or is spelt alike", |it| {
        let mut letters: Vec<char> = said(&it.family)?.chars().collect();
        if letters.len() < 4 {
            return None;
        }
        letters.remove(letters.len() / 2);
        Some(vec![("family", letters.iter().collect()), ("spelling", "alike".to_owned())])
    }),
];

/// Of these it makes no sense to suggest anything while they are typed: they are not in the one box.
fn is_in_box(fields: &Fields) -> bool {
    fields.iter().all(|(name, _)| *name == "q")
}

fn q(text: String) -> Option<Fields> {
    Some(vec![("q", text)])
}

/// Shorter ones the page refuses.
fn said(text: &str) -> Option<String> {
    (text.chars().count() >= 2).then(|| text.to_owned())
}

fn start(text: &str, length: usize) -> Option<String> {
    let letters: String = text.chars().take(length).collect();
    (letters.chars().count() == length).then_some(letters)
}

/// Signs in, searches, and prints how long it took.
pub(crate) fn measure(asked: &Asked) -> anyhow::Result<()> {
    let people = read_people(&asked.people)?;
    anyhow::ensure!(!people.is_empty(), "nobody in the table");
    let mut browser = Browser::open(asked.server)?;
    browser.pid = asked.pid;
    browser.sign_in(&asked.user, &asked.password)?;
    println!(
        "{} people in the table, {} searches of each kind, seed {SEED}",
        people.len(),
        asked.each
    );
    println!(
        "| what is looked for | | p50 | p95 | p99 | longest | CPU p50 | CPU p95 | CPU p99 |\n\
         |---|---|---|---|---|---|---|---|---|"
    );
    for (name, make) in KINDS {
        let mut draw = SEED;
        let (mut posts, mut pages, mut suggestions) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..asked.each {
            let Some(fields) = drawn(&people, make, &mut draw) else { break };
            let (took, answer) = browser.post("/ui/search", &fields)?;
            anyhow::ensure!(answer.status == 303, "{name}: a search has status {}", answer.status);
            posts.push(took);
            let (took, answer) = browser.send("GET", &answer.location, "")?;
            anyhow::ensure!(answer.status == 200, "{name}: results have status {}", answer.status);
            pages.push(took);
            if is_in_box(&fields) {
                let (took, answer) = browser.post("/ui/search/suggest", &fields)?;
                anyhow::ensure!(answer.status == 200, "{name}: status {}", answer.status);
                suggestions.push(took);
            }
        }
        tell(name, "search", &posts);
        tell(name, "first page of results", &pages);
        tell(name, "suggestions", &suggestions);
    }
    Ok(())
}

/// How long an answer took, and what the server's threads ran for it.
type Took = (Duration, Duration);

fn tell(name: &str, step: &str, times: &[Took]) {
    if times.is_empty() {
        return;
    }
    let of = |mut sorted: Vec<Duration>, percents: &[usize]| {
        sorted.sort_unstable();
        let ms = |percent: &usize| percentile(&sorted, *percent).as_secs_f64() * 1e3;
        percents.iter().map(|it| format!("{:.1} ms", ms(it))).collect::<Vec<_>>().join(" | ")
    };
    let wall = of(times.iter().map(|it| it.0).collect(), &[50, 95, 99, 100]);
    let cpu = of(times.iter().map(|it| it.1).collect(), &[50, 95, 99]);
    println!("| {name} | {step} | {wall} | {cpu} |");
}

/// What all threads of a process ran so far, on Linux (proc(5), `schedstat`).
fn ran(pid: Option<u32>) -> Duration {
    let tasks = pid.and_then(|pid| std::fs::read_dir(format!("/proc/{pid}/task")).ok());
    let stats = tasks.into_iter().flatten().flatten().filter_map(|task| {
        let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    Duration::from_nanos(stats.sum())
}

/// The next person of whom such a search can be made; a linear congruence (Knuth, TAOCP 2, 3.3.4) draws.
fn drawn(people: &[Person], make: Make, draw: &mut u64) -> Option<Fields> {
    (0..1_000).find_map(|_| {
        *draw =
            draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        make(&people[(*draw >> 33) as usize % people.len()])
    })
}

/// Reads a table without quotes, by the usual names of its columns.
fn read_people(path: &str) -> anyhow::Result<Vec<Person>> {
    let mut lines = BufReader::new(std::fs::File::open(path)?).lines();
    let head = lines.next().context("the table is empty")??;
    let head: Vec<&str> = head.split(',').collect();
    let place = |name: &str| {
        head.iter().position(|it| *it == name).with_context(|| format!("no column {name}"))
    };
    let places = [
        place("given_name")?,
        place("surname")?,
        place("date_of_birth")?,
        place("phone")?,
        place("national_id")?,
    ];
    let mut people = Vec::new();
    for line in lines.take(ROWS_MAX) {
        let line = line?;
        let cells: Vec<&str> = line.split(',').collect();
        let cell = |at: usize| cells.get(places[at]).copied().unwrap_or_default().trim().to_owned();
        people.push(Person {
            given: cell(0),
            family: cell(1),
            birth: cell(2),
            phone: cell(3),
            national_id: cell(4),
        });
    }
    Ok(people)
}

/// One connection of somebody who has signed in.
struct Browser {
    server: SocketAddr,
    stream: TcpStream,
    answers: BufReader<TcpStream>,
    cookies: Vec<(String, String)>,
    form_token: String,
    pid: Option<u32>,
}

struct Answer {
    status: u16,
    location: String,
    body: String,
}

impl Browser {
    fn open(server: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        let answers = BufReader::new(stream.try_clone()?);
        let cookies = Vec::new();
        Ok(Self { server, stream, answers, cookies, form_token: String::new(), pid: None })
    }

    fn sign_in(&mut self, user: &str, password: &str) -> anyhow::Result<()> {
        self.take_token("/ui/login")?;
        let fields = vec![("username", user.to_owned()), ("password", password.to_owned())];
        let (_, answer) = self.post("/ui/login", &fields)?;
        anyhow::ensure!(answer.status == 303, "signing in has status {}", answer.status);
        self.take_token("/ui/search")
    }

    fn take_token(&mut self, page: &str) -> anyhow::Result<()> {
        let (_, answer) = self.send("GET", page, "")?;
        anyhow::ensure!(answer.status == 200, "{page} has status {}", answer.status);
        let rest = answer.body.split("name=\"form_token\" value=\"").nth(1).context("no form")?;
        self.form_token = rest.split('"').next().unwrap_or_default().to_owned();
        Ok(())
    }

    fn post(&mut self, path: &str, fields: &Fields) -> anyhow::Result<(Took, Answer)> {
        let mut body = format!("form_token={}", encoded(&self.form_token));
        for (name, value) in fields {
            body += &format!("&{name}={}", encoded(value));
        }
        self.send("POST", path, &body)
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> anyhow::Result<(Took, Answer)> {
        let server = self.server;
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {server}\r\nOrigin: http://{server}\r\n\
             Sec-Fetch-Site: same-origin\r\nCookie: {}\r\nContent-Length: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\n\r\n{body}",
            cookies.join("; "),
            body.len()
        );
        let (ran_before, began) = (ran(self.pid), Instant::now());
        self.stream.write_all(request.as_bytes())?;
        let answer = self.read_answer()?;
        let took = began.elapsed();
        Ok(((took, ran(self.pid).saturating_sub(ran_before)), answer))
    }

    fn read_answer(&mut self) -> anyhow::Result<Answer> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        let status = line.split(' ').nth(1).context("no status")?.parse()?;
        let (mut length, mut location) = (0, String::new());
        loop {
            line.clear();
            self.answers.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse()?,
                "location" => location = value.trim().to_owned(),
                "set-cookie" => self.keep(value.trim()),
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.answers.read_exact(&mut body)?;
        Ok(Answer { status, location, body: String::from_utf8(body)? })
    }

    fn keep(&mut self, cookie: &str) {
        let pair = cookie.split(';').next().unwrap_or_default();
        if let Some((name, value)) = pair.split_once('=') {
            self.cookies.retain(|(known, _)| known != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
    }
}

/// A value as forms are sent (WHATWG URL, application/x-www-form-urlencoded).
fn encoded(value: &str) -> String {
    let mut text = String::new();
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.".contains(&byte) {
            text.push(char::from(byte));
        } else {
            text += &format!("%{byte:02X}");
        }
    }
    text
}
