-- What was answered to requests that may be sent again, for a day.
CREATE TABLE answered (
    key  TEXT   PRIMARY KEY,
    at   BIGINT NOT NULL,
    body TEXT   NOT NULL
) WITHOUT ROWID;
CREATE INDEX answered_at ON answered (at);
