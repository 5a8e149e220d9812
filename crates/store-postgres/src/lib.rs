//! Every SQL statement in Postgres' dialect.
