-- The audit log: a chain of its own, each body exactly as hashed. Rows are appended and, at the
-- beginning, cut off when they are old; never changed.
CREATE TABLE audit (
    number INTEGER PRIMARY KEY,
    at     BIGINT NOT NULL,
    body   TEXT   NOT NULL,
    hash   TEXT   NOT NULL
);
CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit entries are never changed');
END;

-- The last entry that was cut off; no row if none was.
CREATE TABLE audit_anchor (
    one    INTEGER PRIMARY KEY CHECK (one = 1),
    number BIGINT NOT NULL,
    hash   TEXT   NOT NULL
);
