//! One request, one response.

use crate::crawler::Exchange;
use crate::resolver::CheckedResolver;
use sgr_engine::soundcloud::{Endpoints, Method, Request, Response, TransportError, UnsafeUrl};
use std::io;
use std::time::Duration;
use ureq::config::Config;
use ureq::http::HeaderMap;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::transport::DefaultConnector;
use ureq::{Agent, Error, Proxy};
use url::Url;

/// Time for a connection to be made.
pub const DEFAULT_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for a request and its response together.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(60);

/// How to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransportConfig {
    /// Time for a connection to be made.
    pub connect_timeout: Duration,
    /// Time for a request and its response together.
    pub timeout: Duration,
    /// `http://host:port`. The environment is not looked at. Behind a proxy it is the proxy that resolves names, so the
    /// check of addresses is left to it.
    pub proxy: Option<String>,
    /// PEM certificates to trust in place of the built-in ones of Mozilla.
    pub ca_certificates: Option<Vec<u8>>,
}

impl Default for TransportConfig {
    fn default() -> Self {
        Self { connect_timeout: DEFAULT_CONNECT_TIMEOUT, timeout: DEFAULT_TIMEOUT, proxy: None, ca_certificates: None }
    }
}

/// Why a config is refused. The texts hold no part of the values, which may be secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TransportConfigError {
    /// Not a URL of a proxy.
    #[error("the proxy is not http://host:port")]
    Proxy,
    /// No certificate in the PEM text, or one that cannot be read.
    #[error("the file of certificates holds none in PEM format")]
    Certificates,
}

/// An HTTP client that goes where the endpoints allow and follows no redirect. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Transport {
    agent: Agent,
}

impl Transport {
    /// A client for these endpoints.
    ///
    /// # Errors
    /// [`TransportConfigError`].
    pub fn new(endpoints: &Endpoints, config: &TransportConfig) -> Result<Self, TransportConfigError> {
        let proxy = match &config.proxy {
            None => None,
            Some(text) => Some(Proxy::new(text).map_err(|_| TransportConfigError::Proxy)?),
        };
        let proxy_host = match (&config.proxy, &proxy) {
            (Some(text), Some(_)) => {
                let url = Url::parse(text).map_err(|_| TransportConfigError::Proxy)?;
                let (host, port) = (url.host_str(), url.port_or_known_default());
                Some(format!("{}:{}", host.unwrap_or_default(), port.ok_or(TransportConfigError::Proxy)?))
            }
            _ => None,
        };
        let roots = match &config.ca_certificates {
            None => RootCerts::WebPki,
            Some(pem) => {
                let mut certificates = Vec::new();
                for item in parse_pem(pem) {
                    if let PemItem::Certificate(certificate) = item.map_err(|_| TransportConfigError::Certificates)? {
                        certificates.push(certificate);
                    }
                }
                if certificates.is_empty() {
                    return Err(TransportConfigError::Certificates);
                }
                RootCerts::from(certificates)
            }
        };
        let resolver = CheckedResolver { endpoints: endpoints.clone(), proxy: proxy_host };
        let config = Config::builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(proxy)
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .timeout_connect(Some(config.connect_timeout))
            .timeout_global(Some(config.timeout))
            // One call at a time: one connection to each of the two hosts.
            .max_idle_connections(2)
            .max_idle_connections_per_host(1)
            .build();
        Ok(Self { agent: Agent::with_parts(config, DefaultConnector::default(), resolver) })
    }

    fn send(&self, request: &Request) -> Result<Response, Error> {
        let url = request.url.as_str();
        let mut answer = match (request.method, &request.form) {
            (Method::Post, form) => self
                .agent
                .post(url)
                .header("Authorization", request.authorization.expose())
                .header("User-Agent", &request.user_agent)
                .header("Accept", Request::ACCEPT)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .send(form.as_ref().map_or("", |form| form.expose()))?,
            (Method::Get, _) => self
                .agent
                .get(url)
                .header("Authorization", request.authorization.expose())
                .header("User-Agent", &request.user_agent)
                .header("Accept", Request::ACCEPT)
                .call()?,
        };
        let headers = answer.headers();
        let mut response = Response {
            status: answer.status().as_u16(),
            content_type: header(headers, "content-type"),
            retry_after: header(headers, "retry-after"),
            location: header(headers, "location"),
            body: Vec::new(),
        };
        // The limit is on what is read after decompression. One more, so that a body of exactly the limit passes.
        let limit = request.max_body_bytes as u64 + 1;
        response.body = answer.body_mut().with_config().limit(limit).read_to_vec()?;
        if response.body.len() > request.max_body_bytes {
            return Err(Error::BodyExceedsLimit(limit));
        }
        Ok(response)
    }
}

impl Exchange for Transport {
    fn exchange(&mut self, request: &Request) -> Result<Response, TransportError> {
        self.send(request).map_err(|error| failure(error, request.max_body_bytes))
    }
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// Without the URL, which errors of the client may hold.
fn failure(error: Error, limit: usize) -> TransportError {
    match error {
        Error::Timeout(_) => TransportError::Timeout,
        Error::BodyExceedsLimit(_) => TransportError::TooLarge { limit },
        Error::HostNotFound => TransportError::Connect("the host is not found".to_owned()),
        Error::Tls(_) | Error::Rustls(_) | Error::Pem(_) => tls_failure(&error.to_string()),
        Error::Io(error) => io_failure(&error, limit),
        Error::Decompress(..) | Error::Protocol(_) => TransportError::Broken,
        Error::ConnectProxyFailed(_) => TransportError::Connect("the proxy refuses".to_owned()),
        _ => TransportError::Connect("the connection failed".to_owned()),
    }
}

/// What the TLS library begins its text with when it is the certificate that it does not like.
const CERTIFICATE: &str = "invalid peer certificate: ";

/// Of the library's text only what it says of a certificate, which the server shows to everybody.
fn tls_failure(text: &str) -> TransportError {
    match text.split_once(CERTIFICATE) {
        Some((_, why)) => TransportError::Certificate(why.to_owned()),
        None => TransportError::Connect("TLS failed".to_owned()),
    }
}

fn io_failure(error: &io::Error, limit: usize) -> TransportError {
    // The client wraps its own errors when a body is read.
    let inner = error.get_ref();
    if let Some(fault) = inner.and_then(|inner| inner.downcast_ref::<UnsafeUrl>()) {
        return TransportError::Unsafe(fault.clone());
    }
    match inner.and_then(|inner| inner.downcast_ref::<Error>()) {
        Some(Error::Timeout(_)) => return TransportError::Timeout,
        Some(Error::BodyExceedsLimit(_)) => return TransportError::TooLarge { limit },
        _ => {}
    }
    match error.kind() {
        _ if error.to_string().contains(CERTIFICATE) => tls_failure(&error.to_string()),
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => TransportError::Timeout,
        io::ErrorKind::ConnectionRefused => TransportError::Connect("connection refused".to_owned()),
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => {
            TransportError::Connect("host or network unreachable".to_owned())
        }
        _ => TransportError::Broken,
    }
}
