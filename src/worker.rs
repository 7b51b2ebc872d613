//! Background jobs: workers that are started on demand and run what `sgr_submit` wrote into `sgr.jobs`.
//!
//! A worker belongs to one role and one database. It takes one of `sgr_graph.max_jobs` slots, claims the role's due jobs
//! one after the other, and ends when there are none. Everything that says who does what is an advisory lock of its
//! session, which dies with the process.

pub mod checkpoint;
mod launch;
mod launcher;
mod lock;
mod process;
mod progress;
mod queue;
mod staged;
mod transaction;
mod wait;

pub use launch::start_after_commit;
pub use launcher::register as register_launchers;
pub use lock::{hold_app, interrupt, try_app};
pub use progress::{Status, in_job, phase, report};
pub use queue::Job;
pub use staged::{
    Staged, Stages, begin_reading, check, in_stages, is_check, is_wanted as is_staged, put as put_stages,
};
pub use transaction::{pause, pause_or_readable};
pub use wait::wait;
