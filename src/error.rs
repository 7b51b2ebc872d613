//! What the SQL functions say when they refuse: SQLSTATE, message, DETAIL with the numbers, HINT with the way out.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use sgr_engine::cooccurrence::CooccurrenceError;
use sgr_engine::demo::DemoError;
use sgr_engine::evaluate::UnknownChoice;
use sgr_engine::recommend::RecommendError;

/// A refusal in the style of the server's own messages: lower case, no full stop, names in double quotes.
#[derive(Debug)]
pub struct Error {
    sqlstate: PgSqlErrorCode,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
}

/// What the face's functions return.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error without DETAIL and HINT.
    pub fn new(sqlstate: PgSqlErrorCode, message: impl Into<String>) -> Self {
        Self { sqlstate, message: message.into(), detail: None, hint: None }
    }

    /// 22023: an argument outside its range.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(PgSqlErrorCode::ERRCODE_INVALID_PARAMETER_VALUE, message)
    }

    /// 42704: a track, user, tag … that nobody knows.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(PgSqlErrorCode::ERRCODE_UNDEFINED_OBJECT, message)
    }

    /// 55000: something else has to be done first.
    pub fn not_ready(message: impl Into<String>) -> Self {
        Self::new(PgSqlErrorCode::ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE, message)
    }

    /// The message.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Adds the numbers.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds the way out.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl From<Error> for ErrorReport {
    fn from(error: Error) -> Self {
        let mut report = ErrorReport::new(error.sqlstate, error.message, "sgr_graph");
        if let Some(detail) = error.detail {
            report = report.set_detail(detail);
        }
        if let Some(hint) = error.hint {
            report = report.set_hint(hint);
        }
        report
    }
}

impl From<CooccurrenceError> for Error {
    fn from(error: CooccurrenceError) -> Self {
        match error {
            CooccurrenceError::MemoryLimit { needed, limit, what } => memory_limit(needed, limit, what, REFRESH_LESS),
            // Nobody sees it: the cancel request itself unwinds the main thread.
            CooccurrenceError::Cancelled => Self::new(PgSqlErrorCode::ERRCODE_QUERY_CANCELED, "canceled"),
            CooccurrenceError::InvalidConfig { .. } => Self::invalid(error.to_string()),
            other => Self::new(PgSqlErrorCode::ERRCODE_PROGRAM_LIMIT_EXCEEDED, other.to_string()),
        }
    }
}

impl From<UnknownChoice> for Error {
    fn from(unknown: UnknownChoice) -> Self {
        Self::invalid(format!("unknown {} \"{}\"", unknown.what, crate::lookup::shortened(&unknown.name)))
            .hint(format!("use one of {}", unknown.known))
    }
}

impl From<DemoError> for Error {
    fn from(error: DemoError) -> Self {
        Self::invalid(error.to_string())
    }
}

impl From<RecommendError> for Error {
    fn from(error: RecommendError) -> Self {
        match error {
            // Nobody sees it: the cancel request itself unwinds the main thread.
            RecommendError::Cancelled => Self::new(PgSqlErrorCode::ERRCODE_QUERY_CANCELED, "canceled"),
            other => Self::invalid(other.to_string()),
        }
    }
}

/// How a refresh gets by with less memory.
pub const REFRESH_LESS: &str = "count less: a lower max_basket_len or top_k, a later since";

/// 53000: a structure would be larger than `sgr_graph.memory_limit`.
pub fn memory_limit(needed: usize, limit: usize, what: &str, less: &str) -> Error {
    const MIB: usize = 1 << 20;
    Error::new(PgSqlErrorCode::ERRCODE_INSUFFICIENT_RESOURCES, format!("not enough memory allowed for {what}"))
        .detail(format!("{} MB needed, sgr_graph.memory_limit is {} MB", needed.div_ceil(MIB), limit / MIB))
        .hint(format!("SET sgr_graph.memory_limit = '{} MB', or {less}", needed.div_ceil(MIB)))
}

/// An argument that must not be NULL. Errors: 22004.
pub fn required<T>(name: &str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| Error::new(PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED, format!("{name} must not be NULL")))
}
