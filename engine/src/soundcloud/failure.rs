//! Reading what went wrong: the error bodies of the API in all their shapes.

use super::endpoints::UnsafeUrl;
use super::message::{Response, TransportError};
use super::time::{Micros, SECOND, http_date};
use crate::catalog::{redact, timestamp};
use serde_json::Value;

/// Characters of a message that are kept.
const MESSAGE_CHARS: usize = 200;

/// An error response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status}: {message}")]
pub struct ApiError {
    /// The status code.
    pub status: u16,
    /// What the body says, without credentials, or that it says nothing.
    pub message: String,
    /// The name of the rate limit that was hit: `plays`, `client-credentials-exchange`, …
    pub limit: Option<String>,
    /// From when on to try again, as header or body say: header `Retry-After` (seconds or date), else `reset_time`.
    pub retry_at: Option<Micros>,
}

impl ApiError {
    /// Reads an error response that came at `now`. It reads `{code, message, link}`, `{"errors": [{"error_message"}]}`,
    /// `{"error", "error_description"}`, `{"errors": [{"meta": {"rate_limit", "reset_time"}}]}` with both layouts of
    /// `rate_limit`, and takes anything else, an empty body included, for no message. The rate-limit headers are not read:
    /// −1 and 0 have been seen in them on good days.
    pub fn read(response: &Response, now: Micros) -> Self {
        let body: Value = serde_json::from_slice(&response.body).unwrap_or(Value::Null);
        let retry_after = response.retry_after.as_deref().and_then(|text| retry_after(text.trim(), now));
        let reset = member(&body, "reset_time", 0).and_then(Value::as_str).and_then(|text| timestamp(text).ok());
        // A time that is over says nothing.
        let retry_at = retry_after.or(reset).filter(|&at| at > now);
        let limit = member(&body, "rate_limit", 0)
            .and_then(|limit| ["name", "group", "bucket"].iter().find_map(|key| limit.get(key)))
            .and_then(Value::as_str)
            .map(shortened);
        let message = message(&body).map(|text| shortened(&text)).filter(|text| !text.is_empty());
        let message = message.or_else(|| limit.clone().map(|limit| format!("rate limit {limit}")));
        let message = message.unwrap_or_else(|| match response.body.len() {
            0 => "empty body".to_owned(),
            bytes => format!("{bytes} bytes that say nothing"),
        });
        Self { status: response.status, message, limit, retry_at }
    }
}

fn retry_after(text: &str, now: Micros) -> Option<Micros> {
    match text.parse::<u32>() {
        Ok(seconds) => Some(now.saturating_add(Micros::from(seconds).saturating_mul(SECOND))),
        Err(_) => http_date(text),
    }
}

/// The member called `key` nearest to the root, in arrays and objects alike.
fn member<'v>(value: &'v Value, key: &str, depth: u8) -> Option<&'v Value> {
    if depth > 6 {
        return None;
    }
    match value {
        Value::Object(map) => map.get(key).or_else(|| map.values().find_map(|value| member(value, key, depth + 1))),
        Value::Array(values) => values.iter().find_map(|value| member(value, key, depth + 1)),
        _ => None,
    }
}

fn message(body: &Value) -> Option<String> {
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let first = body.get("errors").and_then(|errors| errors.get(0));
    text(body, "message")
        .filter(|message| !message.is_empty())
        .or_else(|| first.and_then(|error| text(error, "error_message").or_else(|| text(error, "message"))))
        .or_else(|| match (text(body, "error"), text(body, "error_description")) {
            (Some(error), Some(description)) => Some(format!("{error}: {description}")),
            (error, _) => error,
        })
}

fn shortened(text: &str) -> String {
    let text: String = text.chars().filter(|c| !c.is_control()).take(MESSAGE_CHARS).collect();
    redact(text.trim()).into_owned()
}

/// Why a response of status 200 is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// Not JSON by its header.
    #[error("the content type is {0}")]
    ContentType(String),
    /// Not JSON, or only the beginning of it.
    #[error("the body is not whole JSON: {0}")]
    NotJson(String),
    /// A token response without a token.
    #[error("there is no access_token in the answer")]
    NoToken,
    /// A redirect that says not where to.
    #[error("a redirect without a place to go to")]
    NoLocation,
}

/// Why one call has no answer. Other calls may have theirs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallFailure {
    /// The service refuses, and would do so again: 400, 401, 403, 404, 410, 422, …
    #[error(transparent)]
    Refused(ApiError),
    /// Failed each time.
    #[error("failed {attempts} times, the last time: {last}")]
    GaveUp {
        /// Times that it was tried.
        attempts: u32,
        /// The last failure.
        last: String,
    },
    /// A redirect to where nothing may be sent.
    #[error("redirected to where nothing is sent: {0}")]
    Redirect(UnsafeUrl),
    /// Redirected too often.
    #[error("redirected more than {0} times")]
    Redirects(u8),
    /// Trying again would not help.
    #[error(transparent)]
    Transport(TransportError),
}
