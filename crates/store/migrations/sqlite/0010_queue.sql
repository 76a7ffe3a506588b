-- What the work queue is filtered by, read from the body; kept in an index, so that a page and a count
-- read nothing else.
ALTER TABLE issue ADD COLUMN score REAL AS (json_extract(body, '$.evidence.score')) VIRTUAL;
ALTER TABLE issue ADD COLUMN opened_at INTEGER AS (json_extract(body, '$.opened_at')) VIRTUAL;
CREATE INDEX issue_queue ON issue (kind, revision, number, score, opened_at, subject)
    WHERE closed IS NULL;
