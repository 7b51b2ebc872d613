//! `sgr_graph`: a transparent music knowledge graph and recommender inside PostgreSQL.
//!
//! This crate is the thin Postgres face: it checks rights and arguments, loads tables into the structures of
//! `sgr_engine`, runs the engine, and stores what comes out. Everything that is *computed* is in the engine.

#![allow(clippy::result_large_err, reason = "an ErrorReport is built once, on the way out")]

#[cfg(not(panic = "unwind"))]
compile_error!("sgr_graph needs panic = \"unwind\": Postgres errors unwind through Rust frames");

use pgrx::prelude::*;

mod adjacency;
mod api;
mod bulk_write;
mod clean;
mod components;
mod demo;
mod documents;
mod error;
mod evaluate;
mod explain;
mod features;
mod fuse;
mod incremental;
mod ingest;
mod interrupt;
mod item_counts;
mod joint;
mod kge;
mod kind;
mod load;
mod lookup;
mod paths;
mod recommend;
mod recommender;
mod refresh;
mod related;
mod rights;
mod run;
mod server_file;
mod settings;
mod sources;
mod spi;
mod store;
mod text_columns;
mod triples;
mod triples_file;
mod unveil;
mod worker;

pgrx::pg_module_magic!();

extension_sql_file!("../sql/tables.sql", name = "tables", bootstrap);
extension_sql_file!("../sql/sources.sql", name = "sources", requires = ["tables"]);
extension_sql_file!("../sql/triggers.sql", name = "triggers", requires = ["tables"]);
extension_sql_file!("../sql/views.sql", name = "views", requires = ["tables", "sources", "kge"]);
extension_sql_file!("../sql/graph_tables.sql", name = "graph_tables", requires = ["tables"]);
extension_sql_file!("../sql/adjacency.sql", name = "adjacency", requires = ["graph_tables"]);
extension_sql_file!("../sql/graph_views.sql", name = "graph_views", requires = ["graph_tables"]);
extension_sql_file!("../sql/fusion.sql", name = "fusion", requires = ["graph_tables", "views"]);
extension_sql_file!("../sql/graph_triggers.sql", name = "graph_triggers", requires = ["graph_tables"]);
extension_sql_file!(
    "../sql/export.sql",
    name = "export",
    requires = [sgr_triples_export, sgr_triples_import, sgr_graph_drop]
);
extension_sql_file!(
    "../sql/validation_measures.sql",
    name = "validation_measures",
    requires = ["graph_tables", "views", sgr_kg_components]
);
extension_sql_file!("../sql/validation.sql", name = "validation", requires = ["validation_measures"]);
extension_sql_file!("../sql/validation_report.sql", name = "validation_report", requires = ["validation"]);
extension_sql_file!("../sql/build.sql", name = "build", requires = ["validation"]);
extension_sql_file!(
    "../sql/graph_functions.sql",
    name = "graph_functions",
    requires = [
        sgr_adjacency_refresh,
        sgr_clean,
        sgr_fuse,
        sgr_graph,
        sgr_import,
        sgr_import_jsonl,
        sgr_paths,
        sgr_quarantine_retry,
        sgr_triples_refresh
    ]
);
extension_sql_file!(
    "../sql/explain.sql",
    name = "explain",
    requires = ["graph_tables", sgr_track_id, sgr_explain, sgr_explain_user, sgr_explanations, sgr_explanations_user]
);
extension_sql_file!("../sql/kge.sql", name = "kge", requires = ["graph_tables", "evaluate"]);
extension_sql_file!(
    "../sql/kge_functions.sql",
    name = "kge_functions",
    requires = [
        "kge",
        sgr_kge_train,
        sgr_kge_estimate,
        sgr_kge_resume,
        sgr_kge_extend,
        sgr_kge_eval,
        sgr_kge_score,
        sgr_kge_predict,
        sgr_kge_neighbors,
        sgr_kge_neighbors_refresh,
        sgr_model_drop,
        sgr_model_activate,
        sgr_embeddings_export,
        sgr_embeddings_import
    ]
);
extension_sql_file!("../sql/evaluate.sql", name = "evaluate", requires = ["tables"]);
extension_sql_file!(
    "../sql/evaluate_functions.sql",
    name = "evaluate_functions",
    requires = ["evaluate", sgr_eval_split, sgr_eval]
);
extension_sql_file!(
    "../sql/evaluate_report.sql",
    name = "evaluate_report",
    requires = ["evaluate_functions", "validation_measures", "kge"]
);
extension_sql_file!(
    "../sql/joint_functions.sql",
    name = "joint_functions",
    requires = ["kge", "evaluate", sgr_joint_train, sgr_ablate, sgr_sweep]
);
extension_sql_file!(
    "../sql/recommender_functions.sql",
    name = "recommender_functions",
    requires = ["kge", sgr_train, sgr_predict, sgr_predict_top]
);
extension_sql_file!("../sql/forget.sql", name = "forget", requires = ["kge", "evaluate", "build", sgr_model_drop]);
extension_sql_file!("../sql/jobs.sql", name = "jobs", requires = ["tables"]);
extension_sql_file!(
    "../sql/jobs_functions.sql",
    name = "jobs_functions",
    requires = ["jobs", job_worker_start, job_check, sgr_job_wait]
);
extension_sql_file!("../sql/ingest_tables.sql", name = "ingest_tables", requires = ["jobs"]);
extension_sql_file!(
    "../sql/ingest.sql",
    name = "ingest",
    requires = ["ingest_tables", sgr_ingest_search, sgr_ingest_crawl, sgr_soundcloud_status]
);
extension_sql_file!("../sql/functions.sql", name = "functions", finalize);

// Cargo does not watch the files of extension_sql_file!; it watches these.
const _: [&str; 29] = [
    include_str!("../sql/tables.sql"),
    include_str!("../sql/sources.sql"),
    include_str!("../sql/triggers.sql"),
    include_str!("../sql/views.sql"),
    include_str!("../sql/graph_tables.sql"),
    include_str!("../sql/adjacency.sql"),
    include_str!("../sql/graph_triggers.sql"),
    include_str!("../sql/fusion.sql"),
    include_str!("../sql/graph_views.sql"),
    include_str!("../sql/export.sql"),
    include_str!("../sql/validation_measures.sql"),
    include_str!("../sql/validation.sql"),
    include_str!("../sql/validation_report.sql"),
    include_str!("../sql/build.sql"),
    include_str!("../sql/graph_functions.sql"),
    include_str!("../sql/explain.sql"),
    include_str!("../sql/kge.sql"),
    include_str!("../sql/kge_functions.sql"),
    include_str!("../sql/evaluate.sql"),
    include_str!("../sql/evaluate_functions.sql"),
    include_str!("../sql/evaluate_report.sql"),
    include_str!("../sql/joint_functions.sql"),
    include_str!("../sql/recommender_functions.sql"),
    include_str!("../sql/forget.sql"),
    include_str!("../sql/jobs.sql"),
    include_str!("../sql/jobs_functions.sql"),
    include_str!("../sql/ingest_tables.sql"),
    include_str!("../sql/ingest.sql"),
    include_str!("../sql/functions.sql"),
];

#[allow(non_snake_case, unsafe_code, missing_docs, reason = "the name and signature are Postgres's")]
#[pg_guard]
pub extern "C-unwind" fn _PG_init() {
    settings::init();
    worker::register_launchers();
}
