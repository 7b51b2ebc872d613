//! What the engine and the client refuse, as SQL says it.

use crate::error::Error;
use pgrx::PgSqlErrorCode;
use sgr_engine::soundcloud::SoundcloudError;
use sgr_http::TransportConfigError;

impl From<SoundcloudError> for Error {
    fn from(error: SoundcloudError) -> Self {
        let message = error.to_string();
        match error {
            SoundcloudError::InvalidConfig { .. } => Self::invalid(message),
            SoundcloudError::Credentials { .. } => {
                Self::new(PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, message)
                    .hint("compare them with the application's page at SoundCloud; SELECT * FROM sgr_soundcloud_status() tries them")
            }
            SoundcloudError::TokenRefused { .. } => {
                Self::new(PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION, message)
                    .hint("the application may be blocked; sgr_job_retry() goes on where the crawl stopped")
            }
            SoundcloudError::Unavailable { .. } => Self::new(PgSqlErrorCode::ERRCODE_CONNECTION_FAILURE, message)
                .hint("sgr_job_retry() goes on where the crawl stopped"),
            SoundcloudError::Unsafe(_) => Self::new(PgSqlErrorCode::ERRCODE_CONNECTION_FAILURE, message)
                .hint("see where the server's name service leads to; sgr_job_retry() goes on where the crawl stopped"),
            SoundcloudError::Certificate(_) => Self::new(PgSqlErrorCode::ERRCODE_CONNECTION_FAILURE, message).hint(
                "sgr_graph.soundcloud_ca_file names the certificates to trust; sgr_job_retry() goes on where the crawl stopped",
            ),
            SoundcloudError::Start { .. } => Self::unknown(message),
            _ => Self::not_ready(message),
        }
    }
}

/// A config that came from settings.
pub fn of_setting(error: SoundcloudError) -> Error {
    match error {
        SoundcloudError::InvalidConfig { parameter, message } => {
            Error::invalid(format!("invalid sgr_graph.soundcloud_{parameter}: {message}"))
                .hint("a superuser changes it with ALTER SYSTEM or ALTER DATABASE ... SET")
        }
        other => other.into(),
    }
}

/// The same of the client.
pub fn of_transport(error: TransportConfigError) -> Error {
    let setting = match error {
        TransportConfigError::Proxy => "proxy",
        _ => "ca_file",
    };
    Error::invalid(format!("invalid sgr_graph.soundcloud_{setting}: {error}"))
        .hint("a superuser changes it with ALTER SYSTEM or ALTER DATABASE ... SET")
}
