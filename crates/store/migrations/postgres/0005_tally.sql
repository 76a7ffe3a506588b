-- Figures folded from the events: by kind, day or month, and what they are about.
CREATE TABLE tally (
    kind   TEXT COLLATE "C" NOT NULL,
    period TEXT COLLATE "C" NOT NULL,
    name   TEXT COLLATE "C" NOT NULL,
    count  BIGINT NOT NULL,
    PRIMARY KEY (kind, period, name)
);
-- Up to which event, and when that was; one row.
CREATE TABLE tally_head (
    revision BIGINT NOT NULL,
    at       BIGINT NOT NULL
);
INSERT INTO tally_head (revision, at) VALUES (0, 0);
