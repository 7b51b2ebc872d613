//! One call at a time, from the first attempt to the answer.

use super::breaker::Breaker;
use super::budget::{DailyBudget, TokenBucket};
use super::config::{ClientConfig, Credentials};
use super::endpoints::Endpoints;
use super::error::SoundcloudError;
use super::failure::{ApiError, CallFailure, Malformed};
use super::mask;
use super::message::{Method, Request, Response, TransportError};
use super::retry::{Backoff, MAX_HOLD};
use super::time::Micros;
use super::token::TokenKeeper;
use crate::catalog::redact;
use serde::de::IgnoredAny;
use std::fmt;
use url::Url;

/// Redirects that are followed for one call.
const MAX_REDIRECTS: u8 = 3;

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send this now, and hand what comes back to [`Client::receive`].
    Send(Request),
    /// Nothing may be sent before `until`.
    Wait {
        /// When to ask again.
        until: Micros,
        /// Why.
        reason: WaitReason,
    },
    /// The call has been answered, or will not be.
    Done(Result<Answer, CallFailure>),
}

/// Why to wait.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitReason {
    /// The token bucket is empty.
    Bucket,
    /// The requests of the day are used up.
    DailyBudget,
    /// The service said when to come back, or that it was too often; the name of its limit, where it gave one.
    RateLimit(Option<String>),
    /// After a failure.
    Backoff {
        /// Which attempt failed, from 1.
        attempt: u32,
        /// How.
        failure: String,
    },
    /// The circuit breaker is open.
    Breaker {
        /// Failures since the last success.
        failures: u32,
    },
    /// An earlier client of the application was to wait, see [`Client::set_hold`].
    Held,
}

/// What a call brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A body, which is whole JSON. Credentials in it are covered, the client id by
    /// [`CLIENT_ID_MASK`](super::CLIENT_ID_MASK).
    Body(String),
    /// For a call of [`Client::begin_resolve`]: where the URL leads. The place is of the API's own origin.
    Location(Url),
}

/// What has been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sent {
    Nothing,
    /// Whether for a refresh token; else for the credentials.
    TokenRequest {
        refreshes: bool,
    },
    Call,
    Probe,
}

/// What an answer to [`Endpoints::probe`] decides.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Doubt {
    /// The call failed as often as it may, and so did everything else: is it the call or the service?
    Service,
    /// The call was answered with 401: is it the call or the token?
    Token(ApiError),
}

/// The call that is under way.
struct Flight {
    url: Url,
    resolves: bool,
    sent: Sent,
    failures: u32,
    rate_limits: u32,
    redirects: u8,
    tokens_refused: u8,
    doubt: Option<Doubt>,
    /// Whether the service answered a probe after the call had used up its attempts.
    service_answers: bool,
    done: Option<Result<Answer, CallFailure>>,
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Of the query, a part may be the client id.
        write!(f, "{} ({:?}, {} failures)", redact(self.url.path()), self.sent, self.failures)
    }
}

/// Takes calls through tokens, limits, retries and redirects. One client serves one application: two with the same
/// credentials would each keep to the rate, and together double it.
#[derive(Debug)]
pub struct Client {
    config: ClientConfig,
    credentials: Credentials,
    tokens: TokenKeeper,
    bucket: TokenBucket,
    budget: DailyBudget,
    breaker: Breaker,
    backoff: Backoff,
    hold: Option<(Micros, WaitReason)>,
    flight: Option<Flight>,
    fatal: Option<SoundcloudError>,
    /// Whether the present token was accepted for a call.
    is_proven: bool,
    requests: u64,
}

impl Client {
    /// A client without a token.
    ///
    /// # Errors
    /// [`SoundcloudError::InvalidConfig`].
    pub fn new(config: ClientConfig, credentials: Credentials) -> Result<Self, SoundcloudError> {
        config.validate()?;
        if credentials.client_id.is_empty() || credentials.client_secret.expose().is_empty() {
            return Err(SoundcloudError::invalid("credentials", "client id and secret must not be empty"));
        }
        Ok(Self {
            tokens: TokenKeeper::default(),
            bucket: TokenBucket::new(config.rate, config.burst),
            budget: DailyBudget::default(),
            breaker: Breaker::new(config.failures_to_open, config.cool_down, config.max_openings),
            backoff: Backoff::new(config.base_delay, config.max_delay, config.seed),
            hold: None,
            flight: None,
            fatal: None,
            is_proven: false,
            requests: 0,
            config,
            credentials,
        })
    }

    /// Where it asks.
    pub fn endpoints(&self) -> &Endpoints {
        &self.config.endpoints
    }

    /// What is used up of the day, to be stored and given to [`set_budget`](Self::set_budget) of the next client.
    pub fn budget(&self) -> &DailyBudget {
        &self.budget
    }

    /// Goes on from a stored budget.
    pub fn set_budget(&mut self, budget: DailyBudget) {
        self.budget = budget;
    }

    /// Until when a rate limit or the circuit breaker forbids to send anything, if that is after `now`: to be stored and
    /// given to [`set_hold`](Self::set_hold) of the next client.
    pub fn hold_until(&self, now: Micros) -> Option<Micros> {
        let held = match &self.hold {
            Some((until, WaitReason::RateLimit(_) | WaitReason::Held)) => Some(*until),
            _ => None,
        };
        held.max(self.breaker.open_until()).filter(|until| *until > now)
    }

    /// Sends nothing before `until`, which is at most [`MAX_HOLD`] after `now`: an earlier client was to wait so long.
    pub fn set_hold(&mut self, until: Micros, now: Micros) {
        self.hold = Some((until.min(now.saturating_add(MAX_HOLD)), WaitReason::Held));
    }

    /// The tokens, to be given to [`set_tokens`](Self::set_tokens) of the next client of the application.
    pub fn tokens(&self) -> &TokenKeeper {
        &self.tokens
    }

    /// Goes on with the tokens of an earlier client with the same credentials.
    pub fn set_tokens(&mut self, tokens: TokenKeeper) {
        self.tokens = tokens;
        self.is_proven = false;
    }

    /// Begins with an empty token bucket: another client with these credentials may have sent requests until `now`.
    pub fn empty_bucket(&mut self, now: Micros) {
        self.bucket.empty(now);
    }

    /// Whether there is a token that is good for calls at `now`.
    pub fn has_token(&self, now: Micros) -> bool {
        self.tokens.authorization(now).is_some()
    }

    /// Requests that may still be sent today.
    pub fn requests_left(&self, now: Micros) -> u32 {
        self.budget.left(self.config.daily_requests, now)
    }

    /// Requests sent, those for tokens included.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// Begins a call; where the query has [`CLIENT_ID_MASK`](super::CLIENT_ID_MASK), the client id is sent. One that was under way is forgotten; limits and tokens are kept.
    pub fn begin(&mut self, url: Url) {
        self.start(url, false);
    }

    /// Begins a call to `/resolve`, whose answer is the place that it redirects to.
    pub fn begin_resolve(&mut self, url: Url) {
        self.start(url, true);
    }

    fn start(&mut self, url: Url, resolves: bool) {
        self.flight = Some(Flight {
            url: mask::uncover(url, &self.credentials),
            resolves,
            sent: Sent::Nothing,
            failures: 0,
            rate_limits: 0,
            redirects: 0,
            tokens_refused: 0,
            doubt: None,
            service_answers: false,
            done: None,
        });
    }

    /// What to do at `now`. After [`Step::Send`] the next call must be [`receive`](Self::receive); if `next` comes first,
    /// the request is taken for lost and is sent again.
    ///
    /// # Errors
    /// [`SoundcloudError::Credentials`], [`SoundcloudError::TokenRefused`], [`SoundcloudError::Unavailable`],
    /// [`SoundcloudError::Unsafe`]: no call has any prospect. [`SoundcloudError::NothingAsked`] without a call.
    pub fn next(&mut self, now: Micros) -> Result<Step, SoundcloudError> {
        if let Some(fatal) = &self.fatal {
            return Err(fatal.clone());
        }
        let flight = self.flight.as_mut().ok_or(SoundcloudError::NothingAsked)?;
        if let Some(done) = flight.done.take() {
            self.flight = None;
            return Ok(Step::Done(done));
        }
        if let Err(fault) = self.config.endpoints.check_url(&flight.url) {
            self.flight = None;
            return Ok(Step::Done(Err(CallFailure::Redirect(fault))));
        }
        if let Some(wait) = self.wait(now) {
            return Ok(wait);
        }
        self.bucket.take(now);
        self.budget.take(now);
        self.requests += 1;
        let user_agent = self.config.user_agent.clone();
        let max_body_bytes = self.config.max_body_bytes;
        let flight = self.flight.as_mut().ok_or(SoundcloudError::NothingAsked)?;
        let request = match self.tokens.authorization(now) {
            Some(authorization) => {
                let url = match flight.doubt {
                    Some(_) => self.config.endpoints.probe(),
                    None => flight.url.clone(),
                };
                flight.sent = if flight.doubt.is_some() { Sent::Probe } else { Sent::Call };
                Request { method: Method::Get, url, authorization, user_agent, form: None, max_body_bytes }
            }
            None => {
                flight.sent = Sent::TokenRequest { refreshes: self.tokens.can_refresh() };
                Request {
                    method: Method::Post,
                    url: self.config.endpoints.token().clone(),
                    authorization: TokenKeeper::basic(&self.credentials),
                    user_agent,
                    form: Some(self.tokens.grant()),
                    max_body_bytes,
                }
            }
        };
        Ok(Step::Send(request))
    }

    /// What forbids to send anything now; the longest of all reasons.
    fn wait(&mut self, now: Micros) -> Option<Step> {
        let mut waits = Vec::new();
        if let Some((until, reason)) = &self.hold {
            waits.push((*until, reason.clone()));
        }
        if let Some(until) = self.breaker.open_until() {
            waits.push((until, WaitReason::Breaker { failures: self.breaker.failures() }));
        }
        if self.requests_left(now) == 0 {
            waits.push((DailyBudget::renewed_at(now), WaitReason::DailyBudget));
        }
        waits.push((self.bucket.ready_at(), WaitReason::Bucket));
        let (until, reason) = waits.into_iter().max_by_key(|(until, _)| *until)?;
        if until > now {
            return Some(Step::Wait { until, reason });
        }
        self.hold = None;
        None
    }

    /// Takes what came back for the request of the last [`Step::Send`] at `now`. Without such a request nothing happens.
    pub fn receive(&mut self, result: Result<Response, TransportError>, now: Micros) {
        let Some(flight) = self.flight.as_mut() else { return };
        let sent = std::mem::replace(&mut flight.sent, Sent::Nothing);
        match (sent, result) {
            (Sent::Nothing, _) => {}
            // A host that leads to such an address does so for every call.
            (_, Err(TransportError::Unsafe(fault))) => self.fatal = Some(SoundcloudError::Unsafe(fault)),
            (_, Err(TransportError::Certificate(why))) => self.fatal = Some(SoundcloudError::Certificate(why)),
            (Sent::Call, Err(error @ TransportError::TooLarge { .. })) => {
                flight.done = Some(Err(CallFailure::Transport(error)));
            }
            (_, Err(error)) => self.failed(error.to_string(), None, now),
            (Sent::TokenRequest { refreshes }, Ok(response)) => self.token_response(&response, refreshes, now),
            (Sent::Call, Ok(response)) => self.response(response, now),
            (Sent::Probe, Ok(response)) => self.probed(&response, now),
        }
    }

    /// What an error response says, whatever of the credentials it repeats blotted out.
    fn error(&self, response: &Response, now: Micros) -> ApiError {
        // Before anything is cut off: a part of a secret would not be found.
        let body = String::from_utf8_lossy(&response.body).into_owned();
        let body = mask::cover_body(body, &self.credentials, &self.tokens).into_bytes();
        let mut error = ApiError::read(&Response { body, ..response.clone() }, now);
        for text in std::iter::once(&mut error.message).chain(&mut error.limit) {
            mask::cover_message(text, &self.credentials, &self.tokens);
        }
        error
    }

    fn token_response(&mut self, response: &Response, refreshes: bool, now: Micros) {
        match response.status {
            200 | 201 => match self.tokens.granted(&response.body, now) {
                Ok(()) => self.is_proven = false,
                Err(fault) => self.failed(fault.to_string(), None, now),
            },
            429 => self.rate_limited(self.error(response, now), now),
            status @ (400 | 401 | 403) => {
                let error = self.error(response, now);
                // What is refused may be the refresh token alone; the next request asks with the credentials.
                if refreshes || status == 403 {
                    self.failed(error.to_string(), None, now);
                } else {
                    self.fatal = Some(SoundcloudError::Credentials { message: error.to_string() });
                }
            }
            _ => {
                let error = self.error(response, now);
                self.failed(error.to_string(), error.retry_at, now);
            }
        }
    }

    fn response(&mut self, response: Response, now: Micros) {
        let Some(flight) = self.flight.as_mut() else { return };
        match response.status {
            200..=299 if flight.resolves => self.resolved_in_body(&response, now),
            200..=299 => match body(response) {
                Ok(text) => {
                    self.is_proven = true;
                    let text = mask::cover_body(text, &self.credentials, &self.tokens);
                    self.finish(Ok(Answer::Body(text)));
                }
                Err(fault) => self.failed(fault.to_string(), None, now),
            },
            301 | 302 | 303 | 307 | 308 => self.redirected(&response, now),
            401 => {
                // A token that nothing was had for may have expired or been revoked on the way, and a new one is asked for,
                // once. Else the thing may not be for us, and tokens are rationed: a probe shows which of the two it is.
                if !self.is_proven && flight.tokens_refused == 0 {
                    return self.renew_token();
                }
                let error = self.error(&response, now);
                if let Some(flight) = self.flight.as_mut() {
                    flight.doubt = Some(Doubt::Token(error));
                }
            }
            429 => self.rate_limited(self.error(&response, now), now),
            408 | 425 | 500..=599 => {
                let error = self.error(&response, now);
                self.failed(error.to_string(), error.retry_at, now);
            }
            _ => self.finish(Err(CallFailure::Refused(self.error(&response, now)))),
        }
    }

    fn renew_token(&mut self) {
        self.tokens.refused();
        self.is_proven = false;
        if let Some(flight) = self.flight.as_mut() {
            flight.tokens_refused += 1;
            flight.doubt = None;
        }
    }

    /// Takes the answer to a probe. Any status that a service in order may send will do.
    fn probed(&mut self, response: &Response, now: Micros) {
        let Some(flight) = self.flight.as_mut() else { return };
        match response.status {
            401 if flight.tokens_refused == 0 => self.renew_token(),
            401 => {
                let message = self.error(response, now).to_string();
                self.fatal = Some(SoundcloudError::TokenRefused { message });
            }
            429 => self.rate_limited(self.error(response, now), now),
            408 | 425 | 500..=599 => {
                let error = self.error(response, now);
                self.failed(error.to_string(), error.retry_at, now);
            }
            _ => {
                self.is_proven = true;
                match flight.doubt.take() {
                    Some(Doubt::Token(error)) => self.finish(Err(CallFailure::Refused(error))),
                    Some(Doubt::Service) | None => {
                        // Once more: the service may have recovered only now.
                        flight.service_answers = true;
                        self.breaker.succeeded();
                    }
                }
            }
        }
    }

    /// A client that followed the redirect, or a service that answers at once.
    fn resolved_in_body(&mut self, response: &Response, now: Micros) {
        let place = serde_json::from_slice::<serde_json::Value>(&response.body).ok().and_then(|body| {
            let place = ["location", "uri"].iter().find_map(|key| body.get(key)?.as_str().map(str::to_owned));
            place.and_then(|place| Url::parse(&place).ok())
        });
        match place {
            Some(place) => self.located(place),
            None => self.failed(Malformed::NoLocation.to_string(), None, now),
        }
    }

    fn redirected(&mut self, response: &Response, now: Micros) {
        let Some(flight) = self.flight.as_mut() else { return };
        let in_body = || {
            let body = serde_json::from_slice::<serde_json::Value>(&response.body).ok()?;
            Some(body.get("location")?.as_str()?.to_owned())
        };
        let place = response.location.clone().or_else(in_body).and_then(|place| flight.url.join(&place).ok());
        let Some(place) = place else {
            return self.failed(Malformed::NoLocation.to_string(), None, now);
        };
        if flight.resolves {
            return self.located(place);
        }
        flight.redirects += 1;
        if flight.redirects > MAX_REDIRECTS {
            return self.finish(Err(CallFailure::Redirects(MAX_REDIRECTS)));
        }
        match self.config.endpoints.check_url(&place) {
            Ok(()) => flight.url = place,
            Err(fault) => self.finish(Err(CallFailure::Redirect(fault))),
        }
    }

    fn located(&mut self, place: Url) {
        let answer = match self.config.endpoints.check_url(&place) {
            Ok(()) => Ok(Answer::Location(place)),
            Err(fault) => Err(CallFailure::Redirect(fault)),
        };
        self.finish(answer);
    }

    /// The service did its part, whatever the answer is.
    fn finish(&mut self, done: Result<Answer, CallFailure>) {
        self.breaker.succeeded();
        if let Some(flight) = self.flight.as_mut() {
            flight.done = Some(done);
        }
    }

    fn rate_limited(&mut self, error: ApiError, now: Micros) {
        let Some(flight) = self.flight.as_mut() else { return };
        flight.rate_limits += 1;
        if flight.rate_limits > self.config.rate_limits {
            // The next call would meet the same limit: it is not this one that is to be passed over.
            let failures = flight.rate_limits + flight.failures;
            self.fatal = Some(SoundcloudError::Unavailable { failures, last: error.to_string() });
        }
        // The hold outlives the call: the next one would meet the same limit.
        let until = match error.retry_at {
            Some(at) => self.backoff.not_before(at, now),
            None => now.saturating_add(self.backoff.pause(flight.rate_limits)),
        };
        self.hold = Some((until, WaitReason::RateLimit(error.limit)));
    }

    fn failed(&mut self, mut failure: String, retry_at: Option<Micros>, now: Micros) {
        mask::cover_message(&mut failure, &self.credentials, &self.tokens);
        self.breaker.failed(now);
        if self.breaker.is_spent() {
            let failures = self.breaker.failures();
            self.fatal = Some(SoundcloudError::Unavailable { failures, last: failure });
            return;
        }
        let Some(flight) = self.flight.as_mut() else { return };
        flight.failures += 1;
        if flight.failures >= self.config.attempts && self.breaker.has_opened() && !flight.service_answers {
            // Everything failed since the last success: not given up before it is known that the call is to blame.
            if flight.doubt.is_none() {
                flight.doubt = Some(Doubt::Service);
            }
        } else if flight.failures >= self.config.attempts {
            flight.done = Some(Err(CallFailure::GaveUp { attempts: flight.failures, last: failure.clone() }));
        }
        let until = match retry_at {
            Some(at) => self.backoff.not_before(at, now),
            None => now.saturating_add(self.backoff.pause(flight.failures)),
        };
        self.hold = Some((until, WaitReason::Backoff { attempt: flight.failures, failure }));
    }
}

/// The body of a good response, if it is whole JSON.
fn body(response: Response) -> Result<String, Malformed> {
    if let Some(kind) = &response.content_type {
        let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let is_json = essence.ends_with("/json") || essence.ends_with("+json") || essence.is_empty();
        if !is_json {
            return Err(Malformed::ContentType(essence.chars().filter(|c| !c.is_control()).take(60).collect()));
        }
    }
    let text = String::from_utf8(response.body).map_err(|error| Malformed::NotJson(error.utf8_error().to_string()))?;
    let json = text.strip_prefix('\u{feff}').unwrap_or(&text);
    serde_json::from_str::<IgnoredAny>(json).map_err(|error| Malformed::NotJson(error.to_string()))?;
    Ok(text)
}
