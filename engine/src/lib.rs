//! `sgr_engine`: everything that `sgr_graph` *computes*.
//!
//! The crate knows nothing of Postgres: no server, no network, no clock, no printing. Functions take slices and
//! documented config structs and return `Result`; long work is *stepped*, so that the host owns the loop, may cancel
//! between two steps and report progress.

pub mod catalog;
mod choice;
pub mod cooccurrence;
pub mod demo;
pub mod evaluate;
pub mod explain;
pub mod export;
pub mod fuse;
pub mod graph;
pub mod kge;
pub mod recommend;
pub mod soundcloud;
