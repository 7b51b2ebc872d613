//! Keeps credentials out of what is stored beside the documents.

use std::borrow::Cow;

/// Names whose value is a credential, in URL queries, form bodies and JSON.
const NAMES: [&str; 9] = [
    "client_id",
    "client_secret",
    "secret_token",
    "oauth_token",
    "access_token",
    "refresh_token",
    "consumer_key",
    "authorization",
    "password",
];

/// Words of an `Authorization` header that are followed by a credential.
const SCHEMES: [&str; 3] = ["oauth ", "bearer ", "basic "];

const BLOT: &str = "***";

/// Whether a parameter of this name is a credential: never sent on, logged or stored.
pub(crate) fn is_credential(name: &str) -> bool {
    NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// `text` with the values of credentials replaced by `***` and NUL characters by U+FFFD.
pub(crate) fn redact(text: &str) -> Cow<'_, str> {
    let lower = text.to_ascii_lowercase();
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while at < lower.len() {
        let Some(rest) = lower.get(at..) else {
            at += 1;
            continue;
        };
        match credential(rest) {
            Some((from, to)) => {
                out.push_str(text.get(copied..at + from).unwrap_or(""));
                out.push_str(BLOT);
                copied = at + to;
                at = copied.max(at + 1);
            }
            None => at += 1,
        }
    }
    let redacted = match copied {
        0 => Cow::Borrowed(text),
        _ => {
            out.push_str(text.get(copied..).unwrap_or(""));
            Cow::Owned(out)
        }
    };
    if redacted.contains('\0') { Cow::Owned(redacted.replace('\0', "\u{fffd}")) } else { redacted }
}

/// Where the credential stands that `lower` (in lower case) introduces.
fn credential(lower: &str) -> Option<(usize, usize)> {
    match lower.as_bytes().first()? {
        b'c' | b's' | b'o' | b'a' | b'r' | b'p' | b'b' => {
            if let Some(name) = NAMES.iter().find(|name| lower.starts_with(**name)) {
                let from = assignment(lower, name.len())?;
                let length = token_len(lower.get(from..)?);
                return (length > 0).then_some((from, from + length));
            }
            let from = SCHEMES.iter().find(|scheme| lower.starts_with(**scheme))?.len();
            let length = token_len(lower.get(from..)?);
            // "basic channel" is no header.
            let token = lower.get(from..from + length)?;
            let credential = length >= 6 && token.contains(|c: char| c.is_ascii_digit());
            credential.then_some((from, from + length))
        }
        b'/' if lower.starts_with("/s-") => private_link(lower),
        // https://name:password@host
        b':' if lower.starts_with("://") => {
            let end = lower.get(3..)?.find(['/', '?', '#', '"', ' ']).map_or(lower.len(), |end| end + 3);
            let at = lower.get(..end)?.rfind('@')?;
            Some((3, at))
        }
        _ => None,
    }
}

/// How many bytes of `text` may belong to a token.
fn token_len(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_alphanumeric() && !"-_.~%+/=".contains(c)).unwrap_or(text.len())
}

/// The token at the end of a private link, `/user/track/s-AbC123xyz`; words such as `/s-bahn` are none.
fn private_link(lower: &str) -> Option<(usize, usize)> {
    let token = lower.get(3..)?;
    let length = token.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(token.len());
    let token = token.get(..length)?;
    (length >= 5 && token.contains(|c: char| c.is_ascii_digit())).then_some((3, 3 + length))
}

/// Where the value begins in `name=value`, `name%3Dvalue`, `"name":"value"`, `name: value`.
fn assignment(lower: &str, name_len: usize) -> Option<usize> {
    let rest = lower.get(name_len..)?;
    let rest = rest.strip_prefix('\\').unwrap_or(rest);
    let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest).trim_start();
    let rest = rest.strip_prefix("%3d").or_else(|| rest.strip_prefix(['=', ':']))?.trim_start();
    let rest = rest.strip_prefix('\\').unwrap_or(rest);
    let rest = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
    let rest = SCHEMES.iter().find_map(|scheme| rest.strip_prefix(scheme)).unwrap_or(rest);
    Some(lower.len() - rest.len())
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn credentials_are_blotted_out_and_nothing_else() {
        for (text, expected) in [
            ("https://x/tracks?limit=2&client_id=AbC-1_2&offset=4", "https://x/tracks?limit=2&client_id=***&offset=4"),
            ("https://x/t?secret_token=s-Zz9", "https://x/t?secret_token=***"),
            (r#"{"access_token": "2-1234-x","expires_in":3599}"#, r#"{"access_token": "***","expires_in":3599}"#),
            (r#""{\"client_secret\":\"abc\"}""#, r#""{\"client_secret\":\"***\"}""#),
            ("Authorization: OAuth 2-99-abc", "Authorization: OAuth ***"),
            (r#"{"authorization":"Basic aWQ6c2VjcmV0"}"#, r#"{"authorization":"Basic ***"}"#),
            ("basic channel dump", "basic channel dump"),
            ("OAUTH 2-99-abc, please", "OAUTH ***, please"),
            (
                "https://api.x/r?url=https%3A%2F%2Fx%3Fclient_id%3Dabc",
                "https://api.x/r?url=https%3A%2F%2Fx%3Fclient_id%3D***",
            ),
            ("https://soundcloud.com/a/b/s-AbCdE12", "https://soundcloud.com/a/b/s-***"),
            ("https://me:pw@host/a@b", "https://***@host/a@b"),
            ("https://soundcloud.com/a/s-bahnhof", "https://soundcloud.com/a/s-bahnhof"),
            ("CLIENT_ID=abc", "CLIENT_ID=***"),
            ("é client_id=é", "é client_id=é"),
            ("a\0b", "a\u{fffd}b"),
        ] {
            assert_eq!(redact(text), expected);
        }
    }
}
