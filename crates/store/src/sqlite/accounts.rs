//! Accounts in tables of their own, written through the same one connection as commits.

use async_trait::async_trait;
use registry::{
    account::{
        Account, AccountChange, AccountName, AccountStatus, PasswordHash, Role, Session, TokenKey,
    },
    ids::{AccountId, SessionId, Timestamp},
};
use rusqlite::{Connection, Row};

use super::{
    SqliteStore,
    rows::{damaged, text},
    sql::{self, limit_offset},
};
use crate::{Accounts, AttemptLimit, Changed, SESSIONS_MAX, StoreError, Window};

const ACCOUNT: &str = "SELECT a.id, a.username, a.first_name, a.other_names, a.surname, a.role, \
     a.status, a.created_at, a.password FROM account a";

fn account(row: &Row<'_>) -> Result<Account, StoreError> {
    let owned = |at: usize| text(row, at).map(str::to_owned);
    Ok(Account {
        id: AccountId::new(text(row, 0)?),
        username: owned(1)?,
        name: AccountName { first: owned(2)?, other: owned(3)?, surname: owned(4)? },
        role: Role::parse(text(row, 5)?).ok_or_else(|| damaged("the role of an account"))?,
        status: match row.get::<_, i64>(6)? {
            0 => AccountStatus::Active,
            1 => AccountStatus::Inactive,
            _ => return Err(damaged("the status of an account")),
        },
        created_at: Timestamp(row.get(7)?),
        password: PasswordHash::new(text(row, 8)?),
    })
}

fn status(status: AccountStatus) -> i64 {
    match status {
        AccountStatus::Active => 0,
        AccountStatus::Inactive => 1,
    }
}

fn add(connection: &Connection, account: &Account, only_first: bool) -> Result<bool, StoreError> {
    let count: i64 =
        sql::one(connection, "SELECT COUNT(*) FROM account", (), |row| Ok(row.get(0)?))?;
    if only_first && count > 0 {
        return Ok(false);
    }
    let sql = "INSERT INTO account (id, username, first_name, other_names, surname, role, status, \
               created_at, password) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING";
    let values = (
        account.id.as_str(),
        &account.username,
        &account.name.first,
        &account.name.other,
        &account.name.surname,
        account.role.as_str(),
        status(account.status),
        account.created_at.0,
        account.password.as_str(),
    );
    Ok(connection.prepare_cached(sql)?.execute(values)? == 1)
}

fn by_id(connection: &Connection, id: &AccountId) -> Result<Option<Account>, StoreError> {
    sql::first(connection, &format!("{ACCOUNT} WHERE a.id = ?"), [id.as_str()], account)
}

fn change(
    connection: &Connection,
    id: &AccountId,
    change: &AccountChange,
) -> Result<Changed, StoreError> {
    let Some(before) = by_id(connection, id)? else { return Ok(Changed::Unknown) };
    let is_admin = |role, status| role == Role::Admin && status == AccountStatus::Active;
    if is_admin(before.role, before.status) && !is_admin(change.role, change.status) {
        let others = "SELECT COUNT(*) FROM account WHERE role = ? AND status = 0 AND id <> ?";
        let others: i64 =
            sql::one(connection, others, (Role::Admin.as_str(), id.as_str()), |row| {
                Ok(row.get(0)?)
            })?;
        if others == 0 {
            return Ok(Changed::LastAdmin);
        }
    }
    let sql = "UPDATE account SET first_name = ?, other_names = ?, surname = ?, role = ?, \
               status = ? WHERE id = ?";
    let AccountName { first, other, surname } = &change.name;
    let values = (first, other, surname, change.role.as_str(), status(change.status), id.as_str());
    connection.prepare_cached(sql)?.execute(values)?;
    if (before.role, before.status) != (change.role, change.status) {
        connection
            .prepare_cached("DELETE FROM session WHERE account = ?")?
            .execute([id.as_str()])?;
    }
    Ok(Changed::Done)
}

fn set_password(
    connection: &Connection,
    id: &AccountId,
    password: &PasswordHash,
    keep: Option<&SessionId>,
) -> Result<bool, StoreError> {
    let sql = "UPDATE account SET password = ?, failures = 0, locked_until = NULL WHERE id = ?";
    let done = connection.prepare_cached(sql)?.execute((password.as_str(), id.as_str()))?;
    // No id is empty.
    let keep = keep.map_or("", SessionId::as_str);
    let sql = "DELETE FROM session WHERE account = ? AND id <> ?";
    connection.prepare_cached(sql)?.execute((id.as_str(), keep))?;
    Ok(done == 1)
}

/// Counts from one again if a lock is over.
fn begin_attempt(
    connection: &Connection,
    id: &AccountId,
    limit: AttemptLimit,
) -> Result<bool, StoreError> {
    let sql = "UPDATE account SET \
                   failures = CASE WHEN locked_until IS NULL THEN failures + 1 ELSE 1 END, \
                   locked_until = CASE WHEN (CASE WHEN locked_until IS NULL THEN failures + 1 \
                                             ELSE 1 END) >= ?1 THEN ?2 END \
               WHERE id = ?3 AND (locked_until IS NULL OR locked_until <= ?4)";
    let AttemptLimit { attempts_max, now, lock_until } = limit;
    let values = (attempts_max, lock_until.0, id.as_str(), now.0);
    Ok(connection.prepare_cached(sql)?.execute(values)? == 1)
}

fn pass_attempt(
    connection: &Connection,
    id: &AccountId,
    was: &PasswordHash,
    rehashed: Option<&PasswordHash>,
) -> Result<(), StoreError> {
    let sql = "UPDATE account SET failures = 0, locked_until = NULL WHERE id = ?";
    connection.prepare_cached(sql)?.execute([id.as_str()])?;
    if let Some(rehashed) = rehashed {
        let sql = "UPDATE account SET password = ? WHERE id = ? AND password = ?";
        let values = (rehashed.as_str(), id.as_str(), was.as_str());
        connection.prepare_cached(sql)?.execute(values)?;
    }
    Ok(())
}

fn open_session(
    connection: &Connection,
    session: &Session,
    proof: &PasswordHash,
) -> Result<bool, StoreError> {
    let owner = session.account.as_str();
    let sql = "SELECT 1 FROM account WHERE id = ? AND status = 0 AND password = ?";
    if sql::first(connection, sql, (owner, proof.as_str()), |_| Ok(()))?.is_none() {
        return Ok(false);
    }
    let over = "DELETE FROM session WHERE account = ? AND expires_at <= ?";
    connection.prepare_cached(over)?.execute((owner, session.created_at.0))?;
    let surplus = "DELETE FROM session WHERE account = ?1 AND id NOT IN (SELECT id FROM session \
                   WHERE account = ?1 ORDER BY created_at DESC, id DESC LIMIT ?2)";
    let others = i64::try_from(SESSIONS_MAX - 1).unwrap_or(i64::MAX);
    connection.prepare_cached(surplus)?.execute((owner, others))?;
    let sql = "INSERT INTO session (id, account, created_at, expires_at) VALUES (?, ?, ?, ?)";
    let values = (session.id.as_str(), owner, session.created_at.0, session.expires_at.0);
    connection.prepare_cached(sql)?.execute(values)?;
    Ok(true)
}

fn token_key(row: &Row<'_>) -> Result<TokenKey, StoreError> {
    let secret = crate::accounts::secret_of(text(row, 1)?);
    let secret = secret.ok_or_else(|| damaged("a key of tokens"))?;
    Ok(TokenKey { id: text(row, 0)?.to_owned(), secret, created_at: Timestamp(row.get(2)?) })
}

fn add_token_key(
    connection: &Connection,
    key: &TokenKey,
    drop_before: Timestamp,
) -> Result<(), StoreError> {
    let old = "DELETE FROM token_key WHERE created_at < ?";
    connection.prepare_cached(old)?.execute([drop_before.0])?;
    let digits: String = key.secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let sql = "INSERT INTO token_key (id, secret, created_at) VALUES (?, ?, ?)";
    connection.prepare_cached(sql)?.execute((&key.id, digits, key.created_at.0))?;
    Ok(())
}

#[async_trait]
impl Accounts for SqliteStore {
    async fn add_account(&self, account: &Account) -> Result<bool, StoreError> {
        let account = account.clone();
        self.writer.write(move |connection| add(connection, &account, false)).await
    }

    async fn add_first_account(&self, account: &Account) -> Result<bool, StoreError> {
        let account = account.clone();
        self.writer.write(move |connection| add(connection, &account, true)).await
    }

    async fn account(&self, id: &AccountId) -> Result<Option<Account>, StoreError> {
        let id = id.clone();
        self.look_up(move |connection| by_id(connection, &id)).await
    }

    async fn account_named(&self, username: &str) -> Result<Option<Account>, StoreError> {
        let username = username.to_owned();
        let sql = format!("{ACCOUNT} WHERE a.username = ?");
        self.look_up(move |connection| sql::first(connection, &sql, [username], account)).await
    }

    async fn accounts(&self, window: Window) -> Result<(Vec<Account>, u64), StoreError> {
        let sql = format!("{ACCOUNT} ORDER BY a.username LIMIT ? OFFSET ?");
        self.read(move |connection| {
            let page = sql::all(connection, &sql, limit_offset(window), account)?;
            let count = "SELECT COUNT(*) FROM account";
            let total: i64 = sql::one(connection, count, (), |row| Ok(row.get(0)?))?;
            Ok((page, u64::try_from(total).unwrap_or_default()))
        })
        .await
    }

    async fn preferences(&self, id: &AccountId) -> Result<Option<String>, StoreError> {
        let id = id.clone();
        let sql = "SELECT preferences FROM account WHERE id = ?";
        let words = self
            .look_up(move |connection| {
                sql::first(connection, sql, [id.as_str()], |row| Ok(row.get(0)?))
            })
            .await?;
        Ok(words.flatten())
    }

    async fn set_preferences(&self, id: &AccountId, words: &str) -> Result<bool, StoreError> {
        let (id, words) = (id.clone(), words.to_owned());
        let sql = "UPDATE account SET preferences = ? WHERE id = ?";
        self.writer
            .write(move |connection| {
                Ok(connection.prepare_cached(sql)?.execute((words, id.as_str()))? == 1)
            })
            .await
    }

    async fn change_account(
        &self,
        id: &AccountId,
        wanted: &AccountChange,
    ) -> Result<Changed, StoreError> {
        let (id, wanted) = (id.clone(), wanted.clone());
        self.writer.write(move |connection| change(connection, &id, &wanted)).await
    }

    async fn set_password(
        &self,
        id: &AccountId,
        password: &PasswordHash,
        keep: Option<&SessionId>,
    ) -> Result<bool, StoreError> {
        let (id, password, keep) = (id.clone(), password.clone(), keep.cloned());
        self.writer
            .write(move |connection| set_password(connection, &id, &password, keep.as_ref()))
            .await
    }

    async fn begin_attempt(&self, id: &AccountId, limit: AttemptLimit) -> Result<bool, StoreError> {
        let id = id.clone();
        self.writer.write(move |connection| begin_attempt(connection, &id, limit)).await
    }

    async fn pass_attempt(
        &self,
        id: &AccountId,
        was: &PasswordHash,
        rehashed: Option<&PasswordHash>,
    ) -> Result<(), StoreError> {
        let (id, was, rehashed) = (id.clone(), was.clone(), rehashed.cloned());
        self.writer
            .write(move |connection| pass_attempt(connection, &id, &was, rehashed.as_ref()))
            .await
    }

    async fn open_session(
        &self,
        session: &Session,
        proof: &PasswordHash,
    ) -> Result<bool, StoreError> {
        let (session, proof) = (session.clone(), proof.clone());
        self.writer.write(move |connection| open_session(connection, &session, &proof)).await
    }

    async fn account_in_session(
        &self,
        id: &SessionId,
        now: Timestamp,
    ) -> Result<Option<Account>, StoreError> {
        let id = id.clone();
        let sql = format!(
            "{ACCOUNT} JOIN session s ON s.account = a.id WHERE s.id = ? AND s.expires_at > ?"
        );
        self.look_up(move |connection| sql::first(connection, &sql, (id.as_str(), now.0), account))
            .await
    }

    async fn end_session(&self, id: &SessionId) -> Result<(), StoreError> {
        let id = id.clone();
        self.writer
            .write(move |connection| {
                let sql = "DELETE FROM session WHERE id = ?";
                connection.prepare_cached(sql)?.execute([id.as_str()])?;
                Ok(())
            })
            .await
    }

    async fn token_keys(&self) -> Result<Vec<TokenKey>, StoreError> {
        let sql = "SELECT id, secret, created_at FROM token_key ORDER BY created_at DESC";
        self.read(move |connection| sql::all(connection, sql, (), token_key)).await
    }

    async fn add_token_key(
        &self,
        key: &TokenKey,
        drop_before: Timestamp,
    ) -> Result<(), StoreError> {
        let key = key.clone();
        self.writer.write(move |connection| add_token_key(connection, &key, drop_before)).await
    }
}
