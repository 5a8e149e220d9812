//! Statements about records that expire: they run on `ttl.db`.

mod notices;
