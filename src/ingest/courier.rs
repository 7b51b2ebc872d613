//! Requests on a thread of their own, so that the main thread stays open to cancels and stops while it waits.

use crate::error::{Error, Result};
use crate::interrupt;
use crate::worker;
use pgrx::PgSqlErrorCode;
use sgr_engine::soundcloud::{Request, Response, TransportError};
use sgr_http::{Exchange, Transport};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};

/// How long the main thread sleeps at most, in milliseconds; an answer, a cancel or a stop wakes it.
const LONGEST_WAIT: i64 = 60_000;

type Answer = std::result::Result<Response, TransportError>;

/// The main thread's end. When it is dropped, also by a cancel that unwinds, the thread ends after the request that it is
/// at; nobody waits for that.
pub struct Courier {
    requests: Sender<Request>,
    answers: Receiver<Answer>,
    /// Readable when there is an answer. A thread may not set a process latch, so it writes a byte here.
    bell: UnixStream,
}

impl Courier {
    /// Starts the thread. Errors: 53000 without a thread or socket to be had.
    pub fn start(mut transport: Transport) -> Result<Self> {
        let refused = |error: std::io::Error| {
            Error::new(PgSqlErrorCode::ERRCODE_INSUFFICIENT_RESOURCES, "could not make a socket")
                .detail(error.to_string())
        };
        let (bell, mut ringer) = UnixStream::pair().map_err(refused)?;
        bell.set_nonblocking(true).map_err(refused)?;
        let (requests, ordered) = channel::<Request>();
        let (answered, answers) = channel::<Answer>();
        interrupt::detached("sgr_graph http", move || {
            for request in ordered {
                let answer = transport.exchange(&request);
                if answered.send(answer).is_err() || ringer.write_all(&[0]).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self { requests, answers, bell })
    }
}

impl Exchange for Courier {
    fn exchange(&mut self, request: &Request) -> Answer {
        // A thread that is not there any more answers nothing.
        if self.requests.send(request.clone()).is_err() {
            return Err(TransportError::Broken);
        }
        loop {
            match self.answers.try_recv() {
                Ok(answer) => return answer,
                Err(TryRecvError::Disconnected) => return Err(TransportError::Broken),
                Err(TryRecvError::Empty) => {}
            }
            worker::pause_or_readable(self.bell.as_fd(), LONGEST_WAIT);
            // The byte of an answer that was seen before it is another reason to look again, no more.
            let _ = self.bell.read(&mut [0; 16]);
        }
    }
}
