//! A server that plays the SoundCloud API from a generated catalogue, on a real socket of the loopback interface.
//!
//! It gives tokens, resolves URLs, searches, and pages through lists; every hazard that has been seen in public can be
//! switched on ([`Hazards`]). It counts what it is asked and when, by a clock that a test may move itself, so that
//! politeness is a matter of numbers and not of patience.

mod auth;
mod clock;
mod hazards;
mod log;
mod routes;
mod server;
mod site;
mod tls;
mod wire;

pub use clock::Clock;
pub use hazards::Hazards;
pub use log::{Entry, Fate};
pub use server::{CLIENT_ID, CLIENT_SECRET, Mock, MockConfig};
pub use site::{ARTISTS_FROM, Site};
