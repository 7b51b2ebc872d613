//! Carries out what the protocol state machines of `sgr_engine` ask for, over real sockets and without Postgres.
//!
//! [`Transport`] sends one request; [`crawl`] is the loop around a [`Crawl`](sgr_engine::soundcloud::Crawl) and a
//! [`Client`](sgr_engine::soundcloud::Client). What a clock, a pause and a store are, the [`Host`] says: a background worker
//! has latches and tables, a test has a clock of its own.

mod crawler;
mod resolver;
mod transport;

pub use crawler::{Exchange, Host, crawl};
pub use transport::{DEFAULT_CONNECT_TIMEOUT, DEFAULT_TIMEOUT, Transport, TransportConfig, TransportConfigError};
