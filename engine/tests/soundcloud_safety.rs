//! Where requests may go, and that secrets are not shown.

use sgr_engine::soundcloud::{
    Client, ClientConfig, Credentials, Endpoints, Request, Response, Secret, SoundcloudError, Step, TransportError,
    UnsafeUrl,
};
use std::net::IpAddr;
use url::Url;

const SECRET: &str = "S3cr3t-of-the-app";
const TOKEN: &str = "T0ken-of-the-app";
const REFRESH: &str = "R3fresh-of-the-app";

fn url(text: &str) -> Url {
    Url::parse(text).expect("it is a URL")
}

fn address(text: &str) -> IpAddr {
    text.parse().expect("it is an address")
}

#[test]
fn only_http_and_https_to_the_configured_origin_without_credentials() {
    let endpoints = Endpoints::default();
    assert_eq!(endpoints.check_url(&url("https://api.soundcloud.com/tracks?q=a")), Ok(()));
    assert_eq!(endpoints.check_url(&url("https://API.soundcloud.com:443/")), Ok(()));
    for text in ["ftp://api.soundcloud.com/", "file:///etc/passwd", "data:text/plain,x", "gopher://api.soundcloud.com/"]
    {
        assert!(matches!(endpoints.check_url(&url(text)), Err(UnsafeUrl::Scheme(_))), "{text}");
    }
    for text in ["https://me@api.soundcloud.com/", "https://me:pw@api.soundcloud.com/"] {
        assert_eq!(endpoints.check_url(&url(text)), Err(UnsafeUrl::UserInfo));
    }
    for text in [
        "https://api.soundcloud.com.evil.example/",
        "https://evil.example/api.soundcloud.com/",
        "https://secure.soundcloud.com/",
        "http://api.soundcloud.com/",
        "https://api.soundcloud.com:8443/",
        "https://127.0.0.1/",
    ] {
        assert!(matches!(endpoints.check_url(&url(text)), Err(UnsafeUrl::Host(_))), "{text}");
    }
}

#[test]
fn private_addresses_are_refused_for_public_names() {
    let endpoints = Endpoints::default();
    let api = url("https://api.soundcloud.com/tracks");
    for text in [
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "127.0.0.1",
        "127.255.0.9",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "::127.0.0.1",
        "64:ff9b::a00:1",
        "64:ff9b:1::1",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:a00:1::",
        "3fff::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ] {
        let refused = endpoints.check_address(&api, address(text));
        assert!(matches!(refused, Err(UnsafeUrl::PrivateAddress { .. })), "{text}");
    }
    for text in ["108.156.22.1", "1.1.1.1", "100.128.0.1", "172.32.0.1", "2606:4700::1111", "64:ff9b::101:101"] {
        assert_eq!(endpoints.check_address(&api, address(text)), Ok(()), "{text}");
    }
}

#[test]
fn a_private_address_is_asked_only_where_the_base_url_names_it() {
    let local = Endpoints::new("http://127.0.0.1:8080/api", "http://[::1]:8080/oauth/token").expect("good URLs");
    assert_eq!(local.check_address(&url("http://127.0.0.1:8080/api/tracks"), address("127.0.0.1")), Ok(()));
    assert_eq!(local.check_address(&url("http://[::1]:8080/oauth/token"), address("::1")), Ok(()));
    for (text, ip) in [
        ("http://127.0.0.1:8080/api/tracks", "127.0.0.2"),
        ("http://127.0.0.1:5432/", "127.0.0.1"),
        ("http://10.0.0.1/", "10.0.0.1"),
        ("https://api.soundcloud.com/", "1.1.1.1"),
    ] {
        assert!(local.check_address(&url(text), address(ip)).is_err(), "{text} at {ip}");
    }
    let named = Endpoints::new("http://localhost:1/", "http://mock.internal:1/t").expect("good URLs");
    assert_eq!(named.check_address(&url("http://localhost:1/x"), address("::1")), Ok(()));
    assert!(named.check_address(&url("http://localhost:1/x"), address("10.0.0.1")).is_err());
    // A name is not an address: whoever answers for it could send us anywhere.
    assert!(named.check_address(&url("http://mock.internal:1/t"), address("10.0.0.1")).is_err());
}

#[test]
fn base_urls_are_http_with_a_host_and_nothing_secret() {
    for text in
        ["", "api.soundcloud.com", "ftp://x/", "https://", "https://me:S3cr3t@x/", "https://x/?a=1", "https://x/#a"]
    {
        match Endpoints::new(text, "https://x/t") {
            Err(error @ SoundcloudError::InvalidConfig { parameter: "api_url", .. }) => {
                assert!(!error.to_string().contains("S3cr3t"), "{error}");
            }
            other => panic!("{text}: {other:?}"),
        }
    }
    assert!(matches!(
        Endpoints::new("https://x/", "no"),
        Err(SoundcloudError::InvalidConfig { parameter: "token_url", .. })
    ));
}

/// Drives a client through everything that touches secrets and collects all that it prints on the way.
#[test]
fn secrets_are_in_no_debug_display_or_error_text() {
    let mut printed = Vec::new();
    let credentials = Credentials { client_id: "id".to_owned(), client_secret: SECRET.into() };
    printed.push(format!("{credentials:?} {:#?} {}", credentials, Secret::from(SECRET)));
    let config = ClientConfig { rate: 1000.0, burst: 100, ..ClientConfig::new(Endpoints::default()) };
    let mut client = Client::new(config, credentials).expect("a good config");
    client.begin(url("https://api.soundcloud.com/tracks/1?secret_token=S3cr3t-of-the-app&client_id=S3cr3t-of-the-app"));
    let token = format!(r#"{{"access_token":"{TOKEN}","refresh_token":"{REFRESH}","expires_in":3599}}"#);
    let echo = format!(r#"{{"message":"no client_secret={SECRET}, OAuth {TOKEN}"}}"#);
    let mut show = |client: &Client, step: &dyn std::fmt::Debug| {
        printed.push(format!("{client:?} {client:#?} {step:?} {step:#?}"));
    };
    let mut sent: Vec<Request> = Vec::new();
    let mut now = 0;
    for response in [
        Ok(Response::json(500, echo.as_bytes())),
        Ok(Response::json(200, token.as_bytes())),
        Ok(Response::json(503, echo.as_bytes())),
        Err(TransportError::Timeout),
        Ok(Response::json(429, echo.as_bytes())),
        Ok(Response::json(200, &token.as_bytes()[..token.len() - 3])),
        Ok(Response::json(403, echo.as_bytes())),
    ] {
        let request = loop {
            let step = client.next(now);
            show(&client, &step);
            match step {
                Ok(Step::Send(request)) => break request,
                Ok(Step::Wait { until, .. }) => now = until,
                other => panic!("{other:?}"),
            }
        };
        sent.push(request);
        show(&client, &response);
        client.receive(response, now);
    }
    let last = client.next(now);
    show(&client, &last);
    let Ok(Step::Done(Err(failure))) = &last else { panic!("{last:?}") };
    show(&client, &failure.to_string());
    // The test itself: they were really there.
    assert!(sent.iter().any(|request| request.authorization.expose().contains(TOKEN)));
    for text in printed {
        for secret in [SECRET, TOKEN, REFRESH, "aWQ6UzNjcjN0"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}
