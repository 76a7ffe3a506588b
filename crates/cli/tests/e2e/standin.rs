//! A server of HTTP that plays another program: one request a connection, and it may misbehave.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What was asked for.
pub(crate) struct Request {
    pub(crate) target: String,
    head: Vec<String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.iter().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// What is answered.
pub(crate) enum Reply {
    /// A status and a body.
    Plain(u16, String),
    /// A redirect.
    Leads(String),
    /// An answer that ends after half of the body.
    Cut(String),
    /// Nothing, until the other side goes away.
    Silence,
}

/// Answers every request at `address` by `answer`; gives the URL. `seen` is told of connections.
pub(crate) fn listen(
    address: &str,
    tls: Option<Arc<ServerConfig>>,
    answer: impl Fn(Option<&Request>) -> Reply + Clone + Send + 'static,
) -> String {
    let listener = TcpListener::bind(address).expect("an address for the stand-in");
    let port = listener.local_addr().expect("it is bound").port();
    let scheme = if tls.is_some() { "https" } else { "http" };
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let (answer, tls) = (answer.clone(), tls.clone());
            // A connection without a request counts, too.
            answer(None);
            thread::spawn(move || talk(stream, tls, answer));
        }
    });
    format!("{scheme}://localhost:{port}")
}

fn talk(
    stream: TcpStream,
    tls: Option<Arc<ServerConfig>>,
    answer: impl Fn(Option<&Request>) -> Reply,
) {
    match tls {
        None => exchange(stream, answer),
        Some(config) => {
            let connection = ServerConnection::new(config).expect("a TLS configuration");
            exchange(StreamOwned::new(connection, stream), answer);
        }
    }
}

fn exchange(stream: impl Read + Write, answer: impl Fn(Option<&Request>) -> Reply) {
    let mut stream = BufReader::new(stream);
    let Some(request) = read(&mut stream) else { return };
    let (status, more, body) = match answer(Some(&request)) {
        Reply::Plain(status, body) => (status, String::new(), body),
        Reply::Leads(to) => (307, format!("location: {to}\r\n"), String::new()),
        Reply::Cut(body) => {
            let length = body.len();
            let head = format!("HTTP/1.1 200 X\r\ncontent-length: {length}\r\n\r\n");
            let half = &body.as_bytes()[..length / 2];
            let _ = stream.get_mut().write_all(&[head.as_bytes(), half].concat());
            return;
        }
        Reply::Silence => {
            let _ = stream.read(&mut [0]);
            return;
        }
    };
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n");
    let text = format!("{head}{more}\r\n{body}");
    let stream = stream.get_mut();
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.flush());
}

fn read(stream: &mut impl BufRead) -> Option<Request> {
    let mut head = Vec::new();
    loop {
        let mut line = String::new();
        match stream.read_line(&mut line) {
            Ok(read) if read > 2 => head.push(line.trim_end().to_owned()),
            Ok(read) if read > 0 => break,
            _ => return None,
        }
    }
    let target = head.first()?.split(' ').nth(1)?.to_owned();
    let mut request = Request { target, head, body: Vec::new() };
    let length = request.header("content-length").and_then(|text| text.parse().ok());
    request.body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut request.body).ok()?;
    Some(request)
}
