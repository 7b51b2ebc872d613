//! The SQL functions, one file per topic. They check arguments, call what does the work, and hand rows back.

mod catalogue;
mod cooccurrence;
mod documents;
mod evaluate;
mod explain;
mod export;
mod graph;
mod ingest;
mod jobs;
mod joint;
mod kge;
mod models;
mod paths;
mod recommend;
mod recommender;
mod related;
mod unveil;
mod validation;
