//! Accounts in maps behind one lock.

use std::collections::BTreeMap;

use async_trait::async_trait;
use registry::{
    account::{Account, AccountChange, AccountStatus, PasswordHash, Role, Session, TokenKey},
    ids::{AccountId, SessionId, Timestamp},
};

use super::MemoryStore;
use crate::{Accounts, AttemptLimit, Changed, SESSIONS_MAX, StoreError, Window};

/// What is known of people.
#[derive(Default)]
pub(super) struct People {
    accounts: BTreeMap<AccountId, Kept>,
    sessions: BTreeMap<SessionId, Session>,
    keys: Vec<TokenKey>,
}

struct Kept {
    account: Account,
    failures: u32,
    locked_until: Option<Timestamp>,
    preferences: Option<String>,
}

fn is_active_admin(account: &Account) -> bool {
    account.role == Role::Admin && account.status == AccountStatus::Active
}

impl People {
    fn add(&mut self, account: &Account) -> bool {
        let is_taken = self.accounts.contains_key(&account.id)
            || self.accounts.values().any(|kept| kept.account.username == account.username);
        if !is_taken {
            let kept = Kept {
                account: account.clone(),
                failures: 0,
                locked_until: None,
                preferences: None,
            };
            self.accounts.insert(account.id.clone(), kept);
        }
        !is_taken
    }

    fn change(&mut self, id: &AccountId, change: &AccountChange) -> Changed {
        let Some(kept) = self.accounts.get(id) else { return Changed::Unknown };
        let AccountChange { name, role, status } = change.clone();
        let account = Account { name, role, status, ..kept.account.clone() };
        let is_loss = is_active_admin(&kept.account) && !is_active_admin(&account);
        let mut others = self.accounts.values().filter(|other| other.account.id != *id);
        if is_loss && !others.any(|other| is_active_admin(&other.account)) {
            return Changed::LastAdmin;
        }
        if (account.role, account.status) != (kept.account.role, kept.account.status) {
            self.sessions.retain(|_, session| session.account != *id);
        }
        if let Some(kept) = self.accounts.get_mut(id) {
            kept.account = account;
        }
        Changed::Done
    }

    fn open(&mut self, session: &Session, proof: &PasswordHash) -> bool {
        let is_proven = self.accounts.get(&session.account).is_some_and(|kept| {
            kept.account.status == AccountStatus::Active && kept.account.password == *proof
        });
        if !is_proven {
            return false;
        }
        let (owner, now) = (&session.account, session.created_at);
        self.sessions.retain(|_, other| other.account != *owner || other.expires_at > now);
        let others = self.sessions.values().filter(|other| other.account == *owner);
        let mut others: Vec<_> = others.map(|other| (other.created_at, other.id.clone())).collect();
        others.sort();
        let surplus = (others.len() + 1).saturating_sub(SESSIONS_MAX);
        for (_, id) in others.into_iter().take(surplus) {
            self.sessions.remove(&id);
        }
        self.sessions.insert(session.id.clone(), session.clone());
        true
    }
}

#[async_trait]
impl Accounts for MemoryStore {
    async fn add_account(&self, account: &Account) -> Result<bool, StoreError> {
        Ok(self.people.write().add(account))
    }

    async fn add_first_account(&self, account: &Account) -> Result<bool, StoreError> {
        let mut people = self.people.write();
        Ok(people.accounts.is_empty() && people.add(account))
    }

    async fn account(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        Ok(self.people.read().accounts.get(id).map(|kept| kept.account.clone()))
    }

    async fn account_named(&self, username: &str) -> Result<Option<Account>, StoreError> {
        let people = self.people.read();
        let mut all = people.accounts.values().map(|kept| &kept.account);
        Ok(all.find(|account| account.username == username).cloned())
    }

    async fn accounts(&self, window: Window) -> Result<(Vec<Account>, u64), StoreError> {
        let people = self.people.read();
        let mut all: Vec<_> = people.accounts.values().map(|kept| kept.account.clone()).collect();
        all.sort_by(|a, b| a.username.cmp(&b.username));
        let total = all.len() as u64;
        let clamp = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let page = all.into_iter().skip(clamp(window.offset)).take(clamp(window.limit));
        Ok((page.collect(), total))
    }

    async fn change_account(
        &self,
        id: &AccountId,
        change: &AccountChange,
    ) -> Result<Changed, StoreError> {
        Ok(self.people.write().change(id, change))
    }

    async fn preferences(&self, id: &AccountId) -> Result<Option<String>, StoreError> {
        Ok(self.people.read().accounts.get(id).and_then(|kept| kept.preferences.clone()))
    }

    async fn set_preferences(&self, id: &AccountId, words: &str) -> Result<bool, StoreError> {
        let mut people = self.people.write();
        let Some(kept) = people.accounts.get_mut(id) else { return Ok(false) };
        kept.preferences = Some(words.to_owned());
        Ok(true)
    }

    async fn set_password(
        &self,
        id: &AccountId,
        password: &PasswordHash,
        keep: Option<&SessionId>,
    ) -> Result<bool, StoreError> {
        let mut people = self.people.write();
        let Some(kept) = people.accounts.get_mut(id) else { return Ok(false) };
        kept.account.password = password.clone();
        (kept.failures, kept.locked_until) = (0, None);
        let stays = |session: &Session| session.account != *id || Some(&session.id) == keep;
        people.sessions.retain(|_, session| stays(session));
        Ok(true)
    }

    async fn begin_attempt(&self, id: &AccountId, limit: AttemptLimit) -> Result<bool, StoreError> {
        let mut people = self.people.write();
        let Some(kept) = people.accounts.get_mut(id) else { return Ok(false) };
        match kept.locked_until {
            Some(until) if until > limit.now => return Ok(false),
            Some(_) => (kept.failures, kept.locked_until) = (0, None),
            None => {}
        }
        kept.failures += 1;
        if kept.failures >= limit.attempts_max {
            kept.locked_until = Some(limit.lock_until);
        }
        Ok(true)
    }

    async fn pass_attempt(
        &self,
        id: &AccountId,
        was: &PasswordHash,
        rehashed: Option<&PasswordHash>,
    ) -> Result<(), StoreError> {
        let mut people = self.people.write();
        if let Some(kept) = people.accounts.get_mut(id) {
            (kept.failures, kept.locked_until) = (0, None);
            if let Some(rehashed) = rehashed.filter(|_| kept.account.password == *was) {
                kept.account.password = rehashed.clone();
            }
        }
        Ok(())
    }

    async fn open_session(
        &self,
        session: &Session,
        proof: &PasswordHash,
    ) -> Result<bool, StoreError> {
        Ok(self.people.write().open(session, proof))
    }

    async fn account_in_session(
        &self,
        id: &SessionId,
        now: Timestamp,
    ) -> Result<Option<Account>, StoreError> {
        let people = self.people.read();
        let session = people.sessions.get(id).filter(|session| session.expires_at > now);
        let kept = session.and_then(|session| people.accounts.get(&session.account));
        Ok(kept.map(|kept| kept.account.clone()))
    }

    async fn end_session(&self, id: &SessionId) -> Result<(), StoreError> {
        self.people.write().sessions.remove(id);
        Ok(())
    }

    async fn token_keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        Ok(self.people.read().keys.clone())
    }

    async fn add_token_key(
        &self,
        key: &TokenKey,
        drop_before: Timestamp,
    ) -> Result<(), StoreError> {
        let keys = &mut self.people.write().keys;
        keys.retain(|old| old.created_at >= drop_before);
        keys.push(key.clone());
        keys.sort_by_key(|key| std::cmp::Reverse(key.created_at));
        Ok(())
    }
}
