-- Figures folded from the events: by kind, day or month, and what they are about.
CREATE TABLE tally (
    kind   TEXT   NOT NULL,
    period TEXT   NOT NULL,
    name   TEXT   NOT NULL,
    count  BIGINT NOT NULL,
    PRIMARY KEY (kind, period, name)
) WITHOUT ROWID;
-- Up to which event, and when that was; one row.
CREATE TABLE tally_head (
    revision BIGINT NOT NULL,
    at       BIGINT NOT NULL
);
INSERT INTO tally_head (revision, at) VALUES (0, 0);
