-- What the work queue is filtered by, read from the body. Releases before this one write the body
-- alone, and the columns follow.
ALTER TABLE issue
    ADD COLUMN score     DOUBLE PRECISION
        GENERATED ALWAYS AS ((body::json -> 'evidence' ->> 'score')::double precision) STORED,
    ADD COLUMN opened_at BIGINT
        GENERATED ALWAYS AS ((body::json ->> 'opened_at')::bigint) STORED;
CREATE INDEX issue_queue ON issue (kind, revision, number, score, opened_at, subject)
    WHERE closed IS NULL;
