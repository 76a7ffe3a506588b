-- Records that are put aside from the work queue, with the issues opened up to the revision `since`, as
-- long as they are at this version.
CREATE TABLE aside (
    record  BIGINT PRIMARY KEY REFERENCES patient (key),
    version BIGINT NOT NULL,
    kind    TEXT COLLATE "C" NOT NULL,
    since   BIGINT NOT NULL,
    at      BIGINT NOT NULL,
    until   BIGINT,
    by      TEXT COLLATE "C" NOT NULL,
    note    TEXT COLLATE "C" NOT NULL
);
