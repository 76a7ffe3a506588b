//! Copies of a registry: equal to it, whatever was decided, and as alive.

use pipeline::{
    moving::{Loader, MovingError, Teller, compare, copy},
    verify::verify,
};
use proptest::prelude::*;
use registry::{
    account::{Account, AccountName, AccountStatus, PasswordHash, Role, TokenKey},
    audit::{Act, AuditEntry, AuditHead, Who},
    ids::{AccountId, Revision, Timestamp},
    vocabulary::Vocabulary,
};
use store::{Opened, open_all};

use crate::{
    harness::{AMINA, BRIAN, LIKE_AMINA, Registry},
    property::{SOURCES, Step, config, decision, person, step},
};

async fn memory() -> Opened {
    open_all("memory:").await.expect("memory opens")
}

async fn copied(from: &Opened, to: &Opened) {
    copy(from, to, &Vocabulary::default(), &mut |_, _| {}).await.expect("it is copied");
}

/// What differs, at most three.
async fn differences(a: &Opened, b: &Opened) -> Vec<String> {
    let found = compare(a, b, 3, &mut |_| {}).await.expect("both are read");
    assert_eq!(found.is_equal(), found.differences.is_empty());
    found.differences.iter().map(ToString::to_string).collect()
}

async fn assert_equal(a: &Opened, b: &Opened) {
    assert_eq!(differences(a, b).await, Vec::<String>::new());
    let report = verify(&*b.store, &Vocabulary::default(), &mut |_| {}).await.expect("it reads");
    assert_eq!(report.findings, Vec::<String>::new());
}

/// Loads the first `count` events of `from`, as a copy that is broken off.
async fn begin(from: &Opened, to: &Opened, count: usize) {
    let vocabulary = Vocabulary::default();
    let mut loader = Loader::new(&*to.store, &vocabulary).await.expect("it reads");
    let mut teller = Teller::new(&*from.store, Revision(0)).await.expect("it reads");
    let page = teller.next().await.expect("it reads");
    for (number, told) in page.into_iter().take(count).enumerate() {
        loader.add(told).await.expect("it loads");
        if number % 7 == 6 {
            loader.finish().await.expect("it loads");
        }
    }
}

async fn live(steps: Vec<Step>, cut: usize) {
    let first = memory().await;
    let registry = Registry::on(first.store.clone()).await;
    let mut decided: Vec<Revision> = Vec::new();
    for step in steps {
        if let Some(adjudication) = decision(&registry, &step, &decided).await {
            let judged = registry.judge(adjudication).await;
            decided.extend(judged.ok().and_then(|verdict| verdict.event));
        }
    }
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite:{}", folder.path().join("copy.sqlite").display());
    let second = open_all(&url).await.expect("it opens");
    begin(&first, &second, cut).await;
    copied(&first, &second).await;
    assert_equal(&first, &second).await;
    let third = memory().await;
    copied(&second, &third).await;
    assert_equal(&first, &third).await;

    // What was decided before can be taken back in a copy as in the original.
    let other = Registry::on(second.store.clone()).await;
    for event in decided.iter().rev().take(4) {
        let undone = registry.undo(*event).await.map(|_| ()).map_err(|error| error.to_string());
        let also = other.undo(*event).await.map(|_| ()).map_err(|error| error.to_string());
        assert_eq!(undone, also);
        assert_eq!(registry.facts().await, other.facts().await);
        other.check().await;
    }
    registry.pipeline.stop().await;
    other.pipeline.stop().await;
    second.store.close().await;
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn copies_are_equal_and_go_on_as_the_original_would(
        persons in prop::collection::vec(person(), SOURCES.len()),
        steps in prop::collection::vec(step(), 5..40),
        cut in 0..60usize
    ) {
        let submissions = persons.into_iter().enumerate();
        let submissions = submissions.map(|(source, of)| Step::Submit { source, of });
        let steps: Vec<Step> = submissions.chain(steps).collect();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(live(steps, cut));
    }
}

async fn registry_of(persons: &[(&str, [&str; 4])]) -> Opened {
    let opened = memory().await;
    let registry = Registry::on(opened.store.clone()).await;
    for (source, of) in persons {
        registry.submit(source, *of).await;
    }
    registry.pipeline.stop().await;
    opened
}

#[tokio::test(flavor = "multi_thread")]
async fn store_of_another_registry_is_no_target() {
    let from = registry_of(&[("a", AMINA), ("b", LIKE_AMINA)]).await;
    let other = registry_of(&[("a", BRIAN)]).await;
    let refused = copy(&from, &other, &Vocabulary::default(), &mut |_, _| {}).await;
    assert!(matches!(refused, Err(MovingError::Foreign(_))), "{refused:?}");
    let longer = registry_of(&[("a", AMINA), ("b", LIKE_AMINA), ("c", BRIAN)]).await;
    let refused = copy(&from, &longer, &Vocabulary::default(), &mut |_, _| {}).await;
    assert!(matches!(refused, Err(MovingError::Foreign(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn differences_are_told_by_kind_and_name() {
    let from = registry_of(&[("a", AMINA), ("b", LIKE_AMINA)]).await;
    let less = registry_of(&[("a", AMINA)]).await;
    let found = compare(&from, &less, 2, &mut |_| {}).await.unwrap();
    assert!(found.total > 2 && found.differences.len() == 2, "{found:?}");
    assert_eq!(found.differences[0].to_string(), "event 2: only in the first");
    let all = compare(&less, &from, 100, &mut |_| {}).await.unwrap();
    let all: Vec<String> = all.differences.iter().map(ToString::to_string).collect();
    assert!(all.contains(&"record b: only in the second".to_owned()), "{all:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn altered_events_and_texts_are_not_loaded() {
    let from = registry_of(&[("a", AMINA), ("b", LIKE_AMINA)]).await;
    let vocabulary = Vocabulary::default();
    for alter in [0, 1, 2, 3] {
        let to = memory().await;
        let mut loader = Loader::new(&*to.store, &vocabulary).await.unwrap();
        let mut page = Teller::new(&*from.store, Revision(0)).await.unwrap().next().await.unwrap();
        match alter {
            0 => page[1].contents[0] = page[1].contents[0].replace("Amina", "Amira"),
            1 => page[1].explanations.clear(),
            2 => page[1].body = page[1].body.replace("openmrs", "openmrz"),
            _ => drop(page.remove(0)),
        }
        let mut failed = false;
        for told in page {
            failed |= loader.add(told).await.is_err();
        }
        failed |= loader.finish().await.is_err();
        assert!(failed, "{alter}");
        assert_eq!(to.store.head().await.unwrap().revision, Revision(0), "nothing is written");
    }
}

fn account(name: &str, role: Role) -> Account {
    Account {
        id: AccountId::new(format!("id-{name}")),
        username: name.to_owned(),
        name: AccountName { first: "Ada".to_owned(), ..AccountName::default() },
        role,
        status: AccountStatus::Active,
        created_at: Timestamp(7),
        password: PasswordHash::new("$argon2id$made-up"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn accounts_keys_and_a_cut_audit_log_are_copied_and_followed() {
    let from = registry_of(&[("a", AMINA)]).await;
    let mut head = AuditHead::start();
    let mut entry = |at| head.append(Timestamp(at), AuditEntry::new(Act::Read, Who::default()));
    let entries = vec![entry(1), entry(2), entry(3)];
    from.store.append_audit(entries).await.unwrap();
    assert_eq!(from.store.cut_audit(Timestamp(2)).await.unwrap(), 1);
    from.accounts.add_account(&account("ada", Role::Admin)).await.unwrap();
    from.accounts.add_account(&account("joe", Role::Steward)).await.unwrap();
    let key = TokenKey { id: "k".to_owned(), secret: [7; 32], created_at: Timestamp(1) };
    from.accounts.add_token_key(&key, Timestamp(0)).await.unwrap();

    let to = memory().await;
    copied(&from, &to).await;
    assert_equal(&from, &to).await;

    let joe = account("joe", Role::Steward);
    from.accounts.set_password(&joe.id, &PasswordHash::new("$other"), None).await.unwrap();
    from.store.append_audit(vec![entry(4)]).await.unwrap();
    let told = differences(&from, &to).await;
    assert_eq!(
        told,
        [
            "audit log 4: begins or ends elsewhere",
            "audit entry 4: only in the first",
            "account id-joe: differs"
        ]
    );
    copied(&from, &to).await;
    assert_equal(&from, &to).await;
}
