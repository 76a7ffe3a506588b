//! Accounts in tables of their own. Whatever must not be torn apart is one transaction, which
//! locks the account or, where it counts accounts, the table.

use async_trait::async_trait;
use registry::{
    account::{
        Account, AccountChange, AccountName, AccountStatus, PasswordHash, Role, Session, TokenKey,
    },
    ids::{AccountId, SessionId, Timestamp},
};
use tokio_postgres::Row;

use super::{
    PostgresStore,
    rows::{int, large, maybe_text, text, time},
    sql::{Db, held, limit_offset},
};
use crate::{Accounts, AttemptLimit, Changed, SESSIONS_MAX, StoreError, Window, shape::damaged};

const ACCOUNT: &str = "SELECT a.id, a.username, a.first_name, a.other_names, a.surname, a.role, \
     a.status, a.created_at, a.password FROM account a";

/// Keeps others from adding and changing accounts until the transaction ends; they can be read.
const LOCK: &str = "LOCK TABLE account IN SHARE ROW EXCLUSIVE MODE";

fn account(row: &Row) -> Result<Account, StoreError> {
    let owned = |at: usize| text(row, at).map(|text| text.into_owned());
    Ok(Account {
        id: AccountId::new(text(row, 0)?),
        username: owned(1)?,
        name: AccountName { first: owned(2)?, other: owned(3)?, surname: owned(4)? },
        role: Role::parse(&text(row, 5)?).ok_or_else(|| damaged("the role of an account"))?,
        status: match int(row, 6)? {
            0 => AccountStatus::Active,
            1 => AccountStatus::Inactive,
            _ => return Err(damaged("the status of an account")),
        },
        created_at: time(row, 7)?,
        password: PasswordHash::new(text(row, 8)?),
    })
}

fn status(status: AccountStatus) -> i64 {
    match status {
        AccountStatus::Active => 0,
        AccountStatus::Inactive => 1,
    }
}

async fn add(db: Db<'_>, account: &Account, only_first: bool) -> Result<bool, StoreError> {
    if only_first {
        db.client.batch_execute(LOCK).await?;
        if db.one("SELECT COUNT(*) FROM account", &[], |row| int(row, 0)).await? > 0 {
            return Ok(false);
        }
    }
    let sql = "INSERT INTO account (id, username, first_name, other_names, surname, role, status, \
               created_at, password) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
               ON CONFLICT DO NOTHING";
    let added = db
        .execute(
            sql,
            &[
                &held(account.id.as_str()),
                &held(&account.username),
                &held(&account.name.first),
                &held(&account.name.other),
                &held(&account.name.surname),
                &account.role.as_str(),
                &status(account.status),
                &account.created_at.0,
                &held(account.password.as_str()),
            ],
        )
        .await?;
    Ok(added == 1)
}

async fn by_id(db: Db<'_>, id: &AccountId) -> Result<Option<Account>, StoreError> {
    db.first(&format!("{ACCOUNT} WHERE a.id = $1"), &[&held(id.as_str())], account).await
}

async fn change(db: Db<'_>, id: &AccountId, change: &AccountChange) -> Result<Changed, StoreError> {
    db.client.batch_execute(LOCK).await?;
    let Some(before) = by_id(db, id).await? else { return Ok(Changed::Unknown) };
    let key = held(id.as_str());
    let is_admin = |role, status| role == Role::Admin && status == AccountStatus::Active;
    if is_admin(before.role, before.status) && !is_admin(change.role, change.status) {
        let sql = "SELECT COUNT(*) FROM account WHERE role = $1 AND status = 0 AND id <> $2";
        let others = db.one(sql, &[&Role::Admin.as_str(), &key], |row| int(row, 0)).await?;
        if others == 0 {
            return Ok(Changed::LastAdmin);
        }
    }
    let sql = "UPDATE account SET first_name = $1, other_names = $2, surname = $3, role = $4, \
               status = $5 WHERE id = $6";
    let AccountName { first, other, surname } = &change.name;
    let (first, other, surname) = (held(first), held(other), held(surname));
    let (role, state) = (change.role.as_str(), status(change.status));
    db.execute(sql, &[&first, &other, &surname, &role, &state, &key]).await?;
    if (before.role, before.status) != (change.role, change.status) {
        db.execute("DELETE FROM session WHERE account = $1", &[&key]).await?;
    }
    Ok(Changed::Done)
}

async fn set_password(
    db: Db<'_>,
    id: &AccountId,
    password: &PasswordHash,
    keep: Option<&SessionId>,
) -> Result<bool, StoreError> {
    let sql = "UPDATE account SET password = $1, failures = 0, locked_until = NULL WHERE id = $2";
    let id = held(id.as_str());
    let done = db.execute(sql, &[&held(password.as_str()), &id]).await?;
    // No id is empty.
    let keep = held(keep.map_or("", SessionId::as_str));
    db.execute("DELETE FROM session WHERE account = $1 AND id <> $2", &[&id, &keep]).await?;
    Ok(done == 1)
}

/// Counts from one again if a lock is over. One statement, which locks the row.
async fn begin_attempt(
    db: Db<'_>,
    id: &AccountId,
    limit: AttemptLimit,
) -> Result<bool, StoreError> {
    let sql = "UPDATE account SET \
                   failures = CASE WHEN locked_until IS NULL THEN failures + 1 ELSE 1 END, \
                   locked_until = CASE WHEN (CASE WHEN locked_until IS NULL THEN failures + 1 \
                                             ELSE 1 END) >= $1 THEN $2::bigint END \
               WHERE id = $3 AND (locked_until IS NULL OR locked_until <= $4)";
    let AttemptLimit { attempts_max, now, lock_until } = limit;
    let attempts_max = i64::from(attempts_max);
    let id = held(id.as_str());
    let done = db.execute(sql, &[&attempts_max, &lock_until.0, &id, &now.0]).await?;
    Ok(done == 1)
}

async fn pass_attempt(
    db: Db<'_>,
    id: &AccountId,
    was: &PasswordHash,
    rehashed: Option<&PasswordHash>,
) -> Result<(), StoreError> {
    let id = held(id.as_str());
    let sql = "UPDATE account SET failures = 0, locked_until = NULL WHERE id = $1";
    db.execute(sql, &[&id]).await?;
    if let Some(rehashed) = rehashed {
        let sql = "UPDATE account SET password = $1 WHERE id = $2 AND password = $3";
        db.execute(sql, &[&held(rehashed.as_str()), &id, &held(was.as_str())]).await?;
    }
    Ok(())
}

async fn open_session(
    db: Db<'_>,
    session: &Session,
    proof: &PasswordHash,
) -> Result<bool, StoreError> {
    let owner = held(session.account.as_str());
    // Locked, so that neither another session nor another password comes in between.
    let sql = "SELECT 1::bigint FROM account WHERE id = $1 AND status = 0 AND password = $2 \
               FOR UPDATE";
    let is_right = db.first(sql, &[&owner, &held(proof.as_str())], |row| int(row, 0)).await?;
    if is_right.is_none() {
        return Ok(false);
    }
    let over = "DELETE FROM session WHERE account = $1 AND expires_at <= $2";
    db.execute(over, &[&owner, &session.created_at.0]).await?;
    let surplus = "DELETE FROM session WHERE account = $1 AND id NOT IN (SELECT id FROM session \
                   WHERE account = $1 ORDER BY created_at DESC, id DESC LIMIT $2)";
    let others = i64::try_from(SESSIONS_MAX - 1).unwrap_or(i64::MAX);
    db.execute(surplus, &[&owner, &others]).await?;
    let sql = "INSERT INTO session (id, account, created_at, expires_at) VALUES ($1, $2, $3, $4)";
    let id = held(session.id.as_str());
    db.execute(sql, &[&id, &owner, &session.created_at.0, &session.expires_at.0]).await?;
    Ok(true)
}

fn token_key(row: &Row) -> Result<TokenKey, StoreError> {
    let digits = text(row, 1)?;
    let secret = crate::accounts::secret_of(&digits).ok_or_else(|| damaged("a key of tokens"))?;
    Ok(TokenKey { id: text(row, 0)?.into_owned(), secret, created_at: time(row, 2)? })
}

async fn add_token_key(
    db: Db<'_>,
    key: &TokenKey,
    drop_before: Timestamp,
) -> Result<(), StoreError> {
    db.execute("DELETE FROM token_key WHERE created_at < $1", &[&drop_before.0]).await?;
    let digits: String = key.secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let sql = "INSERT INTO token_key (id, secret, created_at) VALUES ($1, $2, $3)";
    db.execute(sql, &[&held(&key.id), &digits, &key.created_at.0]).await?;
    Ok(())
}

#[async_trait]
impl Accounts for PostgresStore {
    async fn add_account(&self, account: &Account) -> Result<bool, StoreError> {
        self.change(async |db| add(db, account, false).await).await
    }

    async fn add_first_account(&self, account: &Account) -> Result<bool, StoreError> {
        self.change(async |db| add(db, account, true).await).await
    }

    async fn account(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        self.look_up(async |db| by_id(db, id).await).await
    }

    async fn account_named(&self, username: &str) -> Result<Option<Account>, StoreError> {
        let sql = format!("{ACCOUNT} WHERE a.username = $1");
        self.look_up(async |db| db.first(&sql, &[&held(username)], account).await).await
    }

    async fn accounts(&self, window: Window) -> Result<(Vec<Account>, u64), StoreError> {
        let sql = format!("{ACCOUNT} ORDER BY a.username LIMIT $1 OFFSET $2");
        let (limit, offset) = limit_offset(window);
        self.read(async |db| {
            let page = db.all(&sql, &[&limit, &offset], account).await?;
            let total = db.one("SELECT COUNT(*) FROM account", &[], |row| large(row, 0)).await?;
            Ok((page, total))
        })
        .await
    }

    async fn preferences(&self, id: &AccountId) -> Result<Option<String>, StoreError> {
        let sql = "SELECT preferences FROM account WHERE id = $1";
        let words = self
            .look_up(async |db| {
                db.first(sql, &[&held(id.as_str())], |row| {
                    Ok(maybe_text(row, 0)?.map(std::borrow::Cow::into_owned))
                })
                .await
            })
            .await?;
        Ok(words.flatten())
    }

    async fn set_preferences(&self, id: &AccountId, words: &str) -> Result<bool, StoreError> {
        let sql = "UPDATE account SET preferences = $1 WHERE id = $2";
        let (words, id) = (held(words), held(id.as_str()));
        Ok(self.change(async |db| db.execute(sql, &[&words, &id]).await).await? == 1)
    }

    async fn change_account(
        &self,
        id: &AccountId,
        wanted: &AccountChange,
    ) -> Result<Changed, StoreError> {
        self.change(async |db| change(db, id, wanted).await).await
    }

    async fn set_password(
        &self,
        id: &AccountId,
        password: &PasswordHash,
        keep: Option<&SessionId>,
    ) -> Result<bool, StoreError> {
        self.change(async |db| set_password(db, id, password, keep).await).await
    }

    async fn begin_attempt(&self, id: &AccountId, limit: AttemptLimit) -> Result<bool, StoreError> {
        self.change(async |db| begin_attempt(db, id, limit).await).await
    }

    async fn pass_attempt(
        &self,
        id: &AccountId,
        was: &PasswordHash,
        rehashed: Option<&PasswordHash>,
    ) -> Result<(), StoreError> {
        self.change(async |db| pass_attempt(db, id, was, rehashed).await).await
    }

    async fn open_session(
        &self,
        session: &Session,
        proof: &PasswordHash,
    ) -> Result<bool, StoreError> {
        self.change(async |db| open_session(db, session, proof).await).await
    }

    async fn account_in_session(
        &self,
        id: &SessionId,
        now: Timestamp,
    ) -> Result<Option<Account>, StoreError> {
        let sql = format!(
            "{ACCOUNT} JOIN session s ON s.account = a.id WHERE s.id = $1 AND s.expires_at > $2"
        );
        self.look_up(async |db| db.first(&sql, &[&held(id.as_str()), &now.0], account).await).await
    }

    async fn end_session(&self, id: &SessionId) -> Result<(), StoreError> {
        let sql = "DELETE FROM session WHERE id = $1";
        self.change(async |db| db.execute(sql, &[&held(id.as_str())]).await).await?;
        Ok(())
    }

    async fn token_keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        let sql = "SELECT id, secret, created_at FROM token_key ORDER BY created_at DESC";
        self.look_up(async |db| db.all(sql, &[], token_key).await).await
    }

    async fn add_token_key(
        &self,
        key: &TokenKey,
        drop_before: Timestamp,
    ) -> Result<(), StoreError> {
        self.change(async |db| add_token_key(db, key, drop_before).await).await
    }
}
