//! Names to addresses, with a look at each address before anything is sent to it.

use sgr_engine::soundcloud::{Endpoints, UnsafeUrl};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use url::Url;

/// Most addresses that the client tries.
const MAX_ADDRESSES: usize = 16;

/// Resolves on the calling thread: the usual resolver of the HTTP client starts a thread for each name, and a Postgres
/// process must not have threads with signals unblocked. The system's own time-outs apply.
#[derive(Debug)]
pub(super) struct CheckedResolver {
    pub(super) endpoints: Endpoints,
    /// `host:port` of the proxy. It is the administrator's choice, wherever it is.
    pub(super) proxy: Option<String>,
}

impl Resolver for CheckedResolver {
    fn resolve(&self, uri: &Uri, _config: &Config, _timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let url = Url::parse(&uri.to_string()).map_err(|_| Error::HostNotFound)?;
        let host = url.host_str().ok_or(Error::HostNotFound)?;
        let port = url.port_or_known_default().ok_or(Error::HostNotFound)?;
        let is_proxy = self.proxy.as_deref() == Some(format!("{host}:{port}").as_str());
        let addresses: Vec<SocketAddr> =
            (host.trim_matches(['[', ']']), port).to_socket_addrs().map_err(|_| Error::HostNotFound)?.collect();
        let mut allowed = self.empty();
        let mut refused: Option<UnsafeUrl> = None;
        for address in addresses {
            match self.endpoints.check_address(&url, address.ip()) {
                Err(fault) if !is_proxy => refused = Some(fault),
                _ if allowed.len() < MAX_ADDRESSES => allowed.push(address),
                _ => {}
            }
        }
        match refused {
            // One that is refused spoils them all: a name that leads inside and outside is an attack or a mistake.
            Some(fault) => Err(Error::Io(io::Error::new(io::ErrorKind::PermissionDenied, fault))),
            None if allowed.is_empty() => Err(Error::HostNotFound),
            None => Ok(allowed),
        }
    }
}
