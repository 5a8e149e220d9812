//! Every SQL statement in SQLite's dialect.
