//! People who sign in: their accounts, attempts, sessions and keys.

use std::sync::Arc;

use registry::{
    account::{
        Account, AccountChange, AccountName, AccountStatus, PasswordHash, Role, Session, TokenKey,
    },
    ids::{AccountId, SessionId, Timestamp},
};
use store::{Accounts, AttemptLimit, Changed, SESSIONS_MAX, Window};

use crate::{contract, view::ALL};

contract![
    account_is_found_as_it_was_added,
    taken_name_and_taken_id_are_refused,
    only_the_first_account_is_the_first,
    accounts_come_in_order_of_name,
    changed_names_end_no_session,
    preferences_are_kept_with_their_account,
    changed_role_or_status_ends_all_sessions,
    last_active_administrator_stays,
    new_password_ends_the_other_sessions,
    too_many_failures_lock_until_the_lock_is_over,
    attempts_at_once_do_not_pass_under_the_limit,
    right_password_takes_the_count_back,
    rehash_does_not_undo_a_change_of_password,
    session_is_over_when_it_ends_or_expires,
    session_needs_an_active_account_and_its_password,
    oldest_session_gives_way,
    keys_come_newest_first_and_old_ones_go,
    unknown_accounts_change_nothing,
];

fn account(id: &str, username: &str, role: Role) -> Account {
    Account {
        id: AccountId::new(id),
        username: username.to_owned(),
        name: AccountName {
            first: "Made".to_owned(),
            other: "Up To".to_owned(),
            surname: "Öster".to_owned(),
        },
        role,
        status: AccountStatus::Active,
        created_at: Timestamp(7),
        password: PasswordHash::new("hash one"),
    }
}

fn id(text: &str) -> AccountId {
    AccountId::new(text)
}

fn session(id: &str, account: &str, created_at: i64) -> Session {
    Session {
        id: SessionId::new(id),
        account: AccountId::new(account),
        created_at: Timestamp(created_at),
        expires_at: Timestamp(created_at + 100),
    }
}

fn proof() -> PasswordHash {
    PasswordHash::new("hash one")
}

async fn is_in(store: &dyn Accounts, session: &str) -> bool {
    let found = store.account_in_session(&SessionId::new(session), Timestamp(50)).await;
    found.unwrap().is_some()
}

async fn account_is_found_as_it_was_added(store: Arc<dyn Accounts>) {
    let jane = account("a1", "jane", Role::Steward);
    assert!(store.add_account(&jane).await.unwrap());
    assert_eq!(store.account(&id("a1")).await.unwrap(), Some(jane.clone()));
    assert_eq!(store.account_named("jane").await.unwrap(), Some(jane));
    for other in ["Jane", "jan", "jane ", "", "j%", "' OR 1=1 --"] {
        assert_eq!(store.account_named(other).await.unwrap(), None, "{other}");
    }
}

async fn taken_name_and_taken_id_are_refused(store: Arc<dyn Accounts>) {
    assert!(store.add_account(&account("a1", "jane", Role::Viewer)).await.unwrap());
    assert!(!store.add_account(&account("a2", "jane", Role::Admin)).await.unwrap());
    assert!(!store.add_account(&account("a1", "joan", Role::Admin)).await.unwrap());
    let (all, total) = store.accounts(ALL).await.unwrap();
    assert_eq!((all.len(), total, all[0].role), (1, 1, Role::Viewer));
}

async fn only_the_first_account_is_the_first(store: Arc<dyn Accounts>) {
    assert!(store.add_first_account(&account("a1", "root", Role::Admin)).await.unwrap());
    assert!(!store.add_first_account(&account("a2", "toor", Role::Admin)).await.unwrap());
    assert_eq!(store.accounts(ALL).await.unwrap().1, 1);
}

async fn accounts_come_in_order_of_name(store: Arc<dyn Accounts>) {
    for (id, name) in [("a1", "carl"), ("a2", "anna"), ("a3", "bert")] {
        store.add_account(&account(id, name, Role::Viewer)).await.unwrap();
    }
    let names = |accounts: &[Account]| -> Vec<String> {
        accounts.iter().map(|account| account.username.clone()).collect()
    };
    let (all, total) = store.accounts(ALL).await.unwrap();
    assert_eq!((names(&all), total), (vec!["anna".into(), "bert".into(), "carl".into()], 3));
    let (page, total) = store.accounts(Window { offset: 1, limit: 1 }).await.unwrap();
    assert_eq!((names(&page), total), (vec!["bert".to_owned()], 3));
}

fn change(role: Role, status: AccountStatus) -> AccountChange {
    AccountChange { name: AccountName::default(), role, status }
}

async fn changed_names_end_no_session(store: Arc<dyn Accounts>) {
    store.add_account(&account("a1", "jane", Role::Viewer)).await.unwrap();
    store.open_session(&session("s1", "a1", 0), &proof()).await.unwrap();
    let same = change(Role::Viewer, AccountStatus::Active);
    assert_eq!(store.change_account(&id("a1"), &same).await.unwrap(), Changed::Done);
    assert!(is_in(&*store, "s1").await);
    assert_eq!(store.account(&id("a1")).await.unwrap().unwrap().name, AccountName::default());
}

async fn preferences_are_kept_with_their_account(store: Arc<dyn Accounts>) {
    store.add_account(&account("a1", "jane", Role::Viewer)).await.unwrap();
    store.add_account(&account("a2", "joan", Role::Viewer)).await.unwrap();
    assert_eq!(store.preferences(&id("a1")).await.unwrap(), None);
    for words in ["fr.dark.on", "sw.auto.off"] {
        assert!(store.set_preferences(&id("a1"), words).await.unwrap());
        assert_eq!(store.preferences(&id("a1")).await.unwrap().as_deref(), Some(words));
    }
    let same = change(Role::Viewer, AccountStatus::Active);
    store.change_account(&id("a1"), &same).await.unwrap();
    assert!(store.preferences(&id("a1")).await.unwrap().is_some(), "a change keeps them");
    assert_eq!(store.preferences(&id("a2")).await.unwrap(), None);
    assert!(!store.set_preferences(&id("nobody"), "en").await.unwrap());
    assert_eq!(store.preferences(&id("nobody")).await.unwrap(), None);
}

async fn changed_role_or_status_ends_all_sessions(store: Arc<dyn Accounts>) {
    store.add_account(&account("a2", "joan", Role::Viewer)).await.unwrap();
    store.open_session(&session("s2", "a2", 0), &proof()).await.unwrap();
    for (name, changed) in [
        ("role", change(Role::Steward, AccountStatus::Active)),
        ("status", change(Role::Viewer, AccountStatus::Inactive)),
    ] {
        store.add_account(&account(name, name, Role::Viewer)).await.unwrap();
        assert!(store.open_session(&session(name, name, 0), &proof()).await.unwrap());
        assert_eq!(store.change_account(&id(name), &changed).await.unwrap(), Changed::Done);
        assert!(!is_in(&*store, name).await);
        assert!(is_in(&*store, "s2").await);
    }
}

async fn last_active_administrator_stays(store: Arc<dyn Accounts>) {
    store.add_account(&account("a1", "one", Role::Admin)).await.unwrap();
    let mut asleep = account("a2", "two", Role::Admin);
    asleep.status = AccountStatus::Inactive;
    store.add_account(&asleep).await.unwrap();
    store.add_account(&account("a3", "three", Role::Viewer)).await.unwrap();
    for refused in
        [change(Role::Viewer, AccountStatus::Active), change(Role::Admin, AccountStatus::Inactive)]
    {
        let changed = store.change_account(&id("a1"), &refused).await.unwrap();
        assert_eq!(changed, Changed::LastAdmin);
    }
    assert_eq!(store.account(&id("a1")).await.unwrap().unwrap().role, Role::Admin);
    let woken = change(Role::Admin, AccountStatus::Active);
    assert_eq!(store.change_account(&id("a2"), &woken).await.unwrap(), Changed::Done);
    let retired = change(Role::Admin, AccountStatus::Inactive);
    assert_eq!(store.change_account(&id("a1"), &retired).await.unwrap(), Changed::Done);
}

async fn new_password_ends_the_other_sessions(store: Arc<dyn Accounts>) {
    store.add_account(&account("a1", "jane", Role::Viewer)).await.unwrap();
    for session_id in ["s1", "s2", "s3"] {
        store.open_session(&session(session_id, "a1", 0), &proof()).await.unwrap();
    }
    let keep = SessionId::new("s2");
    let next = PasswordHash::new("hash two");
    assert!(store.set_password(&id("a1"), &next, Some(&keep)).await.unwrap());
    assert!(!is_in(&*store, "s1").await && is_in(&*store, "s2").await);
    assert!(!is_in(&*store, "s3").await);
    assert!(store.set_password(&id("a1"), &next, None).await.unwrap());
    assert!(!is_in(&*store, "s2").await);
    assert_eq!(store.account(&id("a1")).await.unwrap().unwrap().password, next);
}

fn limit(now: i64) -> AttemptLimit {
    AttemptLimit { attempts_max: 3, now: Timestamp(now), lock_until: Timestamp(now + 10) }
}

async fn too_many_failures_lock_until_the_lock_is_over(store: Arc<dyn Accounts>) {
    store.add_account(&account("a1", "jane", Role::Viewer)).await.unwrap();
    for now in [0, 1, 2] {
        assert!(store.begin_attempt(&id("a1"), limit(now)).await.unwrap(), "{now}");
    }
    for now in [3, 11] {
        assert!(!store.begin_attempt(&id("a1"), limit(now)).await.unwrap(), "{now}");
    }
    // The lock was set at 2; after it, there are three more.
    for now in [12, 13, 14] {
        assert!(store.begin_attempt(&id("a1"), limit(now)).await.unwrap(), "{now}");
    }
    assert!(!store.begin_attempt(&id("a1"), limit(15)).await.unwrap());
    // A new password unlocks.
    store.set_password(&id("a1"), &proof(), None).await.unwrap();
    assert!(store.begin_attempt(&id("a1"), limit(15)).await.unwrap());
}

async fn attempts_at_once_do_not_pass_under_the_limit(store: Arc<dyn Accounts>) {
    store.add_account(&account("a1", "jane", Role::Viewer)).await.unwrap();
    let attempts = (0..20).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.begin_attempt(&id("a1"), limit(0)).await.unwrap() })
    });
    let mut allowed = 0;
    for attempt in attempts.collect::<Vec<_>>() {
        allowed += usize::from(attempt.await.unwrap());
    }
    assert_eq!(allowed, 3);
}

async fn right_password_takes_the_count_back(store: Arc<dyn Accounts>) {
    store.add_account(&account("a1", "jane", Role::Viewer)).await.unwrap();
    for now in 0..9 {
        assert!(store.begin_attempt(&id("a1"), limit(now)).await.unwrap());
        if now % 3 == 2 {
            store.pass_attempt(&id("a1"), &proof(), None).await.unwrap();
        }
    }
}

async fn rehash_does_not_undo_a_change_of_password(store: Arc<dyn Accounts>) {
    store.add_account(&account("a1", "jane", Role::Viewer)).await.unwrap();
    let better = PasswordHash::new("hash one, better");
    store.pass_attempt(&id("a1"), &proof(), Some(&better)).await.unwrap();
    assert_eq!(store.account(&id("a1")).await.unwrap().unwrap().password, better);
    store.pass_attempt(&id("a1"), &proof(), Some(&PasswordHash::new("late"))).await.unwrap();
    assert_eq!(store.account(&id("a1")).await.unwrap().unwrap().password, better);
}

async fn session_is_over_when_it_ends_or_expires(store: Arc<dyn Accounts>) {
    let jane = account("a1", "jane", Role::Viewer);
    store.add_account(&jane).await.unwrap();
    assert!(store.open_session(&session("s1", "a1", 0), &proof()).await.unwrap());
    for (now, expected) in [(0, Some(&jane)), (99, Some(&jane)), (100, None), (101, None)] {
        let found = store.account_in_session(&SessionId::new("s1"), Timestamp(now)).await;
        assert_eq!(found.unwrap().as_ref(), expected, "{now}");
    }
    store.end_session(&SessionId::new("s1")).await.unwrap();
    assert!(!is_in(&*store, "s1").await);
    store.end_session(&SessionId::new("s1")).await.unwrap();
    assert!(!is_in(&*store, "nobody").await);
}

async fn session_needs_an_active_account_and_its_password(store: Arc<dyn Accounts>) {
    let mut asleep = account("a1", "jane", Role::Viewer);
    asleep.status = AccountStatus::Inactive;
    store.add_account(&asleep).await.unwrap();
    store.add_account(&account("a2", "joan", Role::Viewer)).await.unwrap();
    assert!(!store.open_session(&session("s1", "a1", 0), &proof()).await.unwrap());
    let old = PasswordHash::new("hash zero");
    assert!(!store.open_session(&session("s2", "a2", 0), &old).await.unwrap());
    assert!(!store.open_session(&session("s3", "nobody", 0), &proof()).await.unwrap());
    for session in ["s1", "s2", "s3"] {
        assert!(!is_in(&*store, session).await);
    }
}

async fn oldest_session_gives_way(store: Arc<dyn Accounts>) {
    store.add_account(&account("a1", "jane", Role::Viewer)).await.unwrap();
    store.add_account(&account("a2", "joan", Role::Viewer)).await.unwrap();
    store.open_session(&session("other", "a2", 0), &proof()).await.unwrap();
    for number in 0..=SESSIONS_MAX {
        let opened = session(&format!("s{number}"), "a1", i64::try_from(number).unwrap());
        assert!(store.open_session(&opened, &proof()).await.unwrap());
    }
    assert!(!is_in(&*store, "s0").await);
    assert!(is_in(&*store, "s1").await);
    assert!(is_in(&*store, &format!("s{SESSIONS_MAX}")).await);
    assert!(is_in(&*store, "other").await);
}

async fn keys_come_newest_first_and_old_ones_go(store: Arc<dyn Accounts>) {
    let key = |name: &str, at: i64| TokenKey {
        id: name.to_owned(),
        secret: [u8::try_from(at).unwrap() + 0xa0; 32],
        created_at: Timestamp(at),
    };
    assert!(store.token_keys().await.unwrap().is_empty());
    for (name, at) in [("k1", 1), ("k2", 2), ("k3", 3)] {
        store.add_token_key(&key(name, at), Timestamp(0)).await.unwrap();
    }
    assert_eq!(store.token_keys().await.unwrap(), [key("k3", 3), key("k2", 2), key("k1", 1)]);
    store.add_token_key(&key("k4", 4), Timestamp(3)).await.unwrap();
    assert_eq!(store.token_keys().await.unwrap(), [key("k4", 4), key("k3", 3)]);
}

async fn unknown_accounts_change_nothing(store: Arc<dyn Accounts>) {
    let nobody = id("nobody");
    let wanted = change(Role::Admin, AccountStatus::Active);
    assert_eq!(store.change_account(&nobody, &wanted).await.unwrap(), Changed::Unknown);
    assert!(!store.set_password(&nobody, &proof(), None).await.unwrap());
    assert!(!store.begin_attempt(&nobody, limit(0)).await.unwrap());
    store.pass_attempt(&nobody, &proof(), None).await.unwrap();
    assert_eq!(store.accounts(ALL).await.unwrap().1, 0);
}
