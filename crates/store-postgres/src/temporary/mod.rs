//! Statements about records that expire: they run on the schema `temporary`.

mod notices;
