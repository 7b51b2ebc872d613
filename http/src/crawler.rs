//! The loop around the state machines.

use sgr_engine::soundcloud::{
    Client, Crawl, CrawledDocument, DailyBudget, Micros, Request, Response, SoundcloudError, Step, TransportError,
    WaitReason,
};

/// Sends requests.
pub trait Exchange {
    /// Sends one request and reads its response.
    ///
    /// # Errors
    /// [`TransportError`] if there is no whole response.
    fn exchange(&mut self, request: &Request) -> Result<Response, TransportError>;
}

/// What a crawl needs of the program that it runs in. An error of any method ends the crawl; what was stored last is what it
/// goes on from.
pub trait Host {
    /// Why it ends before it is over.
    type Error: From<SoundcloudError>;

    /// The time.
    fn now(&mut self) -> Micros;

    /// Pauses until then, or less long. It is the place to look for cancel requests; called before every request that has
    /// to wait.
    ///
    /// # Errors
    /// If the crawl is to end.
    fn pause(&mut self, until: Micros, reason: &WaitReason) -> Result<(), Self::Error>;

    /// The body of the newest stored document of this source that was fetched at `since` or later.
    ///
    /// # Errors
    /// If the crawl is to end.
    fn stored(&mut self, source: &str, since: Micros) -> Result<Option<String>, Self::Error>;

    /// A request is about to be sent, and counted in the daily budget: whoever has to be exact about that even across
    /// crashes stores it here.
    ///
    /// # Errors
    /// If the crawl is to end.
    fn sending(&mut self, budget: &DailyBudget) -> Result<(), Self::Error> {
        let _ = budget;
        Ok(())
    }

    /// Stores documents, what changed of the crawl ([`Crawl::state`], [`Crawl::take_changed`]) and the daily budget, in one
    /// transaction. It is called after each page, before the next request, with no documents where a call brought none.
    ///
    /// # Errors
    /// If the crawl is to end.
    fn store(
        &mut self,
        documents: &[CrawledDocument],
        crawl: &mut Crawl,
        budget: &DailyBudget,
    ) -> Result<(), Self::Error>;
}

/// Crawls until the crawl is over.
///
/// # Errors
/// Those of the host, and every [`SoundcloudError`] as one of them.
pub fn crawl<H: Host>(
    crawl: &mut Crawl,
    client: &mut Client,
    exchange: &mut impl Exchange,
    host: &mut H,
) -> Result<(), H::Error> {
    loop {
        let now = host.now();
        let Some(fetch) = crawl.next(now, client.endpoints()) else { return Ok(()) };
        let stored = match fetch.fresh_since {
            Some(since) => host.stored(&fetch.source, since)?,
            None => None,
        };
        let is_stored = stored.is_some();
        let documents = match stored {
            Some(body) => crawl.receive_stored(&body, client.endpoints(), now)?,
            None => {
                if fetch.resolves {
                    client.begin_resolve(fetch.url);
                } else {
                    client.begin(fetch.url);
                }
                let answer = loop {
                    match client.next(host.now())? {
                        Step::Done(answer) => break answer,
                        Step::Wait { until, reason } => host.pause(until, &reason)?,
                        Step::Send(request) => {
                            host.sending(client.budget())?;
                            let result = exchange.exchange(&request);
                            client.receive(result, host.now());
                        }
                    }
                };
                crawl.receive(answer, client.endpoints(), host.now())?
            }
        };
        // What was read from the store can be read from it again: nothing new need be kept.
        if !(is_stored && documents.is_empty()) {
            host.store(&documents, crawl, client.budget())?;
        }
    }
}
