//! `sgr_graph`: a transparent music knowledge graph and recommender inside PostgreSQL.
//!
//! This crate is the thin Postgres face: it checks rights and arguments, loads tables into the structures of
//! `sgr_engine`, runs the engine, and stores what comes out. Everything that is *computed* is in the engine.

#![allow(clippy::result_large_err, reason = "an ErrorReport is built once, on the way out")]

#[cfg(not(panic = "unwind"))]
compile_error!("sgr_graph needs panic = \"unwind\": Postgres errors unwind through Rust frames");

use pgrx::prelude::*;

mod api;
mod bulk_write;
mod demo;
mod error;
mod features;
mod incremental;
mod interrupt;
mod item_counts;
mod kind;
mod load;
mod lookup;
mod recommend;
mod refresh;
mod related;
mod rights;
mod settings;
mod sources;
mod spi;
mod store;
mod unveil;

pgrx::pg_module_magic!();

extension_sql_file!("../sql/tables.sql", name = "tables", bootstrap);
extension_sql_file!("../sql/sources.sql", name = "sources", requires = ["tables"]);
extension_sql_file!("../sql/triggers.sql", name = "triggers", requires = ["tables"]);
extension_sql_file!("../sql/views.sql", name = "views", requires = ["tables", "sources"]);
extension_sql_file!("../sql/functions.sql", name = "functions", finalize);

// Cargo does not watch the files of extension_sql_file!; it watches these.
const _: [&str; 5] = [
    include_str!("../sql/tables.sql"),
    include_str!("../sql/sources.sql"),
    include_str!("../sql/triggers.sql"),
    include_str!("../sql/views.sql"),
    include_str!("../sql/functions.sql"),
];

#[allow(non_snake_case, unsafe_code, missing_docs, reason = "the name and signature are Postgres's")]
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    settings::init();
}
