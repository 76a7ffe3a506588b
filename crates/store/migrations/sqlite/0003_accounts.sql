-- People who sign in. `status`: 0 active, 1 inactive. `failures`: attempts to sign in since the
-- last that succeeded.
CREATE TABLE account (
    id           TEXT    PRIMARY KEY,
    username     TEXT    NOT NULL UNIQUE,
    first_name   TEXT    NOT NULL,
    other_names  TEXT    NOT NULL,
    surname      TEXT    NOT NULL,
    role         TEXT    NOT NULL,
    status       INTEGER NOT NULL,
    created_at   BIGINT  NOT NULL,
    password     TEXT    NOT NULL,
    failures     BIGINT  NOT NULL DEFAULT 0,
    locked_until BIGINT
);

-- Sign-ins that have not ended. A token without its row here is worth nothing.
CREATE TABLE session (
    id         TEXT   PRIMARY KEY,
    account    TEXT   NOT NULL REFERENCES account (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX session_account ON session (account);

-- The keys that tokens are signed with, as hexadecimal digits.
CREATE TABLE token_key (
    id         TEXT   PRIMARY KEY,
    secret     TEXT   NOT NULL,
    created_at BIGINT NOT NULL
);
