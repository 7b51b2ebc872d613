//! The extension's settings (`SHOW sgr_graph.…`), read on the main thread only.

mod soundcloud;

pub use soundcloud::{SoundcloudSettings, soundcloud};

use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use pgrx::pg_sys;
use sgr_engine::graph::search::PathConfig;
use std::ffi::CString;
use std::time::Duration;

static MEMORY_LIMIT_MB: GucSetting<i32> = GucSetting::<i32>::new(2048);
static FEATURE_CACHE_MB: GucSetting<i32> = GucSetting::<i32>::new(32);
static GRAPH_CACHE_MB: GucSetting<i32> = GucSetting::<i32>::new(256);
static MODEL_CACHE_MB: GucSetting<i32> = GucSetting::<i32>::new(256);
static PATH_EDGES: GucSetting<i32> = GucSetting::<i32>::new(PathConfig::DEFAULT_MAX_EDGES as i32);
static PATH_TIME_MS: GucSetting<i32> = GucSetting::<i32>::new(0);
static THREADS: GucSetting<i32> = GucSetting::<i32>::new(0);
static MAX_JOBS: GucSetting<i32> = GucSetting::<i32>::new(2);
static JOB_ATTEMPTS: GucSetting<i32> = GucSetting::<i32>::new(3);
static LAUNCHER_DATABASES: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(Some(c""));
static CHECKPOINT_INTERVAL_S: GucSetting<i32> = GucSetting::<i32>::new(300);
static JOB_HISTORY_DAYS: GucSetting<i32> = GucSetting::<i32>::new(30);

/// Registers the settings; called once, from `_PG_init`.
pub fn init() {
    GucRegistry::define_int_guc(
        c"sgr_graph.memory_limit",
        c"Sets the most memory that one sgr_graph computation may take",
        c"In megabytes, outside work_mem. A computation that needs more works in blocks or refuses with the numbers.",
        &MEMORY_LIMIT_MB,
        1,
        i32::MAX,
        GucContext::Suset,
        GucFlags::UNIT_MB,
    );
    GucRegistry::define_int_guc(
        c"sgr_graph.feature_cache",
        c"Sets how much memory a session keeps track features in",
        c"In megabytes. Recommendations read some hundred features each; those kept need no index probe. 0 keeps none.",
        &FEATURE_CACHE_MB,
        0,
        1 << 20,
        GucContext::Userset,
        GucFlags::UNIT_MB,
    );
    GucRegistry::define_int_guc(
        c"sgr_graph.graph_cache",
        c"Sets how much memory a session keeps rows of the graph in",
        c"In megabytes. A path search reads some hundred rows; those kept need no index probe. 0 keeps none.",
        &GRAPH_CACHE_MB,
        0,
        1 << 20,
        GucContext::Userset,
        GucFlags::UNIT_MB,
    );
    GucRegistry::define_int_guc(
        c"sgr_graph.model_cache",
        c"Sets how much memory a session keeps recommenders in",
        c"In megabytes. A prediction needs the model; one that is kept is not read again. 0 keeps none.",
        &MODEL_CACHE_MB,
        0,
        1 << 20,
        GucContext::Userset,
        GucFlags::UNIT_MB,
    );
    GucRegistry::define_int_guc(
        c"sgr_graph.path_edges",
        c"Sets how many edges a path search may look at",
        c"A search that needs more stops with a warning and what it has found.",
        &PATH_EDGES,
        1,
        i32::MAX,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"sgr_graph.path_time",
        c"Sets how long a path search may take",
        c"In milliseconds. A search that needs longer stops with a warning and what it has found. 0 sets no limit.",
        &PATH_TIME_MS,
        0,
        i32::MAX,
        GucContext::Userset,
        GucFlags::UNIT_MS,
    );
    GucRegistry::define_int_guc(
        c"sgr_graph.threads",
        c"Sets the number of threads of one sgr_graph computation",
        c"0 takes every core that the machine offers. Results do not depend on it.",
        &THREADS,
        0,
        256,
        GucContext::Userset,
        GucFlags::default(),
    );
    init_jobs();
    soundcloud::init();
    reserve_prefix();
}

/// Those of background jobs: the administrator's, by database or by role too.
fn init_jobs() {
    GucRegistry::define_int_guc(
        c"sgr_graph.max_jobs",
        c"Sets how many background jobs run in a database at once",
        c"Each takes one of max_worker_processes; further jobs stay queued.",
        &MAX_JOBS,
        1,
        1024,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"sgr_graph.job_attempts",
        c"Sets how often a background job is started whose worker died",
        c"Counted anew from each checkpoint that a job leaves. A job that fails with an error is not started again by itself.",
        &JOB_ATTEMPTS,
        1,
        1000,
        GucContext::Suset,
        GucFlags::default(),
    );
    GucRegistry::define_string_guc(
        c"sgr_graph.launcher_databases",
        c"Names the databases whose queued jobs are taken up when the server starts",
        c"Separated by commas. Needs sgr_graph in shared_preload_libraries, and takes effect when the server starts.",
        &LAUNCHER_DATABASES,
        GucContext::Sighup,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"sgr_graph.checkpoint_interval",
        c"Sets how often a training that runs as a background job saves where it is",
        c"In seconds. After a crash the next attempt goes on from there. 0 saves nothing.",
        &CHECKPOINT_INTERVAL_S,
        0,
        86400,
        GucContext::Userset,
        GucFlags::UNIT_S,
    );
    GucRegistry::define_int_guc(
        c"sgr_graph.job_history",
        c"Sets for how many days jobs that have ended stay in sgr.jobs",
        c"Workers delete older ones of their role when they start. -1 keeps them for ever.",
        &JOB_HISTORY_DAYS,
        -1,
        36500,
        GucContext::Suset,
        GucFlags::default(),
    );
}

/// Makes a misspelt `sgr_graph.…` setting an error (a warning on Postgres 14) instead of a silent placeholder.
#[allow(unsafe_code, reason = "pgrx has no safe wrapper for these two")]
fn reserve_prefix() {
    // SAFETY: called on the main thread during library load with a NUL-terminated constant, which is copied.
    unsafe {
        #[cfg(feature = "pg14")]
        pg_sys::EmitWarningsOnPlaceholders(c"sgr_graph".as_ptr());
        #[cfg(not(feature = "pg14"))]
        pg_sys::MarkGUCPrefixReserved(c"sgr_graph".as_ptr());
    }
}

/// `sgr_graph.memory_limit` in bytes.
pub fn memory_limit() -> usize {
    usize::try_from(MEMORY_LIMIT_MB.get()).unwrap_or(usize::MAX >> 20) << 20
}

/// `sgr_graph.feature_cache` in bytes.
pub fn feature_cache() -> usize {
    usize::try_from(FEATURE_CACHE_MB.get()).unwrap_or(0) << 20
}

/// `sgr_graph.graph_cache` in bytes.
pub fn graph_cache() -> usize {
    usize::try_from(GRAPH_CACHE_MB.get()).unwrap_or(0) << 20
}

/// `sgr_graph.model_cache` in bytes.
pub fn model_cache() -> usize {
    usize::try_from(MODEL_CACHE_MB.get()).unwrap_or(0) << 20
}

/// `sgr_graph.path_edges`.
pub fn path_edges() -> u64 {
    u64::try_from(PATH_EDGES.get()).unwrap_or(PathConfig::DEFAULT_MAX_EDGES)
}

/// `sgr_graph.path_time`, if there is a limit.
pub fn path_time() -> Option<Duration> {
    u64::try_from(PATH_TIME_MS.get()).ok().filter(|&time| time > 0).map(Duration::from_millis)
}

/// `sgr_graph.max_jobs`.
pub fn max_jobs() -> i32 {
    MAX_JOBS.get()
}

/// The names in `sgr_graph.launcher_databases`.
pub fn launcher_databases() -> Vec<String> {
    let names = LAUNCHER_DATABASES.get().and_then(|names| names.into_string().ok()).unwrap_or_default();
    names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// `sgr_graph.checkpoint_interval`, if checkpoints are wanted.
pub fn checkpoint_interval() -> Option<Duration> {
    u64::try_from(CHECKPOINT_INTERVAL_S.get()).ok().filter(|&time| time > 0).map(Duration::from_secs)
}

/// `sgr_graph.job_history` in days, if there is a limit.
pub fn job_history() -> Option<f64> {
    let days = JOB_HISTORY_DAYS.get();
    (days >= 0).then(|| days.into())
}

/// The number of threads to use: the argument if given, else `sgr_graph.threads`, else all cores.
pub fn threads(argument: Option<i32>) -> crate::error::Result<usize> {
    let asked = argument.unwrap_or_else(|| THREADS.get());
    match usize::try_from(asked) {
        Ok(0) => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
        Ok(n) if n <= 256 => Ok(n),
        _ => Err(crate::error::Error::invalid(format!("threads must be between 0 and 256, not {asked}"))),
    }
}
