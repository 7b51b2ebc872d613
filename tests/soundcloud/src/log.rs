//! What was asked.

use std::fmt;

/// What became of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// Answered as it should be: a whole body with what was asked for.
    Answered,
    /// Answered that there is no such thing, or that a cursor is not good.
    Refused,
    /// Met a hazard that a client should overcome by asking again.
    Spoilt(&'static str),
}

/// One request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it came, by the server's clock.
    pub at: i64,
    /// GET or POST.
    pub method: String,
    /// Path and parameters.
    pub target: String,
    /// What became of it.
    pub fate: Fate,
    /// The time before which a rate limit told the client not to come back, by the server's clock.
    pub reset: Option<i64>,
}

impl fmt::Display for Entry {
    /// As a line of the log file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fate = match self.fate {
            Fate::Answered => "answered",
            Fate::Refused => "refused",
            Fate::Spoilt(kind) => kind,
        };
        write!(f, "{}\t{}\t{fate}\t{}", self.at, self.method, self.target)?;
        self.reset.map_or(Ok(()), |reset| write!(f, "\t{reset}"))
    }
}
