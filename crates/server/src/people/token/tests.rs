//! What is and what is not taken for a token of ours.

use std::sync::atomic::{AtomicI64, Ordering};

use registry::ids::{AccountId, SessionId};

use super::*;

struct Bench {
    accounts: Arc<dyn Accounts>,
    seconds: Arc<AtomicI64>,
    settings: PeopleSettings,
}

impl Bench {
    async fn new() -> Self {
        let accounts = store::open_all("memory:").await.expect("memory is there").accounts;
        let settings = PeopleSettings {
            session: Duration::from_secs(100),
            key_age: Duration::from_secs(1000),
            ..PeopleSettings::default()
        };
        Self { accounts, seconds: Arc::new(AtomicI64::new(1_000_000)), settings }
    }

    async fn keyring(&self) -> Keyring {
        let seconds = self.seconds.clone();
        let clock = Clock::new(move || seconds.load(Ordering::Relaxed) * MICROS, Uuid::new_v4);
        let keyring = Keyring::start(self.accounts.clone(), clock, &self.settings).await;
        keyring.expect("memory is there")
    }

    fn session(&self) -> Session {
        let now = self.seconds.load(Ordering::Relaxed);
        Session {
            id: SessionId::new("s1"),
            account: AccountId::new("a1"),
            created_at: Timestamp(now * MICROS),
            expires_at: Timestamp((now + 100) * MICROS),
        }
    }

    fn pass(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn token_says_what_it_was_made_of_until_it_expires() {
    let bench = Bench::new().await;
    let keys = bench.keyring().await;
    let token = keys.sign(&bench.session()).await.unwrap();
    let claims = keys.read(&token).unwrap();
    assert_eq!((claims.id.as_str(), claims.jti.as_str()), ("a1", "s1"));
    assert_eq!((claims.iat, claims.exp), (1_000_000, 1_000_100));
    // A restart keeps the keys.
    assert!(bench.keyring().await.read(&token).is_some());
    bench.pass(99);
    assert!(keys.read(&token).is_some());
    bench.pass(1);
    assert!(keys.read(&token).is_none());
}

#[tokio::test]
async fn keys_rotate_and_old_tokens_live_on_for_their_time() {
    let bench = Bench::new().await;
    let keys = bench.keyring().await;
    bench.pass(990);
    let old = keys.sign(&bench.session()).await.unwrap();
    bench.pass(20);
    let new = keys.sign(&bench.session()).await.unwrap();
    assert_ne!(old.split('.').next(), new.split('.').next());
    assert!(keys.read(&old).is_some() && keys.read(&new).is_some());
    assert_eq!(bench.accounts.token_keys().await.unwrap().len(), 2);
    bench.pass(1100);
    keys.sign(&bench.session()).await.unwrap();
    bench.pass(1100);
    keys.sign(&bench.session()).await.unwrap();
    assert_eq!(bench.accounts.token_keys().await.unwrap().len(), 2);
}

#[tokio::test]
async fn altered_foreign_and_unsigned_tokens_are_refused() {
    let bench = Bench::new().await;
    let keys = bench.keyring().await;
    let token = keys.sign(&bench.session()).await.unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let foreign = Bench::new().await.keyring().await.sign(&bench.session()).await.unwrap();
    let kid = keys.newest().await.unwrap().id;
    let header = |text: String| URL_SAFE_NO_PAD.encode(text);
    let none = header(format!(r#"{{"alg":"none","typ":"JWT","kid":"{kid}"}}"#));
    let rs256 = header(format!(r#"{{"alg":"RS256","typ":"JWT","kid":"{kid}"}}"#));
    let other = URL_SAFE_NO_PAD.encode(r#"{"id":"a2","jti":"s1","iat":1,"exp":9999999999}"#);
    for bad in [
        String::new(),
        "..".to_owned(),
        "a.b.c".to_owned(),
        format!("{}.{}", parts[0], parts[1]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("{}.{other}.{}", parts[0], parts[2]),
        format!("{none}.{other}."),
        format!("{none}.{}.{}", parts[1], parts[2]),
        format!("{rs256}.{}.{}", parts[1], parts[2]),
        format!("{token}x"),
        format!("{token}="),
        format!("{token}.{}", parts[2]),
        token[..token.len() - 2].to_owned(),
        foreign,
        "a".repeat(2000),
    ] {
        assert!(keys.read(&bad).is_none(), "{bad}");
    }
    assert!(keys.read(&token).is_some());
}
