//! The extension's settings (`SHOW sgr_graph.…`), read on the main thread only.

use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use pgrx::pg_sys;

static MEMORY_LIMIT_MB: GucSetting<i32> = GucSetting::<i32>::new(2048);
static FEATURE_CACHE_MB: GucSetting<i32> = GucSetting::<i32>::new(32);
static THREADS: GucSetting<i32> = GucSetting::<i32>::new(0);

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
        c"sgr_graph.threads",
        c"Sets the number of threads of one sgr_graph computation",
        c"0 takes every core that the machine offers. Results do not depend on it.",
        &THREADS,
        0,
        256,
        GucContext::Userset,
        GucFlags::default(),
    );
    reserve_prefix();
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

/// The number of threads to use: the argument if given, else `sgr_graph.threads`, else all cores.
pub fn threads(argument: Option<i32>) -> crate::error::Result<usize> {
    let asked = argument.unwrap_or_else(|| THREADS.get());
    match usize::try_from(asked) {
        Ok(0) => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
        Ok(n) if n <= 256 => Ok(n),
        _ => Err(crate::error::Error::invalid(format!("threads must be between 0 and 256, not {asked}"))),
    }
}
