//! The text of a key: `rf_live_<id>_<secret>_<checksum>`, made, taken apart and hashed.
//!
//! The prefix is for scanners that look for leaked secrets, the id finds the row, the checksum
//! refuses a typo before the database is asked, and only the secret is secret: 256 random bits.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const PREFIX: &str = "rf_live_";
const ID_CHARS: usize = 8;
/// 62^43 is just above 2^256.
const SECRET_CHARS: usize = 43;
/// 62^6 is above 2^32.
const CHECKSUM_CHARS: usize = 6;
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// A key's text taken apart; its checksum held.
pub(crate) struct KeyText<'a> {
    pub(crate) id: &'a str,
    pub(crate) secret: &'a str,
}

/// Takes a key's text apart, or `None` if its shape or checksum is wrong.
pub(crate) fn parse(text: &str) -> Option<KeyText<'_>> {
    let (checked, checksum) = text.rsplit_once('_')?;
    let (id, secret) = checked.strip_prefix(PREFIX)?.split_once('_')?;
    let shaped =
        is_base62(id, ID_CHARS) && is_base62(secret, SECRET_CHARS) && is_base62(checksum, CHECKSUM_CHARS);
    (shaped && checksum_of(checked) == checksum).then_some(KeyText { id, secret })
}

/// Writes a key's text.
pub(crate) fn write(id: &str, secret: &str) -> String {
    let checked = format!("{PREFIX}{id}_{secret}");
    let checksum = checksum_of(&checked);
    format!("{checked}_{checksum}")
}

/// An id from random bytes. 62^8 ids make 47.6 bits, so 8 bytes are enough.
pub(crate) fn id_from(random: [u8; 8]) -> String {
    base62(&random, ID_CHARS)
}

/// A secret from random bytes; different bytes give different text.
pub(crate) fn secret_from(random: [u8; 32]) -> String {
    base62(&random, SECRET_CHARS)
}

/// What is stored in place of a secret.
pub(crate) fn hash(pepper: &[u8], secret: &str) -> [u8; 32] {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(pepper).expect("HMAC takes a key of any length");
    mac.update(secret.as_bytes());
    mac.finalize().into_bytes().into()
}

fn checksum_of(text: &str) -> String {
    base62(&crc32fast::hash(text.as_bytes()).to_be_bytes(), CHECKSUM_CHARS)
}

fn is_base62(text: &str, chars: usize) -> bool {
    text.len() == chars && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// The last `chars` digits of a big-endian number in base 62, by long division.
fn base62(number: &[u8], chars: usize) -> String {
    let mut number = number.to_vec();
    let mut digits = vec![b'0'; chars];
    for digit in digits.iter_mut().rev() {
        let mut remainder = 0_usize;
        for byte in &mut number {
            let value = remainder * 256 + usize::from(*byte);
            // A remainder below 62 keeps the quotient below 256.
            *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
            remainder = value % 62;
        }
        *digit = DIGITS[remainder];
    }
    digits.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_the_promised_shape_and_is_taken_apart_again() {
        let text = write(&id_from([7; 8]), &secret_from([255; 32]));
        assert_eq!(text.len(), 8 + 8 + 1 + 43 + 1 + 6);
        let key = parse(&text).unwrap();
        assert_eq!((key.id, key.secret), (id_from([7; 8]).as_str(), secret_from([255; 32]).as_str()));
    }

    #[test]
    fn numbers_are_written_in_base_62() {
        assert_eq!(base62(&[61], 3), "00z");
        assert_eq!(base62(&[62], 3), "010");
        assert_eq!(base62(&u32::MAX.to_be_bytes(), 6), "4gfFC3");
    }

    #[test]
    fn every_single_typo_is_caught() {
        let text = write(&id_from([1; 8]), &secret_from([2; 32]));
        for at in 0..text.len() {
            for typo in [b'x', b'0', b'_', b' ', 0xFF] {
                let mut bytes = text.clone().into_bytes();
                if bytes[at] == typo {
                    continue;
                }
                bytes[at] = typo;
                let typo = String::from_utf8_lossy(&bytes);
                assert!(parse(&typo).is_none(), "{typo}");
            }
        }
    }

    #[test]
    fn hostile_text_is_refused() {
        for text in ["", "_", "rf_live_", "rf_live____", "rf_live_é_é_é", &"_".repeat(10_000)] {
            assert!(parse(text).is_none(), "{text}");
        }
    }
}
