//! `opencr link` with native rules: what guards keep apart.

use std::fs;

use serde_json::Value;

use crate::commands::{check, folder_with};

const RULES: &str = include_str!("../../../../config/rules.toml");

/// b is a by its identifier; c is b by name, birth date and telephone, and has another sex than
/// a. d and e share nothing but an identifier.
const PEOPLE: &str = "\
rec_id,given_name,surname,sex,date_of_birth,phone,national_id
a,Mercy,Achieng,m,1988-03-14,,A12345
b,Grace,Wanjiru,,1988-03-14,0712345678,A12345
c,Grace,Wanjiru,f,1988-03-14,0712345678,
d,Peter,Mukasa,m,1950-11-30,0799999999,B98765
e,Faith,Otieno,f,1971-01-20,0733111222,B98765
";

#[test]
fn link_keeps_whoever_contradicts_a_golden_record_for_a_person() {
    let folder = folder_with(&[("people.csv", PEOPLE), ("rules.toml", RULES)]);
    let arguments = ["link", "people.csv", "--rules", "rules.toml", "--json", "--out", "out.csv"];
    let found: Value = serde_json::from_str(&check(folder.path(), &arguments)).unwrap();
    assert_eq!(found["persons"], 4, "{found}");
    assert_eq!(found["auto_pairs"], 1, "{found}");
    assert_eq!(found["potential_pairs"], 2, "{found}");
    let out = fs::read_to_string(folder.path().join("out.csv")).unwrap();
    let cruids: Vec<&str> =
        out.lines().skip(1).map(|line| line.rsplit(',').next().unwrap()).collect();
    assert_eq!(cruids[0], cruids[1]);
    assert_ne!(cruids[1], cruids[2]);
    assert_ne!(cruids[3], cruids[4]);
}

#[test]
fn show_tells_the_guards_of_golden_records() {
    let folder = folder_with(&[("rules.toml", RULES)]);
    let told = check(folder.path(), &["rules", "show", "rules.toml"]);
    assert!(told.contains("does not join a golden record without a person if:"), "{told}");
    assert!(told.contains("- contradicting sex: one of its records has another sex"), "{told}");
    check(folder.path(), &["rules", "check", "--strict", "rules.toml"]);
}
