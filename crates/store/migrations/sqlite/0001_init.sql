-- The registry's state. References are checked at once, so parents are written before children:
-- a deferred check would search all children whenever a parent is written meanwhile. Kept to what SQLite and PostgreSQL both know; times are microseconds
-- since 1970 in UTC, texts that look like JSON are never looked into by the database.

-- The end of the event chain and the next free numbers: always exactly one row.
CREATE TABLE head (
    one          INTEGER PRIMARY KEY CHECK (one = 1),
    revision     BIGINT NOT NULL,
    hash         TEXT   NOT NULL,
    next_record  BIGINT NOT NULL,
    next_golden  BIGINT NOT NULL,
    next_key     BIGINT NOT NULL,
    next_content BIGINT NOT NULL
);

-- Source records (kind 0) and golden records (kind 1) as searches see them, so an id is unique
-- over both. `key` grows with age. `state`: 0 live source, 1 withdrawn source, 2 live golden,
-- 3 replaced golden, 4 retired golden. `link`: the golden record of a source record, or the
-- golden record that replaces this one.
CREATE TABLE patient (
    key        INTEGER PRIMARY KEY,
    id         TEXT    NOT NULL UNIQUE,
    kind       INTEGER NOT NULL,
    number     BIGINT  NOT NULL,
    state      INTEGER NOT NULL,
    version    BIGINT  NOT NULL,
    updated_at BIGINT  NOT NULL,
    link       BIGINT  REFERENCES patient (key),
    UNIQUE (kind, number)
);
CREATE INDEX patient_state ON patient (state);
CREATE INDEX patient_link ON patient (link) WHERE link IS NOT NULL;
CREATE INDEX patient_updated_at ON patient (updated_at);

-- Submitted contents. Numbered rather than keyed by hash: rows are appended, not scattered.
CREATE TABLE content (
    number INTEGER PRIMARY KEY,
    text   TEXT NOT NULL
);

-- What else there is to a source record. `content` is the hash, `content_number` the row.
CREATE TABLE source_record (
    key            INTEGER PRIMARY KEY REFERENCES patient (key),
    system         TEXT    NOT NULL,
    value          TEXT    NOT NULL,
    client         TEXT    NOT NULL,
    content        TEXT    NOT NULL,
    content_number BIGINT  NOT NULL REFERENCES content (number),
    basis          TEXT    NOT NULL,
    adjudicated    INTEGER NOT NULL,
    UNIQUE (system, value)
);

-- `method`: 0 post, 1 put, 2 delete.
CREATE TABLE record_version (
    key            BIGINT  NOT NULL REFERENCES patient (key),
    version        BIGINT  NOT NULL,
    at             BIGINT  NOT NULL,
    method         INTEGER NOT NULL,
    content        TEXT    NOT NULL,
    content_number BIGINT  NOT NULL REFERENCES content (number),
    golden         BIGINT  NOT NULL REFERENCES patient (key),
    PRIMARY KEY (key, version)
) WITHOUT ROWID;

-- `body`: the whole state as JSON.
CREATE TABLE golden_version (
    key     BIGINT NOT NULL REFERENCES patient (key),
    version BIGINT NOT NULL,
    body    TEXT   NOT NULL,
    PRIMARY KEY (key, version)
) WITHOUT ROWID;

-- The event chain, each body exactly as hashed.
CREATE TABLE event (
    revision INTEGER PRIMARY KEY,
    at       BIGINT NOT NULL,
    body     TEXT   NOT NULL,
    hash     TEXT   NOT NULL
);

CREATE TABLE explanation (
    hash TEXT PRIMARY KEY,
    body TEXT NOT NULL
) WITHOUT ROWID;

-- Match issues, in order of opening. `kind`: 0 potential, 1 conflict, 2 auto. `closed` is null
-- while an issue is open; 0 superseded, 1 withdrawn, 2 decided.
CREATE TABLE issue (
    revision  BIGINT  NOT NULL,
    number    BIGINT  NOT NULL,
    kind      INTEGER NOT NULL,
    subject   BIGINT  NOT NULL REFERENCES patient (key),
    candidate BIGINT  NOT NULL REFERENCES patient (key),
    body      TEXT    NOT NULL,
    closed    INTEGER,
    PRIMARY KEY (revision, number)
) WITHOUT ROWID;
CREATE INDEX issue_open ON issue (revision, number, kind) WHERE closed IS NULL;
CREATE INDEX issue_subject ON issue (subject) WHERE closed IS NULL;
CREATE INDEX issue_candidate ON issue (candidate) WHERE closed IS NULL;

-- Pairs declared to be different people; `low` is the record with the lower id.
CREATE TABLE broken_pair (
    low  BIGINT NOT NULL REFERENCES patient (key),
    high BIGINT NOT NULL REFERENCES patient (key),
    PRIMARY KEY (low, high)
) WITHOUT ROWID;
CREATE INDEX broken_pair_high ON broken_pair (high);

-- What searches find a patient by. Rows lie beside each other by patient, so that a new content
-- replaces its record's rows cheaply; each index answers one kind of question. No foreign keys:
-- the rows can be made again from the contents, and there are many of them.
-- `own`: 1 the registry's tags, 0 tags that the source submitted.
CREATE TABLE patient_tag (
    key    BIGINT  NOT NULL,
    own    INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    system TEXT,
    code   TEXT    NOT NULL,
    PRIMARY KEY (key, own, n)
) WITHOUT ROWID;
CREATE INDEX patient_tag_code ON patient_tag (code, system);

CREATE TABLE idx_text (
    key    BIGINT  NOT NULL,
    param  INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    folded TEXT    NOT NULL,
    exact  TEXT    NOT NULL,
    PRIMARY KEY (key, param, n)
) WITHOUT ROWID;
CREATE INDEX idx_text_folded ON idx_text (param, folded);
CREATE INDEX idx_text_exact ON idx_text (param, exact);

CREATE TABLE idx_token (
    key    BIGINT  NOT NULL,
    param  INTEGER NOT NULL,
    n      INTEGER NOT NULL,
    system TEXT,
    code   TEXT    NOT NULL,
    PRIMARY KEY (key, param, n)
) WITHOUT ROWID;
CREATE INDEX idx_token_code ON idx_token (param, code, system);

CREATE TABLE idx_date (
    key   BIGINT  NOT NULL,
    param INTEGER NOT NULL,
    n     INTEGER NOT NULL,
    lo    BIGINT  NOT NULL,
    hi    BIGINT  NOT NULL,
    PRIMARY KEY (key, param, n)
) WITHOUT ROWID;
CREATE INDEX idx_date_lo ON idx_date (param, lo, hi);
