//! Where a job is. A worker says it in `pg_stat_activity.query`: other sessions see it at once although its transaction is
//! open, with Postgres's own rules of who may, and nothing is left when the process dies.

use super::transaction::show_activity;
use std::cell::RefCell;
use std::ffi::CString;

/// Characters of a message; Postgres keeps `track_activity_query_size` bytes of all of it.
const MESSAGE: usize = 300;

/// What is known of a computation.
#[derive(Clone, Default)]
pub struct Status {
    pub phase: String,
    /// In [0,1].
    pub fraction: Option<f64>,
    pub rows_done: Option<u64>,
    pub rows_total: Option<u64>,
    pub rows_per_second: Option<f64>,
    pub seconds_left: Option<f64>,
    pub message: String,
}

struct Current {
    job_id: i64,
    status: Status,
}

thread_local! {
    static CURRENT: RefCell<Option<Current>> = const { RefCell::new(None) };
}

/// Whether this process runs a job, so that notices reach nobody.
pub fn in_job() -> bool {
    CURRENT.with_borrow(Option::is_some)
}

/// A new phase, nothing of it done yet. Outside a job this does nothing.
pub fn phase(name: &str) {
    report(Status { phase: name.to_owned(), ..Status::default() });
}

/// How far the job is. Outside a job this does nothing.
pub fn report(status: Status) {
    CURRENT.with_borrow_mut(|current| {
        if let Some(current) = current {
            show_activity(Some(&line(current.job_id, &status)));
            current.status = status;
        }
    });
}

/// The job that this process runs from now on.
pub fn begin(job_id: i64) {
    CURRENT.with_borrow_mut(|current| *current = Some(Current { job_id, status: Status::default() }));
    phase("starting");
}

/// The job has ended; what was reported last.
pub fn end() -> Status {
    show_activity(None);
    CURRENT.with_borrow_mut(Option::take).map(|current| current.status).unwrap_or_default()
}

/// What was reported last.
pub fn last() -> Status {
    CURRENT.with_borrow(|current| current.as_ref().map(|current| current.status.clone())).unwrap_or_default()
}

/// As the view `sgr.job_status` takes it apart: the message last, for what is cut off is cut off there.
fn line(job_id: i64, status: &Status) -> CString {
    let plain = |text: &str| text.chars().map(|c| if c.is_control() || c == '|' { ' ' } else { c }).collect::<String>();
    let count = |count: Option<u64>| count.map_or(String::new(), |count| count.to_string());
    let number = |number: Option<f64>| {
        number.filter(|number| number.is_finite()).map_or(String::new(), |number| format!("{:.4}", number.max(0.0)))
    };
    let message: String = plain(&status.message).chars().take(MESSAGE).collect();
    let fraction = number(status.fraction.map(|fraction| fraction.clamp(0.0, 1.0)));
    let (done, total) = (count(status.rows_done), count(status.rows_total));
    let (speed, left) = (number(status.rows_per_second), number(status.seconds_left));
    let phase = plain(&status.phase);
    // Without control characters there is no NUL.
    CString::new(format!("sgr_graph job {job_id}: {phase}|{fraction}|{done}|{total}|{speed}|{left}|{message}"))
        .unwrap_or_default()
}
