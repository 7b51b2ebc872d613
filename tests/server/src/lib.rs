//! What the server tests share: a database of their own each, bulk loading, real data, the truth in plain SQL.
//!
//! The tests talk to the server that `PGHOST`, `PGPORT` and `PGUSER` name, which is what `scripts/server.sh run` sets.
//! Real data is read from the folder `SGR_DATA`, by default `../shared/data` beside the working tree; tests that need it
//! and do not find it say `skipped: …` and pass.
//!
//! | file | what it shows |
//! | --- | --- |
//! | `equality` | full and incremental co-occurrence equal an SQL self-join, on random catalogues |
//! | `real_data` | the same on classic rock radio and netlabel releases |
//! | `hetrec` | recommendations for users against item-kNN and popularity |
//! | `scenes` | recommendations find the planted scenes of the demo catalogue |
//! | `cancel` | cancels and timeouts come through in time and change nothing |
//! | `crash` | the same for kill -9; on a server of its own |
//! | `concurrency` | refreshes, writers and readers at the same time |
//! | `dumps` | pg_dump and restore |
//! | `export` | files of triples: round trips, DuckDB and pyarrow, the benchmarks, what is quarantined |
//! | `export_refusals` | files of triples: errors, rights, cancels, terminated sessions, full disks leave nothing behind |
//! | `explain` | explanations: sums, evidence, counterfactuals that come true, row-level security, the JSON Schema |
//! | `jobs` | background jobs: commit and rollback, cancels, crashes, roles, limits |
//! | `stops` | stops of the server and cancels of jobs come through soon whatever a worker does |
//! | `joint_jobs` | the same of joint trainings, ablations and searches: snapshots, checkpoints, kill -9 |
//! | `soundcloud_crawl` | crawls of a mock through SQL: the rows equal its catalogue, rates, cancels, refusals |
//! | `soundcloud_crash` | kill -9 in the middle of a crawl, stops of the server; no secret in any table, log, dump |
//! | `sessions` | the extension, sources, rights and limits change under live sessions; read-only transactions |
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

/// Writes a line that is seen also when the test passes: numbers for people, and what was skipped.
#[macro_export]
macro_rules! tell {
    ($($argument:tt)*) => {{
        use std::io::Write;
        let _ = writeln!(std::io::stderr(), $($argument)*);
    }};
}

pub mod catalogue;
pub mod data;
pub mod database;
pub mod evaluate;
pub mod files;
pub mod own_server;
pub mod sample;
pub mod soundcloud;
pub mod truth;

pub use database::{Database, Notices, connect_to};
pub use own_server::OwnServer;
