//! Credentials in what the service sends back: covered before anybody else sees it.

use super::config::Credentials;
use super::token::TokenKeeper;
use std::borrow::Cow;
use url::Url;
use url::form_urlencoded::byte_serialize;

/// What stands for the client id in bodies, and so in stored pages, in cursors and in the state of a crawl.
/// [`Client::begin`](super::Client::begin) puts the id back where a URL has this in its query.
pub const CLIENT_ID_MASK: &str = "***client-id***";

/// What stands for the secret, for tokens, and for anything of them in messages. It is not put back.
const MASK: &str = "***";

/// Shorter ones cannot be told from other text of a page. Real ones have 32 characters and more.
pub const MIN_MASKED_LEN: usize = 8;

/// A credential as it stands in a query.
fn in_query(credential: &str) -> String {
    byte_serialize(credential.as_bytes()).collect()
}

/// What must not be shown, the longest first: one may be a part of another.
fn secrets(credentials: &Credentials, tokens: &TokenKeeper) -> Vec<String> {
    let basic = TokenKeeper::basic(credentials);
    let pair = basic.expose().trim_start_matches("Basic ").to_owned();
    let mut secrets = vec![pair, credentials.client_secret.expose().to_owned()];
    secrets.extend(tokens.secrets().map(str::to_owned));
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
    secrets
}

fn replace(text: &mut Cow<'_, str>, from: &str, to: &str) {
    if !from.is_empty() && text.contains(from) {
        *text = Cow::Owned(text.replace(from, to));
    }
}

/// A body, with the credentials in it covered.
pub(super) fn cover_body(body: String, credentials: &Credentials, tokens: &TokenKeeper) -> String {
    let mut text = Cow::Borrowed(body.as_str());
    for secret in secrets(credentials, tokens).iter().filter(|secret| secret.len() >= MIN_MASKED_LEN) {
        // As it is, as JSON may write it, and as it stands in a query.
        for form in [secret.clone(), secret.replace('/', "\\/"), in_query(secret)] {
            replace(&mut text, &form, MASK);
        }
    }
    let id = &credentials.client_id;
    if id.len() >= MIN_MASKED_LEN {
        replace(&mut text, &in_query(id), CLIENT_ID_MASK);
        replace(&mut text, id, CLIENT_ID_MASK);
    }
    match text {
        Cow::Borrowed(_) => body,
        Cow::Owned(text) => text,
    }
}

/// A message, with the credentials in it covered, however short they are.
pub(super) fn cover_message(message: &mut String, credentials: &Credentials, tokens: &TokenKeeper) {
    let mut text = Cow::Borrowed(message.as_str());
    for secret in &secrets(credentials, tokens) {
        replace(&mut text, secret, MASK);
    }
    replace(&mut text, &in_query(&credentials.client_id), MASK);
    replace(&mut text, &credentials.client_id, MASK);
    if let Cow::Owned(text) = text {
        *message = text;
    }
}

/// The URL with the client id where its query has [`CLIENT_ID_MASK`]: a cursor may be made of it.
pub(super) fn uncover(mut url: Url, credentials: &Credentials) -> Url {
    let found = url.query().filter(|query| query.contains(CLIENT_ID_MASK));
    if let Some(query) = found.map(|query| query.replace(CLIENT_ID_MASK, &in_query(&credentials.client_id))) {
        url.set_query(Some(&query));
    }
    url
}
