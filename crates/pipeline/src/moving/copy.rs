//! Copying a registry from one store to another, whole or what is missing.

use registry::{
    account::{Account, AccountChange, TokenKey},
    audit::AuditHead,
    ids::{Revision, Timestamp},
    vocabulary::Vocabulary,
};
use store::{Accounts, Opened, Reader, StoreError, Window};

use super::{AuditTeller, Loader, MovingError, Teller, archive::copy_archive};

/// Accounts that are moved at the most; they are read at once, so that they fit each other.
pub const ACCOUNTS_MAX: u64 = 100_000;

/// What was copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// Events that were there already.
    pub events_before: u64,
    /// Events copied.
    pub events: u64,
    /// Audit entries copied.
    pub audit_entries: u64,
    /// AuditEvents of the registry before it, copied now.
    pub archived: u64,
    /// Accounts looked at.
    pub accounts: u64,
}

/// Copies to `to` what it lacks of `from`: the registry, the audit log, the accounts and the keys
/// of tokens, but no sessions. `progress` hears how many events are copied, of how many.
///
/// Broken off, it goes on where it was when called again.
///
/// # Errors
///
/// [`MovingError`]; what was copied stays, and is a whole beginning of the source.
pub async fn copy(
    from: &Opened,
    to: &Opened,
    vocabulary: &Vocabulary,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Copied, MovingError> {
    let mut loader = Loader::new(&*to.store, vocabulary).await?;
    let mut copied = Copied { events_before: loader.head().revision.0, ..Copied::default() };
    check_part(&*from.store, &loader).await?;
    let mut teller = Teller::new(&*from.store, loader.head().revision).await?;
    let total = teller.until().revision.0;
    loop {
        let page = teller.next().await?;
        if page.is_empty() {
            break;
        }
        for told in page {
            loader.add(told).await?;
            copied.events += 1;
        }
        progress(copied.events_before + copied.events, total);
    }
    loader.finish().await?;
    copied.audit_entries = copy_audit(from, to).await?;
    copied.archived = copy_archive(from, to).await?;
    let (accounts, count) = from.accounts.accounts(all_accounts()).await?;
    if count > ACCOUNTS_MAX {
        let text = format!("{count} accounts are more than {ACCOUNTS_MAX}");
        return Err(StoreError::Refused(text).into());
    }
    copied.accounts = count;
    give_accounts(&*to.accounts, &accounts).await?;
    give_keys(&*to.accounts, &from.accounts.token_keys().await?).await?;
    Ok(copied)
}

/// All accounts in one page.
pub(super) fn all_accounts() -> Window {
    Window { offset: 0, limit: ACCOUNTS_MAX }
}

/// Checks that what the target holds is a beginning of the source.
async fn check_part(from: &dyn Reader, loader: &Loader<'_>) -> Result<(), MovingError> {
    let there = loader.head();
    let Some(before) = there.revision.0.checked_sub(1) else { return Ok(()) };
    let same = from.events_after(Revision(before), 1).await?;
    if same.first().is_some_and(|event| event.hash == there.hash) {
        return Ok(());
    }
    let text = format!("event {} is another there", there.revision);
    Err(MovingError::Foreign(text))
}

async fn copy_audit(from: &Opened, to: &Opened) -> Result<u64, MovingError> {
    let mut teller = AuditTeller::new(&*from.store).await?;
    let (_, newest) = to.store.audit_ends().await?;
    if newest == AuditHead::start() && *teller.anchor() != newest {
        to.store.begin_audit_at(teller.anchor().clone()).await?;
    } else if !teller.skip_to(&newest).await? {
        return Err(MovingError::Foreign("its audit log is another one".to_owned()));
    }
    let mut copied = 0;
    loop {
        let page = teller.next().await?;
        if page.is_empty() {
            return Ok(copied);
        }
        copied += page.len() as u64;
        to.store.append_audit(page).await?;
    }
}

/// Makes the accounts, and brings those that are there already to the same state.
///
/// # Errors
///
/// [`MovingError::Foreign`] if a user name is taken by another account.
pub async fn give_accounts(to: &dyn Accounts, accounts: &[Account]) -> Result<(), MovingError> {
    for account in accounts {
        match to.account(&account.id).await? {
            None if to.add_account(account).await? => {}
            None => {
                let text = "a user name belongs to another account there";
                return Err(MovingError::Foreign(text.to_owned()));
            }
            Some(there) if there == *account => {}
            Some(_) => {
                let Account { name, role, status, .. } = account.clone();
                to.change_account(&account.id, &AccountChange { name, role, status }).await?;
                to.set_password(&account.id, &account.password, None).await?;
            }
        }
    }
    Ok(())
}

/// Adds the keys that are missing.
///
/// # Errors
///
/// [`MovingError::Store`] if the store fails.
pub async fn give_keys(to: &dyn Accounts, keys: &[TokenKey]) -> Result<(), MovingError> {
    let there = to.token_keys().await?;
    for key in keys.iter().filter(|key| there.iter().all(|known| known.id != key.id)) {
        to.add_token_key(key, Timestamp(i64::MIN)).await?;
    }
    Ok(())
}
