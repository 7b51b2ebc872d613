//! URLs of pages, and what the URL of an API call tells.

use super::identity::{Namespace, number_or_urn};
use super::rejection::Reason;
use std::borrow::Cow;
use url::Url;

/// One URL per page: scheme http or https, host in lower case, no default port, no credentials, no query, no fragment,
/// no slash at the end.
///
/// # Errors
/// [`Reason::BadUrl`].
pub(super) fn normalise(text: &str) -> Result<String, Reason> {
    if is_normal(text) {
        return Ok(text.to_owned());
    }
    let mut url = Url::parse(text).map_err(|_| Reason::BadUrl)?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
        return Err(Reason::BadUrl);
    }
    url.set_query(None);
    url.set_fragment(None);
    url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| Reason::BadUrl)?;
    let text = url.as_str();
    Ok(text.trim_end_matches('/').to_owned())
}

/// Whether `text` surely is what [`normalise`] would make of it: saves the parser in the usual case.
fn is_normal(text: &str) -> bool {
    let Some((host, path)) = text.strip_prefix("https://").and_then(|rest| rest.split_once('/')) else { return false };
    let labels = host.split('.');
    host.contains('.')
        && labels.clone().all(|label| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_lowercase()))
        && path.split('/').all(|part| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        })
}

/// The call that a page answers. `None` as the user is `/me`, of whom the URL does not tell who it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    LikesOf(Option<i64>),
    RepostsOf(Option<i64>),
    FollowedBy(Option<i64>),
    FollowersOf(Option<i64>),
    LikersOf(i64),
    RepostersOf(i64),
    TracksOfPlaylist(i64),
}

/// What the URL of a call tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Address {
    pub(super) call: Option<Call>,
    /// What the elements are if they do not say it themselves.
    pub(super) items: Option<Namespace>,
    /// Whether it asks for a later page than the first.
    pub(super) continues: bool,
    /// The `limit` it gives.
    pub(super) limit: Option<usize>,
}

/// Reads the URL or path of an API call. Only path and query matter: the host proves nothing.
pub(super) fn address(text: &str) -> Address {
    let mut address = Address::default();
    if !text.contains('/') {
        return address;
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        // A path alone, as in /users/1/likes/tracks?limit=200.
        Err(_) => match Url::parse("https://api.invalid/").and_then(|base| base.join(text)) {
            Ok(url) => url,
            Err(_) => return address,
        },
    };
    for (key, value) in url.query_pairs() {
        match &*key {
            "cursor" | "page" => address.continues |= !value.is_empty(),
            "offset" => address.continues |= !matches!(&*value, "" | "0"),
            "limit" | "page_size" => address.limit = value.parse().ok().or(address.limit),
            _ => {}
        }
    }
    let segments: Vec<Cow<str>> =
        url.path_segments().into_iter().flatten().filter(|part| !part.is_empty()).map(colons).collect();
    let parts: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let Some(start) = parts.iter().position(|part| matches!(*part, "users" | "tracks" | "playlists" | "me")) else {
        return address;
    };
    let parts = parts.get(start..).unwrap_or(&[]);
    address.items = match parts.last().copied() {
        Some("tracks" | "favorites" | "track_likes" | "related") => Some(Namespace::Tracks),
        Some("playlists") => Some(Namespace::Playlists),
        Some("followings" | "followers" | "favoriters" | "likers" | "reposters" | "users") => Some(Namespace::Users),
        _ => None,
    };
    address.call = match parts {
        ["me", rest @ ..] => call_of_user(None, rest),
        ["users", user, rest @ ..] => match number_or_urn(user, Namespace::Users) {
            Ok(user) => call_of_user(Some(user), rest),
            Err(_) => None,
        },
        ["tracks", track, what] => match (number_or_urn(track, Namespace::Tracks), *what) {
            (Ok(track), "favoriters" | "likers") => Some(Call::LikersOf(track)),
            (Ok(track), "reposters") => Some(Call::RepostersOf(track)),
            _ => None,
        },
        ["playlists", playlist, "tracks"] => {
            number_or_urn(playlist, Namespace::Playlists).ok().map(Call::TracksOfPlaylist)
        }
        _ => None,
    };
    address
}

fn call_of_user(user: Option<i64>, rest: &[&str]) -> Option<Call> {
    match rest {
        ["likes" | "favorites" | "track_likes"] | ["likes", "tracks"] => Some(Call::LikesOf(user)),
        ["reposts"] | ["reposts", "tracks"] => Some(Call::RepostsOf(user)),
        ["followings"] => Some(Call::FollowedBy(user)),
        ["followers"] => Some(Call::FollowersOf(user)),
        _ => None,
    }
}

/// URNs in URLs often have their colons encoded.
fn colons(part: &str) -> Cow<'_, str> {
    if part.contains('%') { part.replace("%3A", ":").replace("%3a", ":").into() } else { part.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_page_has_one_url() {
        for (text, expected) in [
            ("https://soundcloud.com/some-one/a_track", "https://soundcloud.com/some-one/a_track"),
            ("https://SoundCloud.com:443/a/b/?utm_source=x#t=1:00", "https://soundcloud.com/a/b"),
            ("http://soundcloud.com:80/a//", "http://soundcloud.com/a"),
            ("https://me:pw@soundcloud.com/A", "https://soundcloud.com/A"),
            ("https://soundcloud.com/", "https://soundcloud.com"),
            ("HTTPS://soundcloud.com/a/./b/../c", "https://soundcloud.com/a/c"),
            ("https://soundcloud.com/ünï", "https://soundcloud.com/%C3%BCn%C3%AF"),
            ("https://x.y:8080/a", "https://x.y:8080/a"),
        ] {
            assert_eq!(normalise(text).as_deref(), Ok(expected), "{text}");
            assert_eq!(normalise(expected).as_deref(), Ok(expected), "{text}");
        }
        for text in [
            "",
            "soundcloud.com/a",
            "ftp://x.y/a",
            "javascript:alert(1)",
            "https://",
            "https:///",
            "https://[::/a",
            "//x.y/a",
        ] {
            assert_eq!(normalise(text), Err(Reason::BadUrl), "{text}");
        }
    }

    #[test]
    fn calls_are_told_by_path() {
        for (text, call) in [
            ("https://api.soundcloud.com/users/7/likes/tracks?limit=200", Some(Call::LikesOf(Some(7)))),
            ("/users/soundcloud:users:7/favorites", Some(Call::LikesOf(Some(7)))),
            ("https://internal.example/users/soundcloud%3Ausers%3A7/reposts/tracks", Some(Call::RepostsOf(Some(7)))),
            ("https://api-v2.soundcloud.com/users/7/track_likes", Some(Call::LikesOf(Some(7)))),
            ("users/7/followings", Some(Call::FollowedBy(Some(7)))),
            ("/users/7/followers/", Some(Call::FollowersOf(Some(7)))),
            ("/me/likes/tracks", Some(Call::LikesOf(None))),
            ("/tracks/9/favoriters", Some(Call::LikersOf(9))),
            ("/tracks/soundcloud:tracks:9/reposters", Some(Call::RepostersOf(9))),
            ("/playlists/5/tracks?access=playable", Some(Call::TracksOfPlaylist(5))),
            ("/users/7/likes/playlists", None),
            ("/users/7/tracks", None),
            ("/users/soundcloud:tracks:7/favorites", None),
            ("/users/0/favorites", None),
            ("/users/99999999999999999999/favorites", None),
            ("/playlists/5/reposters", None),
            ("dump/users.jsonl", None),
            ("soundcloud", None),
            ("", None),
            ("https://[::1/users/7/favorites", None),
            ("//", None),
        ] {
            assert_eq!(address(text).call, call, "{text}");
        }
        assert!(address("/playlists/5/tracks?cursor=abc").continues);
        assert!(address("/playlists/5/tracks?offset=50").continues);
        assert!(!address("/playlists/5/tracks?offset=0").continues);
        assert_eq!(address("/tracks?q=x&limit=50").limit, Some(50));
        assert_eq!(address("/tracks?q=x").items, Some(Namespace::Tracks));
    }
}
