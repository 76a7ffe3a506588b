-- What was answered to requests that may be sent again, for a day.
CREATE TABLE answered (
    key  TEXT COLLATE "C" PRIMARY KEY,
    at   BIGINT NOT NULL,
    body TEXT   NOT NULL
);
CREATE INDEX answered_at ON answered (at);
