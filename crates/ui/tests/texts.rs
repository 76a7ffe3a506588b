//! What is said: everything in English and French, nothing outside the catalogues, nothing unused.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use regex::Regex;
use ui::{Language, Texts};

fn room() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder with this ending, with what is in them.
fn files(folder: &Path, ending: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    for entry in entries {
        let path = entry.expect("an entry of the folder").path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|it| it == ending) {
            let text = fs::read_to_string(&path).expect("a text file");
            found.push((path, text));
        }
    }
    found
}

/// Each key of a language, with the values that stand in its text.
fn keys(language: Language) -> BTreeMap<String, BTreeSet<String>> {
    let key = Regex::new(r"^([a-z][a-z0-9-]*) =").expect("an expression");
    let value = Regex::new(r"\$([a-z_]+)").expect("an expression");
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in files(&room().join("locales").join(language.tag()), "ftl") {
        let mut current = String::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            if let Some(name) = key.captures(line) {
                current = name[1].to_owned();
                let is_new = found.insert(current.clone(), BTreeSet::new()).is_none();
                assert!(is_new, "{current} stands twice, the second time in {path:?}");
            }
            let values = value.captures_iter(line).map(|value| value[1].to_owned());
            if let Some(known) = found.get_mut(&current) {
                known.extend(values);
            }
        }
    }
    found
}

/// Templates, and the sources of pages here and in the server.
fn sources() -> Vec<(PathBuf, String)> {
    let server = room().join("../server/src/people/ui");
    let mut all = files(&room().join("templates"), "html");
    all.extend(files(&room().join("src"), "rs"));
    all.extend(files(&server, "rs"));
    all
}

#[test]
fn french_says_all_that_english_says() {
    let (english, french) = (keys(Language::English), keys(Language::French));
    assert!(english.len() > 100, "the catalogue was not found");
    assert_eq!(english, french);
}

#[test]
fn other_languages_say_nothing_of_their_own() {
    let english = keys(Language::English);
    for language in [Language::Portuguese, Language::Swahili] {
        for (key, values) in keys(language) {
            assert_eq!(english.get(&key), Some(&values), "{language:?} {key}");
        }
    }
}

#[test]
fn every_text_is_said_somewhere_and_every_key_has_a_text() {
    let english = keys(Language::English);
    let sources = sources();
    let literal = Regex::new(r#""([a-z]+(?:-[a-z0-9]+)*)""#).expect("an expression");
    let named: BTreeSet<&str> = sources
        .iter()
        .flat_map(|(_, text)| literal.captures_iter(text))
        .map(|found| found.get(1).expect("the group").as_str())
        .collect();
    let unused: Vec<_> = english
        .keys()
        .filter(|key| !key.starts_with("month-") && !named.contains(key.as_str()))
        .collect();
    assert!(unused.is_empty(), "texts that nothing says: {unused:?}");
    let said = Regex::new(r#"(?:\.say|\.with)\(\s*"([^"]+)""#).expect("an expression");
    for (path, text) in &sources {
        let text = text.split("#[cfg(test)]").next().expect("the first part");
        for found in said.captures_iter(text) {
            assert!(english.contains_key(&found[1]), "{path:?} says {}", &found[1]);
        }
    }
}

#[test]
fn templates_have_no_words_of_their_own() {
    for (path, text) in files(&room().join("templates"), "html") {
        let found = bare(&text);
        assert!(found.is_empty(), "{path:?} has words outside the catalogues: {found:?}");
    }
    for bad in ["<p>Hello</p>", r#"<a title="Go">→</a>"#, r#"<input placeholder="Name">"#] {
        assert!(!bare(bad).is_empty(), "nothing found in {bad}");
    }
    assert!(
        bare("<p class=\"muted\">{{ frame.say(\"name\") }}: · <kbd dir=\"ltr\">g m</kbd>")
            .is_empty()
    );
}

/// Words that people would read and that no catalogue has. Names of products, keys and columns are
/// the same in every language.
fn bare(text: &str) -> Vec<String> {
    let strip = |text: &str, what: &str| {
        Regex::new(what).expect("an expression").replace_all(text, " ").into_owned()
    };
    let plain = strip(text, r"(?s)\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}");
    let read = Regex::new(r#"(?:title|alt|placeholder|aria-label)="([^"]*)""#);
    let read = read.expect("an expression");
    let mut words: Vec<String> = read.captures_iter(&plain).map(|it| it[1].to_owned()).collect();
    let plain = strip(&plain, r"(?s)<kbd[^>]*>.*?</kbd>|<[^>]*>|\bOpenCR\b|>[AB]<");
    words.extend(plain.split_whitespace().map(str::to_owned));
    words.retain(|word| word.chars().any(char::is_alphabetic) && word != "A" && word != "B");
    words
}

#[test]
fn nothing_in_templates_needs_a_weaker_policy() {
    let bad = Regex::new(
        r#"(?i)<style|\sstyle=|\son[a-z]+=|<script>|javascript:|\|\s*safe|hx-on|\bjs:|https?://"#,
    );
    let bad = bad.expect("an expression");
    for (path, text) in files(&room().join("templates"), "html") {
        assert!(!bad.is_match(&text), "{path:?}: {:?}", bad.find(&text).map(|it| it.as_str()));
    }
    for sample in ["<p style=\"x\">", "<a onclick=\"x\">", "{{ name|safe }}", "<script>x"] {
        assert!(bad.is_match(sample), "{sample}");
    }
}

#[test]
fn styles_have_a_direction_only_where_it_does_not_matter() {
    let physical = Regex::new(
        r"(?m)(?:margin|padding|border)-(?:left|right)|(?:^|[\s;{])(?:left|right|float)\s*:|text-align:\s*(?:left|right)",
    )
    .expect("an expression");
    for (path, text) in files(&room().join("assets/css"), "css") {
        assert!(!physical.is_match(&text), "{path:?}: {:?}", physical.find(&text));
    }
}

#[test]
fn plurals_follow_the_language() {
    let said = |language, count: u64| {
        Texts::of(language).with("fault-often-text", &[("count", count.into())])
    };
    assert!(said(Language::English, 1).contains("one second"));
    assert!(said(Language::English, 0).contains("seconds"));
    assert!(said(Language::French, 0).contains("une seconde"), "none is singular in French");
    assert!(said(Language::French, 2).contains("secondes"));
}
