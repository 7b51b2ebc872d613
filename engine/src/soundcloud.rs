//! The protocol of the SoundCloud API, without input or output.
//!
//! Nothing here opens a socket, reads a clock or sleeps. Two state machines say what to do next, and the caller does it:
//!
//! - [`Client`] takes one call at a time through tokens, rate limits, retries and redirects: [`Client::next`] says *send
//!   this*, *wait until then* or *here is the answer*; what came back goes to [`Client::receive`].
//! - [`Crawl`] decides which call is worth making next, and what the answer leads to. It is plain data
//!   (`serde::Serialize`, `serde::Deserialize`): a caller that stores it together with each page's documents can stop at
//!   any point and go on from there, and repeats nothing but the call that was in flight.
//!
//! Times are microseconds since the Unix epoch, as arguments.
//!
//! ```
//! use sgr_engine::soundcloud::{Answer, Client, ClientConfig, Credentials, Crawl, CrawlConfig, Endpoints, Response, Start, Step};
//!
//! # fn main() -> Result<(), sgr_engine::soundcloud::SoundcloudError> {
//! let credentials = Credentials { client_id: "id".to_owned(), client_secret: "secret".into() };
//! let mut client = Client::new(ClientConfig::new(Endpoints::default()), credentials)?;
//! let mut crawl = Crawl::new(CrawlConfig::new(Start::Urn("soundcloud:tracks:7".to_owned())))?;
//!
//! let fetch = crawl.next(0, client.endpoints()).expect("there is something to fetch");
//! client.begin(fetch.url);
//! // The first thing to send asks for a token.
//! let Step::Send(request) = client.next(0)? else { panic!("nothing to wait for") };
//! assert_eq!(request.url.as_str(), "https://secure.soundcloud.com/oauth/token");
//! let token = br#"{"access_token":"t","expires_in":3599,"token_type":"bearer"}"#;
//! client.receive(Ok(Response::json(200, token)), 0);
//! let Step::Send(request) = client.next(0)? else { panic!("the bucket has room for a second request") };
//! assert_eq!(request.url.as_str(), "https://api.soundcloud.com/tracks/soundcloud:tracks:7");
//! client.receive(Ok(Response::json(200, br#"{"kind":"track","urn":"soundcloud:tracks:7","title":"Dawn"}"#)), 0);
//! let Step::Done(answer) = client.next(0)? else { panic!("it has been answered") };
//! let documents = crawl.receive(answer, client.endpoints(), 0)?;
//! assert_eq!(documents[0].source, "https://api.soundcloud.com/tracks/soundcloud:tracks:7");
//! # Ok(())
//! # }
//! ```

mod breaker;
mod budget;
mod call;
mod client;
mod config;
mod crawl;
mod endpoints;
mod error;
mod failure;
mod mask;
mod message;
mod paging;
mod retry;
mod secret;
mod time;
mod token;

pub use breaker::{Breaker, DEFAULT_COOL_DOWN, DEFAULT_FAILURES_TO_OPEN, DEFAULT_MAX_OPENINGS};
pub use budget::{DailyBudget, TokenBucket};
pub use call::{Call, ListKind, Search, Thing};
pub use client::{Answer, Client, Step, WaitReason};
pub use config::{
    ClientConfig, Credentials, DEFAULT_BURST, DEFAULT_DAILY_REQUESTS, DEFAULT_MAX_BODY_BYTES, DEFAULT_RATE,
    DEFAULT_USER_AGENT,
};
pub use crawl::{
    Crawl, CrawlConfig, CrawlCounts, CrawledDocument, DEFAULT_DEPTH, DEFAULT_MAX_PAGES, DEFAULT_MAX_PLAYLISTS,
    DEFAULT_MAX_REQUESTS, DEFAULT_MAX_TRACKS, DEFAULT_MAX_USERS, Fetch, Include, Known, MAX_WARNINGS, PAGE_SIZE,
    STUBS_PER_CALL, Start, Warning,
};
pub use endpoints::{Endpoints, UnsafeUrl};
pub use error::SoundcloudError;
pub use failure::{ApiError, CallFailure, Malformed};
pub use mask::{CLIENT_ID_MASK, MIN_MASKED_LEN};
pub use message::{Form, Method, Request, Response, TransportError};
pub use paging::Ending;
pub use retry::{Backoff, DEFAULT_ATTEMPTS, DEFAULT_BASE_DELAY, DEFAULT_MAX_DELAY, DEFAULT_RATE_LIMITS, MAX_HOLD};
pub use secret::Secret;
pub use time::{DAY, Micros, SECOND};
pub use token::{TOKEN_MARGIN, TokenKeeper};
