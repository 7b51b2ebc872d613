//! The token's life: asked for once, used until shortly before it expires, renewed by one refresher at a time.

use super::config::Credentials;
use super::failure::Malformed;
use super::message::Form;
use super::secret::Secret;
use super::time::{Micros, SECOND};
use base64::prelude::{BASE64_STANDARD, Engine};
use serde::Deserialize;
use url::form_urlencoded::Serializer;

/// A token is not used any more so long before it expires.
pub const TOKEN_MARGIN: Micros = 60 * SECOND;

/// What a token response does not say is taken for an hour, which is what tokens have.
const DEFAULT_LIFETIME_SECONDS: f64 = 3600.0;

/// Holds the access token and the refresh token. Tokens are rationed (50 per 12 hours and application, 30 per hour and
/// address), so one keeper should serve all crawls of a process.
#[derive(Debug, Clone, Default)]
pub struct TokenKeeper {
    access: Option<(Secret, Micros)>,
    refresh: Option<Secret>,
}

/// The members of a token response that are read.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: Option<f64>,
    refresh_token: Option<String>,
}

impl TokenKeeper {
    /// The header `Authorization` for calls at `now`, if there is a token that is still good.
    pub fn authorization(&self, now: Micros) -> Option<Secret> {
        let (token, expires) = self.access.as_ref()?;
        (now < *expires).then(|| format!("OAuth {}", token.expose()).into())
    }

    /// The tokens that it has.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let access = self.access.iter().map(|(access, _)| access);
        access.chain(&self.refresh).map(Secret::expose).filter(|secret| !secret.is_empty())
    }

    /// Whether the next token will be had for the refresh token.
    pub fn can_refresh(&self) -> bool {
        self.refresh.is_some()
    }

    /// The body of the request for a new token. A refresh token is good for one use, so it is taken out before it is sent:
    /// if the answer is lost, the next request asks with the credentials.
    pub fn grant(&mut self) -> Form {
        let mut form = Serializer::new(String::new());
        match self.refresh.take() {
            Some(token) => {
                form.append_pair("grant_type", "refresh_token").append_pair("refresh_token", token.expose());
            }
            None => {
                form.append_pair("grant_type", "client_credentials");
            }
        }
        form.finish().into()
    }

    /// Takes a token response that came at `now`. The refresh token is stored before the access token can be used.
    ///
    /// # Errors
    /// [`Malformed`].
    pub fn granted(&mut self, body: &[u8], now: Micros) -> Result<(), Malformed> {
        let granted: Granted = serde_json::from_slice(body).map_err(|_| Malformed::NoToken)?;
        let usable = |token: &str| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
        if !usable(&granted.access_token) {
            return Err(Malformed::NoToken);
        }
        self.refresh = granted.refresh_token.filter(|token| usable(token)).map(Secret::from);
        let lifetime = granted.expires_in.filter(|seconds| *seconds > 0.0).unwrap_or(DEFAULT_LIFETIME_SECONDS);
        let lifetime = (lifetime.min(1e9) * 1e6) as Micros;
        // A token of a minute or less is used for half of its time.
        let margin = TOKEN_MARGIN.min(lifetime / 2);
        self.access = Some((granted.access_token.into(), now.saturating_add(lifetime - margin)));
        Ok(())
    }

    /// The service refused the access token: it is not used again.
    pub fn refused(&mut self) {
        self.access = None;
    }

    /// The header `Authorization` of a token request.
    pub(super) fn basic(credentials: &Credentials) -> Secret {
        let pair = format!("{}:{}", credentials.client_id, credentials.client_secret.expose());
        format!("Basic {}", BASE64_STANDARD.encode(pair)).into()
    }
}
