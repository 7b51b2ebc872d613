//! Where requests may go.

use super::error::SoundcloudError;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::{Host, Url};

/// The base URLs: of the API, and of the service that gives tokens. Nothing is ever sent anywhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    api: Url,
    token: Url,
}

/// Why a URL is not asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnsafeUrl {
    /// Neither http nor https.
    #[error("scheme \"{0}\" is not http or https")]
    Scheme(String),
    /// A user name or password in the URL.
    #[error("the URL holds a user name or password")]
    UserInfo,
    /// Not an origin that is configured.
    #[error("{0} is none of the configured hosts")]
    Host(String),
    /// A name that leads to an address inside a network, although the configured URL does not name such an address.
    #[error("{host} leads to the address {address}, which is not a public one")]
    PrivateAddress {
        /// The host as the URL names it.
        host: String,
        /// What it leads to.
        address: IpAddr,
    },
}

impl Default for Endpoints {
    /// The API's own.
    fn default() -> Self {
        let known = |text: &str| Url::parse(text).unwrap_or_else(|_| unreachable!("a constant URL"));
        Self { api: known("https://api.soundcloud.com/"), token: known("https://secure.soundcloud.com/oauth/token") }
    }
}

impl Endpoints {
    /// Endpoints at `api`, the URL that paths such as `/tracks` are appended to, and `token`, the URL that gives tokens.
    ///
    /// # Errors
    /// [`SoundcloudError::InvalidConfig`]: not an http or https URL with a host, or one with credentials, a query or a
    /// fragment.
    pub fn new(api: &str, token: &str) -> Result<Self, SoundcloudError> {
        Ok(Self { api: base("api_url", api)?, token: base("token_url", token)? })
    }

    /// The base URL of the API.
    pub fn api(&self) -> &Url {
        &self.api
    }

    /// The URL that gives tokens.
    pub fn token(&self) -> &Url {
        &self.token
    }

    /// A small call that any working service answers to any application with a good token.
    pub fn probe(&self) -> Url {
        let mut url = self.api.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().push("tracks");
        }
        url.set_query(Some("q=music&limit=1"));
        url
    }

    /// Whether a request with a token may be sent to `url`: http or https, no credentials in it, and of the API's own
    /// origin (scheme, host and port).
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check_url(&self, url: &Url) -> Result<(), UnsafeUrl> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(UnsafeUrl::Scheme(url.scheme().to_owned()));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(UnsafeUrl::UserInfo);
        }
        if url.origin() != self.api.origin() {
            return Err(UnsafeUrl::Host(url.origin().ascii_serialization()));
        }
        Ok(())
    }

    /// Whether a connection for `url` may be made to `address`, which its host was resolved to. Addresses inside networks
    /// are refused (RFC 6890 and its registry), unless the configured URL of that host itself is such an address, or is
    /// `localhost`. A name in the DNS that leads inside is refused also where it is configured: whoever answers for the
    /// name would choose what the server talks to.
    ///
    /// # Errors
    /// [`UnsafeUrl`].
    pub fn check_address(&self, url: &Url, address: IpAddr) -> Result<(), UnsafeUrl> {
        let configured = [&self.api, &self.token].into_iter().any(|base| base.origin() == url.origin());
        if !configured {
            return Err(UnsafeUrl::Host(url.origin().ascii_serialization()));
        }
        if is_public(address) {
            return Ok(());
        }
        let meant = match url.host() {
            Some(Host::Ipv4(host)) => IpAddr::V4(host) == address,
            Some(Host::Ipv6(host)) => IpAddr::V6(host) == address,
            Some(Host::Domain(host)) => host == "localhost" && address.is_loopback(),
            None => false,
        };
        let host = || url.host_str().unwrap_or_default().to_owned();
        if meant { Ok(()) } else { Err(UnsafeUrl::PrivateAddress { host: host(), address }) }
    }
}

fn base(parameter: &'static str, text: &str) -> Result<Url, SoundcloudError> {
    // The text is not repeated: it may hold a password.
    let url = Url::parse(text).map_err(|error| SoundcloudError::invalid(parameter, error.to_string()))?;
    let fault = if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        "must begin with http:// or https:// and a host"
    } else if !url.username().is_empty() || url.password().is_some() {
        "must not hold a user name or password"
    } else if url.query().is_some() || url.fragment().is_some() {
        "must not have a query or a fragment"
    } else {
        return Ok(url);
    };
    Err(SoundcloudError::invalid(parameter, fault))
}

/// Whether the address is one of the public internet.
fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => is_public_v4(v4),
        IpAddr::V6(v6) => is_public_v6(v6),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let inside = address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_documentation()
        || a == 0
        // Carrier-grade NAT (RFC 6598), protocol assignments (RFC 6890), 6to4 relays (RFC 7526), benchmarks (RFC 2544).
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (b == 18 || b == 19))
        // Multicast, reserved, broadcast.
        || a >= 224;
    !inside
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    if let Some(v4) = address.to_ipv4_mapped() {
        return is_public_v4(v4);
    }
    let [first, second, third, ..] = address.segments();
    // Only 2000::/3 is global unicast; in it: Teredo and the like (2001::/23), documentation, 6to4 (leads to any IPv4).
    let global = first & 0xe000 == 0x2000;
    let special = (first == 0x2001 && (second < 0x0200 || second == 0x0db8))
        || first == 0x2002
        || (first == 0x3fff && second < 0x1000);
    // NAT64 (RFC 6052) carries an IPv4 address in its last 32 bits.
    if first == 0x0064 && second == 0xff9b && third == 0 {
        let [.., high, low] = address.segments();
        return is_public_v4(Ipv4Addr::from((u32::from(high) << 16) | u32::from(low)));
    }
    global && !special
}
