//! Cancelling and threads. Postgres is single threaded: helper threads never call it, and no signal may reach them.

use crate::error::{Error, Result};
use pgrx::prelude::*;
use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

/// How long the main thread waits for the engine before it looks for a cancel request.
const POLL: Duration = Duration::from_millis(20);

/// How long the main thread waits before it offers a block again, or asks whether a working thread has ended.
const RETRY: Duration = Duration::from_millis(1);

/// Finished blocks that may wait for the main thread: enough to keep both sides busy, few enough to bound memory.
const BLOCKS_AHEAD: usize = 2;

/// A rayon pool that lives for one call; its threads have every signal blocked, as handlers belong to the main thread.
pub fn thread_pool(threads: usize) -> Result<rayon::ThreadPool> {
    let _blocked = SignalsBlocked::new();
    rayon::ThreadPoolBuilder::new().num_threads(threads).thread_name(|n| format!("sgr_graph {n}")).build().map_err(
        |error| {
            Error::new(PgSqlErrorCode::ERRCODE_INSUFFICIENT_RESOURCES, "could not start threads")
                .detail(error.to_string())
                .hint("lower sgr_graph.threads")
        },
    )
}

/// What the computing thread hands to the main thread.
pub struct Output<T> {
    sender: SyncSender<T>,
    cancelled: &'static AtomicBool,
}

impl<T> Output<T> {
    /// Hands one block over; `false` means that nobody wants more.
    pub fn send(&self, block: T) -> bool {
        self.sender.send(block).is_ok()
    }

    /// A flag that long engine calls look at.
    pub fn cancelled(&self) -> &AtomicBool {
        self.cancelled
    }
}

/// What the main thread is told.
pub enum Event<T> {
    /// The computing thread runs: the time to prepare for its blocks.
    Started,
    /// A block is ready.
    Block(T),
}

/// Raised by the main thread when it unwinds. A static, because a backend runs one computation at a time.
static CANCELLED: AtomicBool = AtomicBool::new(false);

struct CancelOnUnwind;

impl Drop for CancelOnUnwind {
    fn drop(&mut self) {
        CANCELLED.store(true, Ordering::Relaxed);
    }
}

/// Runs `produce` on a thread of its own while the main thread consumes its blocks and stays open to Ctrl-C,
/// `pg_cancel_backend` and `statement_timeout`.
///
/// A cancel unwinds the main thread out of this function: the receiver goes, `CANCELLED` is raised, and the scope
/// waits for the producer, which ends at its next send or look at the flag.
pub fn pipeline<T, R, P, C>(produce: P, mut consume: C) -> Result<R>
where
    T: Send,
    R: Send,
    P: FnOnce(&Output<T>) -> Result<R> + Send,
    C: FnMut(Event<T>) -> Result<()>,
{
    CANCELLED.store(false, Ordering::Relaxed);
    std::thread::scope(|scope| {
        let (sender, receiver): (SyncSender<T>, Receiver<T>) = sync_channel(BLOCKS_AHEAD);
        let guard = CancelOnUnwind;
        let producer = {
            let _blocked = SignalsBlocked::new();
            scope.spawn(move || produce(&Output { sender, cancelled: &CANCELLED }))
        };
        let mut consumed = consume(Event::Started);
        while consumed.is_ok() {
            pgrx::check_for_interrupts!();
            match receiver.recv_timeout(POLL) {
                Ok(block) => consumed = consume(Event::Block(block)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        if consumed.is_ok() {
            std::mem::forget(guard);
        } else {
            drop(guard);
        }
        drop(receiver);
        let produced = producer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        consumed.and(produced)
    })
}

/// What the main thread hands to the working thread of [`feed`].
pub struct Input<T> {
    receiver: Receiver<Option<T>>,
}

impl<T> Input<T> {
    /// The next block, `None` after the last one. Errors: 57014 if there will be no more because the main thread failed
    /// or was cancelled.
    pub fn next(&self) -> Result<Option<T>> {
        // Nobody sees the message: what stopped the main thread is reported.
        self.receiver.recv().map_err(|_| Error::new(PgSqlErrorCode::ERRCODE_QUERY_CANCELED, "canceled"))
    }
}

/// The main thread's end of [`feed`].
pub struct Feeder<T> {
    sender: SyncSender<Option<T>>,
    refused: Cell<bool>,
}

impl<T> Feeder<T> {
    /// Hands a block over, waiting while there are [`BLOCKS_AHEAD`]. Errors: if the working thread has ended, which then
    /// says why.
    pub fn send(&self, block: T) -> Result<()> {
        self.put(Some(block))
    }

    fn put(&self, mut block: Option<T>) -> Result<()> {
        loop {
            pgrx::check_for_interrupts!();
            match self.sender.try_send(block) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Full(back)) => block = back,
                Err(TrySendError::Disconnected(_)) => {
                    self.refused.set(true);
                    return Err(Error::new(PgSqlErrorCode::ERRCODE_INTERNAL_ERROR, "the working thread has ended"));
                }
            }
            std::thread::sleep(RETRY);
        }
    }
}

/// The reverse of [`pipeline`]: the main thread produces blocks, from queries say, and a thread of its own runs `consume`
/// on them, while the main thread stays open to cancels.
///
/// A cancel unwinds the main thread out of `produce`: the sender goes without the mark of the end, so `consume` gets an
/// error instead of the next block, and the scope waits until it has returned.
pub fn feed<T, R, C, P>(consume: C, produce: P) -> Result<R>
where
    T: Send,
    R: Send,
    C: FnOnce(&Input<T>) -> Result<R> + Send,
    P: FnOnce(&Feeder<T>) -> Result<()>,
{
    std::thread::scope(|scope| {
        let (sender, receiver) = sync_channel(BLOCKS_AHEAD);
        let feeder = Feeder { sender, refused: Cell::new(false) };
        let consumer = {
            let _blocked = SignalsBlocked::new();
            scope.spawn(move || consume(&Input { receiver }))
        };
        let produced = produce(&feeder).and_then(|()| feeder.put(None));
        let refused = feeder.refused.get();
        drop(feeder);
        while !consumer.is_finished() {
            pgrx::check_for_interrupts!();
            std::thread::sleep(RETRY);
        }
        let consumed = consumer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        if refused { consumed } else { produced.and(consumed) }
    })
}

/// A thread that nobody joins, with every signal blocked: where a cancel cannot wait until it ends, because it may be
/// waiting for the network. It must own all that it uses, and it ends with the process.
pub fn detached(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    let _blocked = SignalsBlocked::new();
    match std::thread::Builder::new().name(name.to_owned()).spawn(work) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::new(PgSqlErrorCode::ERRCODE_INSUFFICIENT_RESOURCES, "could not start a thread")
            .detail(error.to_string())),
    }
}

/// Blocks every signal while it lives, so that threads made meanwhile inherit the mask.
struct SignalsBlocked {
    before: libc::sigset_t,
}

#[allow(unsafe_code, reason = "signal masks are only to be had from libc")]
impl SignalsBlocked {
    fn new() -> Self {
        // SAFETY: both sets live on this stack frame and are filled by the calls before they are read.
        unsafe {
            let mut all = std::mem::zeroed();
            let mut before = std::mem::zeroed();
            libc::sigfillset(&mut all);
            libc::pthread_sigmask(libc::SIG_BLOCK, &all, &mut before);
            Self { before }
        }
    }
}

#[allow(unsafe_code, reason = "signal masks are only to be had from libc")]
impl Drop for SignalsBlocked {
    fn drop(&mut self) {
        // SAFETY: `before` was filled by pthread_sigmask in `new`.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &self.before, std::ptr::null_mut());
        }
    }
}
