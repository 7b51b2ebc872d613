//! The client on the wire: what it sends, what it refuses, what it makes of bad answers.

use sgr_engine::soundcloud::{Endpoints, Method, Request, Response, TransportError, UnsafeUrl};
use sgr_http::{Exchange, Transport, TransportConfig, TransportConfigError};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread::JoinHandle;
use std::time::Duration;
use url::Url;

/// A server for one connection: it sends `answer` and gives back what it was sent.
fn once(answer: Vec<u8>, stays_open: bool) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let serving = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a client");
        let mut buffer = [0; 4096];
        let mut request = String::new();
        while !request.contains("\r\n\r\n") {
            let length = stream.read(&mut buffer).expect("a request");
            request.push_str(&String::from_utf8_lossy(&buffer[..length]));
        }
        // The client may have had enough by then.
        let _ = stream.write_all(&answer);
        if stays_open {
            let _ = stream.read(&mut buffer);
        }
        request
    });
    (base, serving)
}

fn get(base: &str, max_body_bytes: usize) -> Request {
    Request {
        method: Method::Get,
        url: Url::parse(&format!("{base}/tracks?q=a+b")).expect("a URL"),
        authorization: "OAuth t0ken".into(),
        user_agent: "tester/1".to_owned(),
        form: None,
        max_body_bytes,
    }
}

fn transport(base: &str) -> Transport {
    let endpoints = Endpoints::new(base, base).expect("good URLs");
    let config = TransportConfig { timeout: Duration::from_secs(2), ..TransportConfig::default() };
    Transport::new(&endpoints, &config).expect("a good config")
}

fn ask(answer: &[u8], stays_open: bool) -> (Result<Response, TransportError>, String) {
    let (base, serving) = once(answer.to_vec(), stays_open);
    let result = transport(&base).exchange(&get(&base, 100));
    (result, serving.join().expect("it served"))
}

#[test]
fn headers_go_out_and_come_back() {
    let (result, request) = ask(
        b"HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\nRetry-After: 7\r\nLocation: /x\r\nContent-Length: 2\r\n\r\n{}",
        false,
    );
    let response = result.expect("a response, whatever its status");
    assert_eq!((response.status, response.body.as_slice()), (429, b"{}".as_slice()));
    assert_eq!(response.content_type.as_deref(), Some("application/json"));
    assert_eq!((response.retry_after.as_deref(), response.location.as_deref()), (Some("7"), Some("/x")));
    let request = request.to_ascii_lowercase();
    assert!(request.starts_with("get /tracks?q=a+b http/1.1\r\n"), "{request}");
    for header in [
        "authorization: oauth t0ken",
        "user-agent: tester/1",
        "accept: application/json; charset=utf-8",
        "accept-encoding: gzip",
    ] {
        assert!(request.contains(header), "{header} in {request}");
    }
}

#[test]
fn redirects_are_not_followed() {
    let (result, _) = ask(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n", false);
    assert_eq!(result.expect("the redirect itself").location.as_deref(), Some("http://127.0.0.1:1/"));
}

#[test]
fn what_is_not_a_whole_response_is_an_error() {
    let broken = |answer: &[u8]| ask(answer, false).0;
    assert_eq!(broken(b""), Err(TransportError::Broken));
    assert_eq!(broken(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"a\":"), Err(TransportError::Broken));
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"a\":\r\n";
    assert_eq!(broken(chunked), Err(TransportError::Broken));
    let not_gzip = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd";
    assert_eq!(broken(not_gzip), Err(TransportError::Broken));
    let (result, _) = ask(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{\"a\":", true);
    assert_eq!(result, Err(TransportError::Timeout));
}

#[test]
fn long_bodies_are_cut_off_also_after_decompression() {
    let body = |length: usize| format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{}", "x".repeat(length));
    assert_eq!(ask(body(100).as_bytes(), false).0.expect("it fits").body.len(), 100);
    assert_eq!(ask(body(101).as_bytes(), false).0, Err(TransportError::TooLarge { limit: 100 }));
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(&[b'x'; 100_000]).expect("memory");
    let packed = encoder.finish().expect("memory");
    let mut answer =
        format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", packed.len()).into_bytes();
    answer.extend(packed);
    assert_eq!(ask(&answer, false).0, Err(TransportError::TooLarge { limit: 100 }));
}

#[test]
fn a_name_that_leads_inside_is_not_asked() {
    // "localhost." is a name like any other to the rules, and leads to the loopback interface.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let port = listener.local_addr().expect("an address").port();
    let base = format!("http://localhost.:{port}");
    let result = transport(&base).exchange(&get(&base, 100));
    assert!(
        matches!(
            result,
            Err(TransportError::Unsafe(UnsafeUrl::PrivateAddress { .. })) | Err(TransportError::Connect(_))
        ),
        "{result:?}"
    );
    listener.set_nonblocking(true).expect("a socket");
    assert!(listener.accept().is_err(), "somebody connected");
    // And nothing but the configured hosts is.
    let elsewhere = get(&format!("http://127.0.0.1:{port}"), 100);
    let result = transport("https://api.soundcloud.com").exchange(&elsewhere);
    assert!(matches!(result, Err(TransportError::Unsafe(UnsafeUrl::Host(_)))), "{result:?}");
    assert!(listener.accept().is_err(), "somebody connected");
}

#[test]
fn nobody_there_is_no_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    drop(listener);
    let result = transport(&base).exchange(&get(&base, 100));
    assert_eq!(result, Err(TransportError::Connect("connection refused".to_owned())));
}

#[test]
fn bad_proxies_and_certificates_are_refused() {
    let endpoints = Endpoints::default();
    let refused = |config: TransportConfig| match Transport::new(&endpoints, &config) {
        Err(error) => error,
        Ok(_) => panic!("it was accepted"),
    };
    let proxy = TransportConfig { proxy: Some("::not a url::".to_owned()), ..TransportConfig::default() };
    assert_eq!(refused(proxy), TransportConfigError::Proxy);
    for pem in ["", "nothing", "-----BEGIN CERTIFICATE-----\nnot base64\n-----END CERTIFICATE-----\n"] {
        let config = TransportConfig { ca_certificates: Some(pem.as_bytes().to_vec()), ..TransportConfig::default() };
        assert_eq!(refused(config), TransportConfigError::Certificates, "{pem}");
    }
}

#[test]
fn behind_a_proxy_the_request_goes_to_the_proxy() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_vec();
    let (base, serving) = once(answer, false);
    let endpoints = Endpoints::new("http://api.example", "http://api.example/t").expect("good URLs");
    let config = TransportConfig { proxy: Some(base), timeout: Duration::from_secs(2), ..TransportConfig::default() };
    let mut transport = Transport::new(&endpoints, &config).expect("a good config");
    let result = transport.exchange(&get("http://api.example", 100));
    let request = serving.join().expect("it served");
    assert!(request.contains("api.example"), "{request}: {result:?}");
}
