//! `sgr_soundcloud_status`: whether there are credentials, and whether they work.

use super::courier::Courier;
use super::{Prepared, milliseconds_until, now, tokens, usage};
use crate::error::Result;
use crate::settings;
use crate::worker;
use sgr_engine::soundcloud::{Client, SoundcloudError, Step, WaitReason};
use sgr_http::Exchange;

/// A row of `sgr_soundcloud_status`.
pub struct Status {
    /// `file` or `environment`, if there are credentials.
    pub credentials: Option<&'static str>,
    /// Whether a token was given for them; unknown if nobody was asked, or did not answer.
    pub work: Option<bool>,
    /// What there is to say, without secrets.
    pub detail: String,
    pub requests_today: u32,
    pub requests_left: u32,
}

/// Looks for credentials and, if `try_them`, asks for a token. It takes its place among the crawls of the server.
///
/// Errors: 25006 in a read-only transaction, 42501 without the right to write down what was asked.
pub fn status(try_them: bool) -> Result<Status> {
    let limit = settings::soundcloud().daily_requests;
    let mut status =
        Status { credentials: None, work: None, detail: String::new(), requests_today: 0, requests_left: limit };
    let prepared = match Prepared::new() {
        Ok(prepared) => prepared,
        Err(error) => {
            error.message().clone_into(&mut status.detail);
            return Ok(status);
        }
    };
    let app = prepared.app;
    let mut client = prepared.client(now() as u64)?;
    usage::restore(app, &mut client, now())?;
    let held = client.hold_until(now());
    let mut client = tokens::Kept::new(client, &prepared);
    status.credentials = Some(prepared.found.place);
    if !try_them {
        "not tried".clone_into(&mut status.detail);
    } else if let Some(until) = held {
        let seconds = (milliseconds_until(until, now()) + 999) / 1000;
        status.detail = format!("not tried: a rate limit or repeated failures forbid to ask for another {seconds} s");
    } else if client.has_token(now()) {
        status.work = Some(true);
        "a token that was given earlier is still good".clone_into(&mut status.detail);
    } else if worker::try_app(app) {
        client.empty_bucket(now());
        (status.work, status.detail) = ask(&mut client, Courier::start(prepared.transport.clone())?, app)?;
    } else {
        "not tried: another session or job uses them just now".clone_into(&mut status.detail);
    }
    status.requests_left = client.requests_left(now());
    status.requests_today = limit.saturating_sub(status.requests_left);
    Ok(status)
}

/// Asks for a token, once. A pause that it leads to is stored.
fn ask(client: &mut Client, mut courier: Courier, app: i64) -> Result<(Option<bool>, String)> {
    // The call itself is never sent: the token comes first.
    client.begin(client.endpoints().api().clone());
    while !client.has_token(now()) {
        match client.next(now()) {
            Ok(Step::Send(request)) => {
                usage::save(app, client.budget())?;
                let answer = courier.exchange(&request);
                client.receive(answer, now());
            }
            Ok(Step::Wait { until, reason: WaitReason::Bucket }) => {
                worker::pause(milliseconds_until(until, now()).max(1));
            }
            Ok(Step::Wait { until, reason }) => {
                if matches!(reason, WaitReason::RateLimit(_) | WaitReason::Breaker { .. }) {
                    usage::hold(app, until)?;
                }
                return Ok((None, no_answer(reason)));
            }
            Ok(Step::Done(Err(failure))) => return Ok((None, failure.to_string())),
            Ok(Step::Done(Ok(_))) => break,
            Err(error @ SoundcloudError::Credentials { .. }) => return Ok((Some(false), error.to_string())),
            Err(error) => return Ok((None, error.to_string())),
        }
    }
    Ok((Some(true), "a token was given".to_owned()))
}

fn no_answer(reason: WaitReason) -> String {
    match reason {
        WaitReason::DailyBudget => "not tried: the requests of the day are used up".to_owned(),
        WaitReason::RateLimit(limit) => {
            format!("too many requests: rate limit {}", limit.as_deref().unwrap_or("without a name"))
        }
        WaitReason::Backoff { failure, .. } => failure,
        WaitReason::Bucket | WaitReason::Breaker { .. } | WaitReason::Held => "no answer".to_owned(),
    }
}
