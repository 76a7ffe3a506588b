//! The token that every form carries: it proves that a page of ours, shown to this browser, made
//! the form.
//!
//! HMAC-SHA-256 under the browser's own secret cookie, so nothing is kept for it. In each page it
//! looks different (it is xored with random bytes that precede it), since pages are compressed,
//! and what is compressed together can be guessed (BREACH, <https://breachattack.com>).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use chacha20poly1305::aead::{OsRng, rand_core::RngCore};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Bytes of the code.
const CODE_BYTES: usize = 32;

/// A token for a form in a page of the browser with this secret.
pub(super) fn make(secret: &str) -> String {
    let mut bytes = [0; 2 * CODE_BYTES];
    OsRng.fill_bytes(&mut bytes[..CODE_BYTES]);
    let code = code(secret).finalize().into_bytes();
    for at in 0..CODE_BYTES {
        bytes[CODE_BYTES + at] = bytes[at] ^ code[at];
    }
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Whether a token was made for the browser with this secret.
pub(super) fn fits(secret: &str, token: &str) -> bool {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(token) else { return false };
    let Ok(bytes) = <[u8; 2 * CODE_BYTES]>::try_from(bytes) else { return false };
    let (mask, masked) = bytes.split_at(CODE_BYTES);
    let told: Vec<u8> = mask.iter().zip(masked).map(|(a, b)| a ^ b).collect();
    // `verify_slice` compares in constant time.
    !secret.is_empty() && code(secret).verify_slice(&told).is_ok()
}

/// A secret for a browser that has none.
pub(super) fn fresh_secret() -> String {
    let mut bytes = [0; 24];
    OsRng.fill_bytes(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn code(secret: &str) -> Hmac<Sha256> {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any length will do");
    mac.chain_update(b"opencr form 1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_fits_its_own_browser_only_and_is_never_the_same() {
        let (one, two) = (make("secret"), make("secret"));
        assert_ne!(one, two);
        assert!(fits("secret", &one) && fits("secret", &two));
        assert!(!fits("another", &one));
        let mut broken = one.clone().into_bytes();
        broken[50] = if broken[50] == b'A' { b'B' } else { b'A' };
        for bad in ["", "AAAA", std::str::from_utf8(&broken).unwrap(), "ä", &one[1..]] {
            assert!(!fits("secret", bad), "{bad}");
        }
        assert!(!fits("", &make("")), "without a secret nothing is proved");
    }
}
