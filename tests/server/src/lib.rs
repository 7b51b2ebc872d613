//! What the server tests share: a database of their own each, bulk loading, real data, the truth in plain SQL.
//!
//! The tests talk to the server that `PGHOST`, `PGPORT` and `PGUSER` name, which is what `scripts/server.sh run` sets.
//! Text of the real data comes from the folder `SGR_DATA`, by default `../shared/data` beside the working tree; tests
//! that need it and do not find it say `skipped: …` and pass.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

pub mod catalogue;
pub mod data;
pub mod database;
pub mod evaluate;
pub mod sample;
pub mod truth;

pub use database::{Database, Notices, connect_to};
