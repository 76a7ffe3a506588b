//! Check digits of identifiers: whether a number can be one at all.
//!
//! A value that fails was mistyped or made up, so that it is no evidence of who somebody is. The
//! functions are a few lines each and the sources short, so there is no library for them.

use serde::{Deserialize, Serialize};

/// How the last characters of an identifier follow from the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckDigit {
    /// ISO/IEC 7812-1, annex B: every second digit doubled, sum divisible by 10.
    Luhn,
    /// Verhoeff (1969), "Error Detecting Decimal Codes"; India's Aadhaar.
    Verhoeff,
    /// Damm (2004), "Total anti-symmetrische Quasigruppen".
    Damm,
    /// ISO/IEC 7064, MOD 11-2: digits, the last one may be X; ORCID, China's identity number.
    #[serde(rename = "iso-7064-mod-11-2")]
    Mod11Radix2,
    /// ISO/IEC 7064, MOD 11,10: digits; Croatia's OIB, Germany's tax number.
    #[serde(rename = "iso-7064-mod-11-10")]
    Mod11Then10,
    /// ISO/IEC 7064, MOD 97-10: digits, letters count from 10; the last two are check digits.
    #[serde(rename = "iso-7064-mod-97-10")]
    Mod97Radix10,
    /// England's NHS number: ten digits, weights from 10 to 2, modulo 11.
    Nhs,
}

impl CheckDigit {
    /// Whether an identifier that was prepared as one (letters and digits) can be right.
    pub fn holds(self, value: &str) -> bool {
        match self {
            CheckDigit::Luhn => digits(value).is_some_and(|digits| luhn(&digits)),
            CheckDigit::Verhoeff => digits(value).is_some_and(|digits| verhoeff(&digits)),
            CheckDigit::Damm => digits(value).is_some_and(|digits| damm(&digits)),
            CheckDigit::Mod11Radix2 => mod_11_2(value),
            CheckDigit::Mod11Then10 => digits(value).is_some_and(|digits| mod_11_10(&digits)),
            CheckDigit::Mod97Radix10 => mod_97_10(value),
            CheckDigit::Nhs => digits(value).is_some_and(|digits| nhs(&digits)),
        }
    }
}

/// At least two digits and nothing else.
fn digits(value: &str) -> Option<Vec<u32>> {
    let digits: Option<Vec<u32>> = value.chars().map(|c| c.to_digit(10)).collect();
    digits.filter(|digits| digits.len() >= 2)
}

fn luhn(digits: &[u32]) -> bool {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let from_right = digits.iter().rev().enumerate();
    let sum: u32 =
        from_right.map(|(at, digit)| if at % 2 == 1 { doubled(*digit) } else { *digit }).sum();
    sum.is_multiple_of(10)
}

/// The dihedral group of the pentagon: 0 to 4 are rotations, 5 to 9 reflections.
fn turned(one: u32, other: u32) -> u32 {
    match (one < 5, other < 5) {
        (true, true) => (one + other) % 5,
        (true, false) => (one + other) % 5 + 5,
        (false, true) => (one + 5 - other) % 5 + 5,
        (false, false) => (one + 5 - other) % 5,
    }
}

/// Verhoeff's permutation, applied once more at each place from the right.
const PERMUTATION: [u32; 10] = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4];

fn verhoeff(digits: &[u32]) -> bool {
    let permuted = |digit: u32, times: usize| {
        // The permutation is the identity again after eight steps.
        (0..times % 8).fold(digit, |digit, _| PERMUTATION[digit as usize])
    };
    let from_right = digits.iter().rev().enumerate();
    from_right.fold(0, |sum, (at, digit)| turned(sum, permuted(*digit, at))) == 0
}

/// Damm's quasigroup of order 10.
const QUASIGROUP: [[u32; 10]; 10] = [
    [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
    [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
    [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
    [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
    [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
    [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
    [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
    [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
    [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
    [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
];

fn damm(digits: &[u32]) -> bool {
    digits.iter().fold(0, |row, digit| QUASIGROUP[row as usize][*digit as usize]) == 0
}

fn mod_11_2(value: &str) -> bool {
    let Some((payload, check)) = value.split_at_checked(value.len().saturating_sub(1)) else {
        return false;
    };
    let check = if check == "X" { Some(10) } else { check.parse::<u32>().ok() };
    let payload: Option<Vec<u32>> = payload.chars().map(|c| c.to_digit(10)).collect();
    let (Some(payload), Some(check)) = (payload.filter(|digits| !digits.is_empty()), check) else {
        return false;
    };
    let product = payload.iter().fold(0, |product, digit| (product + digit) * 2 % 11);
    (product + check) % 11 == 1
}

fn mod_11_10(digits: &[u32]) -> bool {
    let Some((check, payload)) = digits.split_last() else { return false };
    let product = payload.iter().fold(10, |product, digit| {
        let sum = (product + digit) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    (product + check) % 10 == 1
}

fn mod_97_10(value: &str) -> bool {
    let is_long_enough = value.len() > 2;
    let rest = value.chars().try_fold(0, |rest, c| {
        let number = c.to_digit(36)?;
        Some(if number < 10 { (rest * 10 + number) % 97 } else { (rest * 100 + number) % 97 })
    });
    is_long_enough && rest == Some(1)
}

fn nhs(digits: &[u32]) -> bool {
    let weighted = digits.iter().zip((1..=10).rev()).map(|(digit, weight)| digit * weight);
    // The check digit has weight 1; a remainder that would need the digit 10 is never issued.
    digits.len() == 10 && weighted.sum::<u32>().is_multiple_of(11)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ALL: [(CheckDigit, &[&str]); 7] = [
        // The sources' own examples, and numbers that their owners published.
        (CheckDigit::Luhn, &["79927398713", "18"]),
        (CheckDigit::Verhoeff, &["2363", "1428570", "123451"]),
        (CheckDigit::Damm, &["5724", "112946"]),
        (CheckDigit::Mod11Radix2, &["0000000218250097", "000000021694233X", "07940"]),
        (CheckDigit::Mod11Then10, &["07945", "69435151530", "86095742719"]),
        (CheckDigit::Mod97Radix10, &["79444", "5493001KJTIIGC8Y1R12"]),
        (CheckDigit::Nhs, &["9434765919", "4010232137"]),
    ];

    #[test]
    fn published_numbers_hold() {
        for (check, values) in ALL {
            for value in values {
                assert!(check.holds(value), "{check:?} {value}");
            }
        }
    }

    #[test]
    fn one_wrong_digit_is_found() {
        for (check, values) in ALL {
            for value in values {
                for at in 0..value.len() {
                    let wrong = |digit: char| {
                        let mut wrong: Vec<char> = value.chars().collect();
                        wrong[at] = digit;
                        wrong.into_iter().collect::<String>()
                    };
                    let was = value.as_bytes()[at] as char;
                    let others = ('0'..='9').filter(|digit| was.is_ascii_digit() && *digit != was);
                    for other in others.map(wrong) {
                        assert!(!check.holds(&other), "{check:?} {value} and {other}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_number_of_the_kind_does_not_hold() {
        for (check, _) in ALL {
            for value in ["", "0", "X", "A12-4", "Ärzte", "１２３４", "943476591", "94347659190x"]
            {
                assert!(!check.holds(value), "{check:?} {value}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn any_number_has_one_last_digit_at_most(payload in "[0-9]{1,40}") {
            for (check, _) in ALL.iter().filter(|(check, _)| *check != CheckDigit::Mod97Radix10) {
                let right = (0..10).filter(|digit| check.holds(&format!("{payload}{digit}")));
                prop_assert!(right.count() <= 1);
            }
        }

        #[test]
        fn any_text_is_answered(text in "\\PC{0,40}") {
            for (check, _) in ALL {
                check.holds(&text);
            }
        }
    }
}
