//! Tokens.

use crate::server::{CLIENT_ID, CLIENT_SECRET};
use crate::wire::{Incoming, Reply};
use serde_json::json;
use std::collections::{HashMap, HashSet, VecDeque};

const SECOND: i64 = 1_000_000;
/// Tokens per hour and address.
const TOKENS_PER_HOUR: usize = 30;
/// Seconds that a token is good for.
const LIFETIME: i64 = 3599;

/// What has been given out.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    given: u64,
    /// Access tokens and when they expire.
    access: HashMap<String, i64>,
    /// Refresh tokens that have not been used.
    refresh: HashSet<String>,
    /// When tokens were given in the last hour.
    times: VecDeque<i64>,
}

impl Tokens {
    /// Answers a request for a token. Returns the reply and whether it was one.
    pub(crate) fn grant(&mut self, request: &Incoming, now: i64, limited: bool) -> (Reply, bool) {
        let refuse = |status: u16, message: &str| {
            let link = "https://developers.soundcloud.com/docs/api/guide#authentication";
            (Reply::json(status, json!({ "code": status, "message": message, "link": link }).to_string()), false)
        };
        if request.authorization.as_deref() != Some(&basic()) {
            return refuse(401, "invalid_client");
        }
        while self.times.front().is_some_and(|&at| at <= now - 3600 * SECOND) {
            self.times.pop_front();
        }
        if let Some(first) = self.times.front()
            && limited
            && self.times.len() >= TOKENS_PER_HOUR
        {
            // Whole seconds, so rounded up.
            let reset = crate::site::slashed((first + 3600 * SECOND + SECOND - 1) / SECOND);
            let body = json!({ "errors": [{ "meta": {
                "rate_limit": {
                    "bucket": "by-ip", "max_nr_of_requests": TOKENS_PER_HOUR, "time_window": "PT1H",
                    "name": "client-credentials-exchange",
                },
                "remaining_requests": 0, "reset_time": reset,
            } }] });
            return (Reply::json(429, body.to_string()), false);
        }
        let form: HashMap<String, String> = url::form_urlencoded::parse(request.body.as_bytes()).into_owned().collect();
        match form.get("grant_type").map(String::as_str) {
            Some("client_credentials") => {}
            Some("refresh_token") => {
                // Good for one use.
                if !form.get("refresh_token").is_some_and(|token| self.refresh.remove(token)) {
                    return refuse(400, "invalid_grant");
                }
            }
            _ => return refuse(400, "unsupported_grant_type"),
        }
        self.times.push_back(now);
        self.given += 1;
        let (access, refresh) = (format!("2-mock-access-{}", self.given), format!("mock-refresh-{}", self.given));
        self.access.insert(access.clone(), now + LIFETIME * SECOND);
        self.refresh.insert(refresh.clone());
        let body = json!({
            "access_token": access, "expires_in": LIFETIME, "refresh_token": refresh, "scope": "", "token_type": "bearer",
        });
        (Reply::json(200, body.to_string()), true)
    }

    /// Whether a request comes with a token that is good.
    pub(crate) fn admits(&self, request: &Incoming, now: i64) -> bool {
        let token = request.authorization.as_deref().and_then(|header| header.strip_prefix("OAuth "));
        token.and_then(|token| self.access.get(token)).is_some_and(|expires| now < *expires)
    }

    /// Takes all tokens back.
    pub(crate) fn revoke(&mut self) {
        self.access.clear();
    }
}

/// `Basic` and the credentials in Base64, which are constants.
fn basic() -> String {
    // base64("mock-client-id:mock-client-secret")
    debug_assert_eq!((CLIENT_ID, CLIENT_SECRET), ("mock-client-id", "mock-client-secret"));
    "Basic bW9jay1jbGllbnQtaWQ6bW9jay1jbGllbnQtc2VjcmV0".to_owned()
}
