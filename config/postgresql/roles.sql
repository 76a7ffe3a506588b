-- The roles and the schema of a registry in PostgreSQL. Run once, as a superuser, in the database
-- that is to hold it (CREATE DATABASE opencr ENCODING 'UTF8' TEMPLATE template0). Then give each a
-- password (\password opencr_writer in psql) or a certificate.

-- Owns the tables and changes their shape: `opencr store migrate`, nothing else.
CREATE ROLE opencr_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
-- What the registry serves with: rows, no tables.
CREATE ROLE opencr_writer LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
-- For reports: sees what is registered, not who signs in.
CREATE ROLE opencr_reader LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;

CREATE SCHEMA opencr AUTHORIZATION opencr_owner;
GRANT USAGE ON SCHEMA opencr TO opencr_writer, opencr_reader;
-- Of all tables that migrations will make.
ALTER DEFAULT PRIVILEGES FOR ROLE opencr_owner IN SCHEMA opencr
    GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO opencr_writer;

-- After the first `opencr store migrate`, and again if a release adds tables to report on:
-- GRANT SELECT ON opencr.patient, opencr.source_record, opencr.record_version, opencr.content,
--     opencr.golden_version, opencr.event, opencr.explanation, opencr.issue, opencr.broken_pair,
--     opencr.patient_tag, opencr.idx_text, opencr.idx_token, opencr.idx_date TO opencr_reader;
