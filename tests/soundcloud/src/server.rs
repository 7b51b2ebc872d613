//! The socket.

use crate::auth::Tokens;
use crate::clock::Clock;
use crate::hazards::{Hazards, Spoiler, lot};
use crate::log::{Entry, Fate};
use crate::routes::{self, Found};
use crate::site::Site;
use crate::tls::Tls;
use crate::wire::{self, Incoming, Manner, Reply};
use serde_json::json;
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// The id that it knows.
pub const CLIENT_ID: &str = "mock-client-id";
/// Its secret.
pub const CLIENT_SECRET: &str = "mock-client-secret";

/// How long a stalled or silent connection is kept at most.
const PATIENCE: Duration = Duration::from_secs(120);

/// How it plays.
#[derive(Debug, Clone)]
pub struct MockConfig {
    /// What goes wrong.
    pub hazards: Hazards,
    /// What time it is.
    pub clock: Clock,
    /// Entries per page at most, whatever is asked for.
    pub page_size: usize,
    /// Port of 127.0.0.1; 0 is any.
    pub port: u16,
    /// Seconds after which a client that met a rate limit may come back.
    pub rate_limit_seconds: i64,
    /// When, by its clock, it answers nothing but 503.
    pub outage: Range<i64>,
    /// Whether it speaks TLS, with a certificate for `localhost` that only [`Mock::certificate`] vouches for.
    pub tls: bool,
    /// A file that gets a line per request: microseconds, method, fate, target and, if one was named, when
    /// a rate limit ends, with tabs between them.
    pub log_file: Option<PathBuf>,
}

impl Default for MockConfig {
    /// No hazards, the system's clock, pages of 200, any port, rate limits of 7 seconds, no outage and no log file.
    fn default() -> Self {
        Self {
            hazards: Hazards::default(),
            clock: Clock::System,
            page_size: 200,
            port: 0,
            rate_limit_seconds: 7,
            outage: 0..0,
            tls: false,
            log_file: None,
        }
    }
}

pub(crate) struct Shared {
    pub(crate) site: Site,
    pub(crate) config: MockConfig,
    pub(crate) base: String,
    tls: Option<Tls>,
    state: Mutex<State>,
    log_file: Option<File>,
    stopping: AtomicBool,
}

#[derive(Default)]
struct State {
    tokens: Tokens,
    log: Vec<Entry>,
    /// How often each request was made.
    asked: HashMap<String, u32>,
    stalled: bool,
}

/// A running server. It stops when it is dropped.
pub struct Mock {
    address: SocketAddr,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

impl Mock {
    /// Starts a server on the loopback interface.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn start(site: Site, config: MockConfig) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port))?;
        let address = listener.local_addr()?;
        let tls = if config.tls { Some(Tls::new()?) } else { None };
        let base = match &tls {
            None => format!("http://{address}"),
            Some(_) => format!("https://localhost:{}", address.port()),
        };
        let state = Mutex::new(State::default());
        let log_file = config.log_file.as_ref().map(File::create).transpose()?;
        let stopping = AtomicBool::new(false);
        let shared = Arc::new(Shared { site, config, base, tls, state, log_file, stopping });
        let serving = Arc::clone(&shared);
        let listener = std::thread::spawn(move || serve(&listener, &serving));
        Ok(Self { address, shared, listener: Some(listener) })
    }

    /// The base URL of the API.
    pub fn api_url(&self) -> String {
        self.shared.base.clone()
    }

    /// The URL that gives tokens.
    pub fn token_url(&self) -> String {
        format!("{}/oauth/token", self.shared.base)
    }

    /// The certificate that it shows, as PEM; whoever trusts it reaches the mock. `None` without TLS.
    pub fn certificate(&self) -> Option<&str> {
        self.shared.tls.as_ref().map(Tls::certificate)
    }

    /// What it plays.
    pub fn site(&self) -> &Site {
        &self.shared.site
    }

    /// What was asked so far.
    pub fn log(&self) -> Vec<Entry> {
        self.shared.state().log.clone()
    }

    /// Waits for ever.
    pub fn wait(mut self) {
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn serve(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            // A client that goes away is its own business.
            let _ = converse(stream, &shared);
        });
    }
}

fn converse(stream: TcpStream, shared: &Shared) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    match &shared.tls {
        None => talk(stream, shared),
        Some(tls) => {
            let mut stream = tls.accept(stream)?;
            talk(&mut stream, shared)?;
            stream.conn.send_close_notify();
            stream.flush()
        }
    }
}

fn talk(mut stream: impl Read + Write, shared: &Shared) -> io::Result<()> {
    let Some(request) = wire::read(&mut stream)? else { return Ok(()) };
    let reply = answer(&request, shared);
    wire::write(&mut stream, reply)
}

fn answer(request: &Incoming, shared: &Shared) -> Reply {
    let now = shared.config.clock.now();
    let hazards = shared.config.hazards;
    let target = request.target.as_str();
    let mut state = shared.state();
    let mut reset = None;
    let (mut reply, fate) = if shared.config.outage.contains(&now) {
        (Reply { status: 503, ..Reply::default() }, Fate::Spoilt("outage"))
    } else if target == "/oauth/token" {
        let (reply, given) = state.tokens.grant(request, now, hazards.token_limit);
        (reply, if given { Fate::Answered } else { Fate::Refused })
    } else if !state.tokens.admits(request, now) {
        (Reply { status: 401, ..Reply::default() }, Fate::Spoilt("no token"))
    } else {
        let before = state.asked.entry(target.to_owned()).or_default();
        let times = *before;
        *before += 1;
        let (reply, good) = match routes::find(target, shared) {
            Found::Thing(reply) => (reply, true),
            Found::Nothing(reply) => (reply, false),
        };
        match hazards.spoiler(target, times) {
            Some(Spoiler::ExpiredToken) => {
                state.tokens.revoke();
                (Reply { status: 401, ..Reply::default() }, Fate::Spoilt(Spoiler::ExpiredToken.name()))
            }
            Some(spoiler) => {
                reset = spoiler.reset(now, shared.config.rate_limit_seconds);
                (spoil(spoiler, reply, target, now, shared.config.rate_limit_seconds), Fate::Spoilt(spoiler.name()))
            }
            None if hazards.stall && good && !state.stalled && reply.body.len() > 1000 => {
                state.stalled = true;
                (Reply { manner: Manner::Stall, ..reply }, Fate::Spoilt(Spoiler::Stall.name()))
            }
            None => (reply, if good { Fate::Answered } else { Fate::Refused }),
        }
    };
    if fate == Fate::Answered {
        reply.gzip = hazards.gzip && request.takes_gzip && lot(target, "gzip").is_multiple_of(2);
        if hazards.slow_bodies && lot(target, "slow").is_multiple_of(16) {
            reply.manner = Manner::Slow;
        }
    }
    let entry = Entry { at: now, method: request.method.clone(), target: request.target.clone(), fate, reset };
    if let Some(mut file) = shared.log_file.as_ref() {
        // Nobody who plays a service is told that its log is full.
        let _ = file.write_all(format!("{entry}\n").as_bytes());
    }
    state.log.push(entry);
    reply
}

/// Spoils a reply.
fn spoil(spoiler: Spoiler, reply: Reply, target: &str, now: i64, patience: i64) -> Reply {
    let seconds = now / 1_000_000;
    match spoiler {
        Spoiler::RateLimit(shape) => {
            let reset = crate::site::slashed(seconds + patience);
            let body = match shape {
                0 => json!({ "errors": [{ "meta": {
                    "rate_limit": { "group": "plays", "max_nr_of_requests": 15000, "time_window": "PT24H" },
                    "remaining_requests": 0, "reset_time": reset,
                } }] }),
                1 => json!({ "errors": [{ "meta": {
                    "rate_limit": { "bucket": "by-client", "max_nr_of_requests": 600, "time_window": "PT10M", "name": "search" },
                    "remaining_requests": 0, "reset_time": reset,
                } }] }),
                2 => json!({
                    "code": 429, "message": "rate_limit_exceeded", "status": "429 - Too Many Requests",
                    "link": "https://developers.soundcloud.com/docs/api/rate-limits#errors",
                    "errors": [{ "error_message": "rate_limit_exceeded" }], "error": null,
                    "error_code": "rate_limit_exceeded",
                }),
                _ => json!({ "error": "rate_limit_exceeded" }),
            };
            let mut reply = Reply::json(429, body.to_string());
            // Seen on good days as well.
            reply.headers.push(("X-RateLimit-Limit", "-1".to_owned()));
            reply.headers.push(("X-RateLimit-Remaining", "0".to_owned()));
            reply.headers.push(("X-RateLimit-Reset", "0".to_owned()));
            if shape >= 2 && lot(target, "retry-after").is_multiple_of(2) {
                reply.headers.push(("Retry-After", (patience + patience / 2).to_string()));
            }
            reply
        }
        Spoiler::ServerError(0) => Reply::json(500, r#"{"errors":[{"error_message":"500 - Internal Server Error"}]}"#),
        Spoiler::ServerError(1) => Reply {
            status: 502,
            content_type: Some("text/html"),
            body: b"<html><body>502 Bad Gateway</body></html>".to_vec(),
            ..Reply::default()
        },
        Spoiler::ServerError(_) => Reply { status: 503, ..Reply::default() },
        Spoiler::HalfBody => Reply { manner: Manner::Half, ..reply },
        Spoiler::WrongType => Reply {
            status: 200,
            content_type: Some("text/html; charset=utf-8"),
            body: b"<!DOCTYPE html><title>We'll be right back</title>".to_vec(),
            ..Reply::default()
        },
        Spoiler::ExpiredToken | Spoiler::Stall => reply,
    }
}
