//! Styles, scripts and the icon, under names that change with their content.
//!
//! All styles are one file and all scripts of ours another, put together from the folders in order
//! of name, so that a page needs few requests and a new part no list.

use std::sync::LazyLock;

use rust_embed::RustEmbed;
use sha2::{Digest, Sha256};

#[derive(RustEmbed)]
#[folder = "assets"]
struct Files;

/// One file that browsers may keep for ever.
pub struct Asset {
    /// What templates call it, such as `app.css`.
    pub plain_name: &'static str,
    /// What its address ends with, such as `app.0123456789ab.css`.
    pub name: String,
    /// Its media type.
    pub kind: &'static str,
    /// What is in it.
    pub bytes: Vec<u8>,
}

static ASSETS: LazyLock<[Asset; 4]> = LazyLock::new(|| {
    [
        made("app.css", "text/css; charset=utf-8", joined("css/")),
        made("app.js", "text/javascript; charset=utf-8", slim(&joined("js/"))),
        made("htmx.js", "text/javascript; charset=utf-8", joined("vendor/htmx.min.js")),
        made("icon.svg", "image/svg+xml", joined("icon.svg")),
    ]
});

/// The file whose address ends with `name`.
pub fn asset(name: &str) -> Option<&'static Asset> {
    ASSETS.iter().find(|asset| asset.name == name)
}

/// What the address of the file called `plain_name` ends with.
///
/// # Panics
///
/// If there is no such file.
pub(crate) fn name_of(plain_name: &str) -> &'static str {
    let asset = ASSETS.iter().find(|asset| asset.plain_name == plain_name);
    &asset.expect("templates name files that exist").name
}

fn joined(prefix: &str) -> Vec<u8> {
    let mut paths: Vec<_> = Files::iter().filter(|path| path.starts_with(prefix)).collect();
    paths.sort();
    let files = paths.iter().filter_map(|path| Files::get(path));
    files.flat_map(|file| file.data.into_owned()).collect()
}

/// Our script without indentation and comments, which begin a line. The line ends stay, so that nothing changes its meaning;
/// the rest is the server's compression.
fn slim(script: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(script);
    let (mut slim, mut is_comment) = (String::new(), false);
    for line in text.lines().map(str::trim) {
        is_comment |= line.starts_with("/*");
        if !is_comment && !line.is_empty() {
            slim.push_str(line);
            slim.push('\n');
        }
        is_comment &= !line.ends_with("*/");
    }
    slim.into_bytes()
}

fn made(plain_name: &'static str, kind: &'static str, bytes: Vec<u8>) -> Asset {
    let digest = Sha256::digest(&bytes);
    let hash: String = digest.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let (stem, ending) = plain_name.rsplit_once('.').expect("names of files have an ending");
    Asset { plain_name, name: format!("{stem}.{hash}.{ending}"), kind, bytes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn script_is_sent_without_comments() {
        let script = b"/* What.\n   Why. */\n(function () {\n\n  var a = 1; /* kept */\n  /* gone */\n})();\n";
        assert_eq!(slim(script), b"(function () {\nvar a = 1; /* kept */\n})();\n");
        let sent = String::from_utf8(slim(&joined("js/"))).unwrap();
        assert!(
            sent.contains("addEventListener('keydown'")
                && !sent.lines().any(|it| it.starts_with("/*"))
        );
    }

    #[test]
    fn files_are_found_by_their_hashed_names_only() {
        for asset in ASSETS.iter() {
            assert!(!asset.bytes.is_empty(), "{}", asset.plain_name);
            assert!(super::asset(&asset.name).is_some());
            assert!(super::asset(asset.plain_name).is_none());
        }
        assert_eq!(name_of("app.css").len(), "app.0123456789ab.css".len());
    }

    #[test]
    fn vendored_script_is_the_one_that_was_looked_at() {
        let bytes = Files::get("vendor/htmx.min.js").unwrap().data;
        let digest: String = Sha256::digest(&bytes).iter().map(|b| format!("{b:02x}")).collect();
        assert_eq!(digest, include_str!("../assets/vendor/htmx.sha256").trim());
    }
}
