//! What ends a crawl, as against what ends one call.

use super::endpoints::UnsafeUrl;

/// Why a crawl cannot begin or go on. What only one call is to blame for is a [`CallFailure`](super::CallFailure).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SoundcloudError {
    /// A parameter is out of its range.
    #[error("invalid {parameter}: {message}")]
    InvalidConfig {
        /// The parameter.
        parameter: &'static str,
        /// What is wrong, as part of a sentence.
        message: String,
    },
    /// The service does not accept the client id and secret.
    #[error("SoundCloud does not accept the credentials: {message}")]
    Credentials {
        /// What it says.
        message: String,
    },
    /// A token that was given a moment ago is refused.
    #[error("SoundCloud refuses the token that it has just given: {message}")]
    TokenRefused {
        /// What it says.
        message: String,
    },
    /// The service failed again and again, with pauses.
    #[error("SoundCloud does not answer as it should: {failures} failures one after the other, the last: {last}")]
    Unavailable {
        /// Failures since the last success.
        failures: u32,
        /// The last of them.
        last: String,
    },
    /// A configured host leads to where nothing is sent.
    #[error("SoundCloud cannot be asked: {0}")]
    Unsafe(UnsafeUrl),
    /// The certificate of a server is not accepted.
    #[error("SoundCloud cannot be asked: the certificate of the server is not accepted: {0}")]
    Certificate(String),
    /// What the crawl was to begin with is not there.
    #[error("the start of the crawl, {start}, cannot be had: {reason}")]
    Start {
        /// What was asked for.
        start: String,
        /// Why not.
        reason: String,
    },
    /// A stored state is not one that this version reads.
    #[error("the stored state of the crawl has version {found}, this is {expected}")]
    StateVersion {
        /// Of the state.
        found: u32,
        /// Of the program.
        expected: u32,
    },
    /// A stored state cannot be read.
    #[error("the stored state of the crawl cannot be read: {message}")]
    StoredState {
        /// Why not.
        message: String,
    },
    /// An answer came for which nothing had been asked.
    #[error("an answer came, but nothing had been asked")]
    NothingAsked,
}

impl SoundcloudError {
    /// [`InvalidConfig`](Self::InvalidConfig) from its parts.
    pub(super) fn invalid(parameter: &'static str, message: impl Into<String>) -> Self {
        Self::InvalidConfig { parameter, message: message.into() }
    }
}
