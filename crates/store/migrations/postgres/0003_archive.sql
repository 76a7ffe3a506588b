-- AuditEvents of the registry whose place this one took: kept as they came, found by Patient.
CREATE TABLE archived_event (
    id   TEXT COLLATE "C" PRIMARY KEY,
    at   BIGINT NOT NULL,
    body TEXT   NOT NULL
);
CREATE TABLE archived_patient (
    patient TEXT COLLATE "C" NOT NULL,
    at      BIGINT NOT NULL,
    event   TEXT COLLATE "C" NOT NULL REFERENCES archived_event (id),
    PRIMARY KEY (patient, at, event)
);
