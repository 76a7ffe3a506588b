-- Explanations in order of writing, found by the beginning of their hash. Keyed by the hash, each
-- of these long rows went to a place of its own in a tree of hundreds of thousands of pages.
CREATE TABLE explained (
    number INTEGER PRIMARY KEY,
    hash   TEXT NOT NULL,
    body   TEXT NOT NULL
);
INSERT INTO explained (hash, body) SELECT hash, body FROM explanation;
DROP TABLE explanation;
ALTER TABLE explained RENAME TO explanation;
CREATE INDEX explanation_hash ON explanation (substr(hash, 1, 16));
