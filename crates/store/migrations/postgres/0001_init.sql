-- The registry's state, in the shape that SQLite has it after its fourth migration; the meaning of
-- columns and codes is told there. What differs: all texts are compared as bytes ("C"), numbers are
-- BIGINT, and what a source can make long is indexed by its beginning, for an index holds 2.7 kB a
-- row. References are checked at the end of a commit, whose statements are sent in no set order.
-- Run inside a transaction with the schema first in the search path.

CREATE TABLE head (
    one          BIGINT PRIMARY KEY CHECK (one = 1),
    revision     BIGINT NOT NULL,
    hash         TEXT COLLATE "C" NOT NULL,
    next_record  BIGINT NOT NULL,
    next_golden  BIGINT NOT NULL,
    next_key     BIGINT NOT NULL,
    next_content BIGINT NOT NULL
);

CREATE TABLE patient (
    key        BIGINT PRIMARY KEY,
    id         TEXT COLLATE "C" NOT NULL UNIQUE,
    kind       BIGINT NOT NULL,
    number     BIGINT NOT NULL,
    state      BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    link       BIGINT REFERENCES patient (key) DEFERRABLE INITIALLY DEFERRED,
    UNIQUE (kind, number)
);
CREATE INDEX patient_link ON patient (link) WHERE link IS NOT NULL;
CREATE INDEX patient_updated_at ON patient (updated_at);

CREATE TABLE content (
    number BIGINT PRIMARY KEY,
    text   TEXT COLLATE "C" NOT NULL
);

-- `identity` is the hash of system and value, which may be long: one source, one record.
CREATE TABLE source_record (
    key            BIGINT PRIMARY KEY REFERENCES patient (key) DEFERRABLE INITIALLY DEFERRED,
    identity       TEXT COLLATE "C" NOT NULL UNIQUE,
    system         TEXT COLLATE "C" NOT NULL,
    value          TEXT COLLATE "C" NOT NULL,
    client         TEXT COLLATE "C" NOT NULL,
    content        TEXT COLLATE "C" NOT NULL,
    content_number BIGINT NOT NULL REFERENCES content (number) DEFERRABLE INITIALLY DEFERRED,
    basis          TEXT COLLATE "C" NOT NULL,
    adjudicated    BOOLEAN NOT NULL
);

CREATE TABLE record_version (
    key            BIGINT NOT NULL REFERENCES patient (key) DEFERRABLE INITIALLY DEFERRED,
    version        BIGINT NOT NULL,
    at             BIGINT NOT NULL,
    method         BIGINT NOT NULL,
    content        TEXT COLLATE "C" NOT NULL,
    content_number BIGINT NOT NULL REFERENCES content (number) DEFERRABLE INITIALLY DEFERRED,
    golden         BIGINT NOT NULL REFERENCES patient (key) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (key, version)
);

CREATE TABLE golden_version (
    key     BIGINT NOT NULL REFERENCES patient (key) DEFERRABLE INITIALLY DEFERRED,
    version BIGINT NOT NULL,
    body    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (key, version)
);

CREATE TABLE event (
    revision BIGINT PRIMARY KEY,
    at       BIGINT NOT NULL,
    body     TEXT COLLATE "C" NOT NULL,
    hash     TEXT COLLATE "C" NOT NULL
);

CREATE TABLE explanation (
    hash TEXT COLLATE "C" PRIMARY KEY,
    body TEXT COLLATE "C" NOT NULL
);

CREATE TABLE issue (
    revision  BIGINT NOT NULL,
    number    BIGINT NOT NULL,
    kind      BIGINT NOT NULL,
    subject   BIGINT NOT NULL REFERENCES patient (key) DEFERRABLE INITIALLY DEFERRED,
    candidate BIGINT NOT NULL REFERENCES patient (key) DEFERRABLE INITIALLY DEFERRED,
    body      TEXT COLLATE "C" NOT NULL,
    closed    BIGINT,
    PRIMARY KEY (revision, number)
);
CREATE INDEX issue_open ON issue (revision, number, kind) WHERE closed IS NULL;
CREATE INDEX issue_subject ON issue (subject) WHERE closed IS NULL;
CREATE INDEX issue_candidate ON issue (candidate) WHERE closed IS NULL;

CREATE TABLE broken_pair (
    low  BIGINT NOT NULL REFERENCES patient (key) DEFERRABLE INITIALLY DEFERRED,
    high BIGINT NOT NULL REFERENCES patient (key) DEFERRABLE INITIALLY DEFERRED,
    PRIMARY KEY (low, high)
);
CREATE INDEX broken_pair_high ON broken_pair (high);

CREATE TABLE patient_tag (
    key    BIGINT  NOT NULL,
    own    BOOLEAN NOT NULL,
    n      BIGINT  NOT NULL,
    system TEXT COLLATE "C",
    code   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (key, own, n)
);
CREATE INDEX patient_tag_code ON patient_tag (left(code, 200));

CREATE TABLE idx_text (
    key    BIGINT NOT NULL,
    param  BIGINT NOT NULL,
    n      BIGINT NOT NULL,
    folded TEXT COLLATE "C" NOT NULL,
    exact  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (key, param, n)
);
CREATE INDEX idx_text_folded ON idx_text (param, left(folded, 200));
CREATE INDEX idx_text_exact ON idx_text (param, left(exact, 200));

CREATE TABLE idx_token (
    key    BIGINT NOT NULL,
    param  BIGINT NOT NULL,
    n      BIGINT NOT NULL,
    system TEXT COLLATE "C",
    code   TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (key, param, n)
);
CREATE INDEX idx_token_code ON idx_token (param, left(code, 200));

CREATE TABLE idx_date (
    key   BIGINT NOT NULL,
    param BIGINT NOT NULL,
    n     BIGINT NOT NULL,
    lo    BIGINT NOT NULL,
    hi    BIGINT NOT NULL,
    PRIMARY KEY (key, param, n)
);
CREATE INDEX idx_date_lo ON idx_date (param, lo, hi);

CREATE TABLE account (
    id           TEXT COLLATE "C" PRIMARY KEY,
    username     TEXT COLLATE "C" NOT NULL UNIQUE,
    first_name   TEXT COLLATE "C" NOT NULL,
    other_names  TEXT COLLATE "C" NOT NULL,
    surname      TEXT COLLATE "C" NOT NULL,
    role         TEXT COLLATE "C" NOT NULL,
    status       BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    password     TEXT COLLATE "C" NOT NULL,
    failures     BIGINT NOT NULL DEFAULT 0,
    locked_until BIGINT
);

CREATE TABLE session (
    id         TEXT COLLATE "C" PRIMARY KEY,
    account    TEXT COLLATE "C" NOT NULL REFERENCES account (id),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX session_account ON session (account);

CREATE TABLE token_key (
    id         TEXT COLLATE "C" PRIMARY KEY,
    secret     TEXT COLLATE "C" NOT NULL,
    created_at BIGINT NOT NULL
);

CREATE TABLE audit (
    number BIGINT PRIMARY KEY,
    at     BIGINT NOT NULL,
    body   TEXT COLLATE "C" NOT NULL,
    hash   TEXT COLLATE "C" NOT NULL
);
CREATE FUNCTION audit_is_never_changed() RETURNS trigger LANGUAGE plpgsql AS
    'BEGIN RAISE EXCEPTION ''audit entries are never changed''; END';
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
    FOR EACH ROW EXECUTE FUNCTION audit_is_never_changed();

CREATE TABLE audit_anchor (
    one    BIGINT PRIMARY KEY CHECK (one = 1),
    number BIGINT NOT NULL,
    hash   TEXT COLLATE "C" NOT NULL
);
