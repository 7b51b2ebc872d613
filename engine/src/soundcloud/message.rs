//! Requests and responses as data.

use super::endpoints::UnsafeUrl;
use super::secret::Secret;
use crate::catalog::redact;
use std::fmt;
use url::Url;

/// How to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
}

/// The body of a POST, `application/x-www-form-urlencoded`.
pub type Form = Secret;

/// A request to send: exactly this URL, without following redirects. Beside the headers here it should accept gzip.
#[derive(Clone, PartialEq, Eq)]
pub struct Request {
    /// GET or POST.
    pub method: Method,
    /// Where to; [`Endpoints::check_address`](super::Endpoints::check_address) decides on the address it leads to.
    pub url: Url,
    /// The header `Authorization`.
    pub authorization: Secret,
    /// The header `User-Agent`.
    pub user_agent: String,
    /// The body of a POST.
    pub form: Option<Form>,
    /// Longest body to accept, in bytes after decompression; a longer one is [`TransportError::TooLarge`].
    pub max_body_bytes: usize,
}

impl Request {
    /// The header `Accept`.
    pub const ACCEPT: &'static str = "application/json; charset=utf-8";
}

impl fmt::Debug for Request {
    /// Without credentials, those in the URL included.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {}", self.method, redact(self.url.as_str()))
    }
}

/// What came back, whatever the status.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    /// The header `Retry-After`.
    pub retry_after: Option<String>,
    /// The header `Location`.
    pub location: Option<String>,
    /// The body, decompressed.
    pub body: Vec<u8>,
}

impl Response {
    /// A JSON response without further headers.
    pub fn json(status: u16, body: &[u8]) -> Self {
        Self {
            status,
            content_type: Some("application/json; charset=utf-8".to_owned()),
            body: body.to_vec(),
            ..Self::default()
        }
    }
}

impl fmt::Debug for Response {
    /// Without the body, which may hold a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.content_type.as_deref().unwrap_or("no type");
        write!(f, "{} ({kind}, {} bytes)", self.status, self.body.len())
    }
}

/// Why there is no response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportError {
    /// It took too long.
    #[error("timed out")]
    Timeout,
    /// No connection: name, network, TLS but for the next one.
    #[error("no connection: {0}")]
    Connect(String),
    /// The server's certificate is none that is trusted, or is of another host. Trying again does not help.
    #[error("the certificate of the server is not accepted: {0}")]
    Certificate(String),
    /// The connection broke before the whole response was here.
    #[error("the connection broke")]
    Broken,
    /// The body is longer than [`Request::max_body_bytes`].
    #[error("the body is over {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The host leads to an address that must not be asked.
    #[error(transparent)]
    Unsafe(#[from] UnsafeUrl),
}
