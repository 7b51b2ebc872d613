//! The client over TLS: whom it trusts, and what a proxy gets to see.

use sgr_engine::demo::{DemoConfig, generate};
use sgr_engine::soundcloud::{Endpoints, Method, Request, Response, TransportError};
use sgr_http::{Exchange, Transport, TransportConfig};
use sgr_soundcloud_mock::{Mock, MockConfig, Site};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;
use url::Url;

fn mock() -> Mock {
    let demo = DemoConfig { tracks: 20, playlists: 5, users: 5, scenes: 2, seed: 7 };
    let site = Site::new(&generate(&demo).expect("a small catalogue"));
    Mock::start(site, MockConfig { tls: true, ..MockConfig::default() }).expect("a socket on the loopback interface")
}

fn ask(base: &str, certificate: Option<&str>, proxy: Option<String>) -> Result<Response, TransportError> {
    let endpoints = Endpoints::new(base, &format!("{base}/oauth/token")).expect("good URLs");
    let ca_certificates = certificate.map(|pem| pem.as_bytes().to_vec());
    let config =
        TransportConfig { timeout: Duration::from_secs(5), ca_certificates, proxy, ..TransportConfig::default() };
    Transport::new(&endpoints, &config).expect("a good config").exchange(&Request {
        method: Method::Get,
        url: Url::parse(&format!("{base}/tracks/1")).expect("a URL"),
        authorization: "OAuth t0ken-of-nobody".into(),
        user_agent: "tester/1".to_owned(),
        form: None,
        max_body_bytes: 1000,
    })
}

fn refused(result: &Result<Response, TransportError>) -> bool {
    matches!(result, Err(TransportError::Certificate(_)))
}

#[test]
fn only_a_certificate_that_is_trusted_and_names_the_host_will_do() {
    let mock = mock();
    let base = mock.api_url();
    assert!(base.starts_with("https://localhost:"), "{base}");
    let result = ask(&base, None, None);
    assert!(refused(&result), "{result:?}");
    let elsewhere = base.replace("localhost", "127.0.0.1");
    let result = ask(&elsewhere, mock.certificate(), None);
    assert!(refused(&result), "{result:?}");
    assert!(mock.log().is_empty(), "a request went out to somebody who is not trusted");
    // The mock knows no such token, and says so.
    assert_eq!(ask(&base, mock.certificate(), None).expect("it is trusted").status, 401);
    assert_eq!(mock.log().len(), 1);
}

/// Takes one `CONNECT` and passes on what goes to and fro. Gives back the head of the request and what the client sent
/// through it.
fn proxy() -> (String, JoinHandle<(String, Vec<u8>)>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let serving = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().expect("a client");
        let mut head = String::new();
        let mut byte = [0];
        while !head.ends_with("\r\n\r\n") {
            client.read_exact(&mut byte).expect("a request");
            head.push(byte[0].into());
        }
        let target = head.split_whitespace().nth(1).expect("a target").replace("localhost", "127.0.0.1");
        let mut server = TcpStream::connect(target).expect("the mock");
        client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").expect("an open connection");
        let (mut from_server, mut to_client) =
            (server.try_clone().expect("a socket"), client.try_clone().expect("a socket"));
        let answering = std::thread::spawn(move || {
            let _ = std::io::copy(&mut from_server, &mut to_client);
            let _ = to_client.shutdown(std::net::Shutdown::Both);
        });
        let mut sent = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = client.read(&mut buffer) {
            sent.extend_from_slice(&buffer[..length]);
            if server.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        let _ = server.shutdown(std::net::Shutdown::Both);
        answering.join().expect("it ended");
        (head, sent)
    });
    (base, serving)
}

#[test]
fn a_proxy_is_told_the_host_and_sees_nothing_of_the_request() {
    let mock = mock();
    let base = mock.api_url();
    let (proxy, serving) = proxy();
    assert_eq!(ask(&base, mock.certificate(), Some(proxy)).expect("it goes through").status, 401);
    assert_eq!(mock.log().len(), 1);
    let (head, sent) = serving.join().expect("it served");
    let host = base.trim_start_matches("https://");
    assert!(head.starts_with(&format!("CONNECT {host} HTTP/1.1\r\n")), "{head}");
    assert!(!head.contains("t0ken"), "{head}");
    assert!(!sent.windows(5).any(|bytes| bytes == b"t0ken"), "the token went through the proxy in the clear");
}
