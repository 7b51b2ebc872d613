//! Paths to things and pages.

use crate::hazards::lot;
use crate::server::{CLIENT_ID, Shared};
use crate::site::Site;
use crate::wire::Reply;
use serde_json::{Value, json};
use std::collections::HashMap;
use url::Url;

/// Bytes of a big page.
const BIG_PAGE: usize = 10 << 20;
/// A shape that is followed by an error of the client if it reads what it need not: the number does not fit a double.
const UNKNOWN_MEMBERS: &str = r#","query_urn":"soundcloud:search:1","score":1e400,"facets":[{"name":"\ud800"}]"#;

/// What a path leads to.
pub(crate) enum Found {
    Thing(Reply),
    Nothing(Reply),
}

/// What a list is made of.
enum Items<'s> {
    Tracks(&'s [i64]),
    Users(&'s [i64]),
    Playlists(&'s [i64]),
}

/// A page to make.
struct Page<'s> {
    target: &'s str,
    path: String,
    parameters: HashMap<String, String>,
    items: Items<'s>,
    /// Entries of which some may be stubs.
    of_playlist: Option<i64>,
    wrap_likes: bool,
    /// Whether the end of the list may be unclear.
    may_fray: bool,
}

pub(crate) fn find(target: &str, shared: &Shared) -> Found {
    let Ok(url) = Url::parse(&shared.base).and_then(|base| base.join(target)) else { return nothing() };
    let parameters: HashMap<String, String> = url.query_pairs().into_owned().collect();
    let path = url.path().replace("%3A", ":").replace("%3a", ":");
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let (site, hazards) = (&shared.site, shared.config.hazards);
    let list = |items, of_playlist, wrap_likes, may_fray| {
        let parameters = parameters.clone();
        Page { target, path: path.clone(), parameters, items, of_playlist, wrap_likes, may_fray }.make(shared)
    };
    let thing = |value: Option<Value>| value.map_or_else(nothing, |value| good(value.to_string()));
    let id = |namespace: &str, text: &str| -> Option<i64> {
        text.strip_prefix(&format!("soundcloud:{namespace}:")).unwrap_or(text).parse().ok()
    };
    let empty: &[i64] = &[];
    let of = |map: &'_ std::collections::BTreeMap<i64, Vec<i64>>, id: i64| map.get(&id).cloned().unwrap_or_default();
    match parts.as_slice() {
        ["resolve"] => resolve(parameters.get("url").map_or("", String::as_str), shared),
        ["tracks"] => match parameters.get("urns") {
            Some(urns) => {
                let ids: Vec<i64> = urns
                    .split(',')
                    .filter_map(|urn| id("tracks", urn))
                    .filter(|id| site.tracks.contains_key(id))
                    .collect();
                list(Items::Tracks(&ids), None, false, false)
            }
            None => list(Items::Tracks(&search(site, &parameters)), None, false, true),
        },
        ["tracks", track] => thing(id("tracks", track).and_then(|id| site.track(id, hazards))),
        ["users", user] => thing(id("users", user).and_then(|id| site.user(id, hazards))),
        ["playlists", playlist] => {
            // With its tracks a large one takes too long.
            if parameters.get("show_tracks").map(String::as_str) != Some("false") {
                return Found::Nothing(Reply { status: 504, ..Reply::default() });
            }
            thing(id("playlists", playlist).and_then(|id| site.playlist(id, hazards)))
        }
        ["tracks", track, rest] => {
            let Some(id) = id("tracks", track).filter(|id| site.tracks.contains_key(id)) else { return nothing() };
            match *rest {
                "favoriters" => list(Items::Users(&of(&site.likers, id)), None, false, true),
                "reposters" => list(Items::Users(&of(&site.reposters, id)), None, false, true),
                "related" => list(Items::Tracks(&related(site, id)), None, false, true),
                _ => nothing(),
            }
        }
        ["playlists", playlist, "tracks"] => {
            let Some(id) = id("playlists", playlist).filter(|id| site.playlists.contains_key(id)) else {
                return nothing();
            };
            let entries = site.entries.get(&id).map_or(empty, Vec::as_slice);
            let counted = site.playlists.get(&id).and_then(|playlist| playlist.track_count);
            let may_fray = counted.is_some_and(|count| count as usize == entries.len());
            list(Items::Tracks(entries), Some(id), false, may_fray)
        }
        ["users", user, rest @ ..] => {
            let Some(id) = id("users", user).filter(|id| site.users.contains_key(id)) else { return nothing() };
            match rest {
                ["tracks"] => list(Items::Tracks(&of(&site.uploads, id)), None, false, true),
                ["playlists"] => list(Items::Playlists(&of(&site.playlists_of, id)), None, false, true),
                ["likes", "tracks"] => list(Items::Tracks(&of(&site.likes, id)), None, true, true),
                ["reposts", "tracks"] => list(Items::Tracks(&of(&site.reposts, id)), None, false, true),
                _ => nothing(),
            }
        }
        _ => nothing(),
    }
}

fn good(body: impl Into<Vec<u8>>) -> Found {
    Found::Thing(Reply::json(200, body))
}

fn nothing() -> Found {
    Found::Nothing(Reply::json(
        404,
        r#"{"code":404,"message":"404 - Not Found","link":"https://developers.soundcloud.com/docs"}"#,
    ))
}

fn resolve(page: &str, shared: &Shared) -> Found {
    let site = &shared.site;
    let found = (site.tracks.iter().find(|(_, track)| track.permalink_url == page).map(|(id, _)| ("tracks", *id)))
        .or_else(|| site.playlists.iter().find(|(_, p)| p.permalink_url == page).map(|(id, _)| ("playlists", *id)))
        .or_else(|| site.users.iter().find(|(_, user)| user.permalink_url == page).map(|(id, _)| ("users", *id)));
    let Some((namespace, id)) = found else { return nothing() };
    let name =
        if lot(page, "resolve").is_multiple_of(2) { id.to_string() } else { format!("soundcloud:{namespace}:{id}") };
    let location = format!("{}/{namespace}/{name}", shared.base);
    let mut reply = Reply::json(302, json!({ "status": "302 - Found", "location": location }).to_string());
    reply.headers.push(("Location", location));
    Found::Thing(reply)
}

/// Tracks with the words in title, genre or tags, and of the genres and tags asked for.
fn search(site: &Site, parameters: &HashMap<String, String>) -> Vec<i64> {
    let lower = |text: &str| text.trim().to_lowercase();
    let words: Vec<String> = parameters.get("q").map(|q| q.split_whitespace().map(lower).collect()).unwrap_or_default();
    let any_of = |key: &str| -> Option<Vec<String>> { parameters.get(key).map(|v| v.split(',').map(lower).collect()) };
    let (genres, tags) = (any_of("genres"), any_of("tags"));
    let matches = |track: &&sgr_engine::demo::DemoTrack| {
        let genre = lower(track.genre.as_deref().unwrap_or(""));
        let own: Vec<String> = track.tags.iter().flatten().map(|tag| lower(tag)).collect();
        let text = format!("{} {genre} {}", lower(track.title.as_deref().unwrap_or("")), own.join(" "));
        words.iter().all(|word| text.contains(word))
            && genres.as_ref().is_none_or(|genres| genres.contains(&genre))
            && tags.as_ref().is_none_or(|tags| tags.iter().any(|tag| own.contains(tag)))
    };
    site.tracks.values().filter(matches).map(|track| track.track_id).collect()
}

/// Tracks of the same genre.
fn related(site: &Site, id: i64) -> Vec<i64> {
    let genre = site.tracks.get(&id).and_then(|track| track.genre.clone());
    site.tracks.values().filter(|t| t.track_id != id && t.genre == genre).map(|t| t.track_id).take(20).collect()
}

impl Page<'_> {
    fn make(&self, shared: &Shared) -> Found {
        let hazards = shared.config.hazards;
        let (offset, round) = match self.parameters.get("cursor") {
            None => (0, 0),
            Some(cursor) => match self.offset_of(cursor) {
                Some(place) => place,
                None => {
                    let body = r#"{"code":400,"message":"10 is not a valid UUID","link":"https://developers.soundcloud.com/docs"}"#;
                    return Found::Nothing(Reply::json(400, body));
                }
            },
        };
        let asked = self.parameters.get("limit").and_then(|limit| limit.parse().ok()).unwrap_or(50);
        let full = usize::clamp(asked, 1, shared.config.page_size.clamp(1, 200));
        let all = self.visible(shared);
        // Short pages, and empty ones with a next page, in the middle of lists.
        let lots = lot(self.target, "short");
        let length = match lots % 6 {
            0 if hazards.short_pages && round == 0 => 0,
            1 if hazards.short_pages => full.div_ceil(2),
            _ => full,
        };
        let end = (offset + length).min(all.len());
        let items = &all[offset.min(end)..end];
        let is_last = end >= all.len() && (length > 0 || all.len() <= offset);
        let end_lots = lot(&self.path, "end") % 4;
        let next = if !is_last {
            Some(self.cursor(end, if length == 0 { round + 1 } else { 0 }))
        } else if self.may_fray && hazards.loops && end_lots == 0 {
            Some(self.parameters.get("cursor").cloned().unwrap_or_default())
        } else if self.may_fray && hazards.bad_cursor && end_lots == 1 {
            Some("10".to_owned())
        } else {
            None
        };
        if next.is_none() && offset == 0 && round == 0 && hazards.bare_arrays && end_lots == 2 {
            return good(format!("[{}]", items.join(",")));
        }
        let next = next.map_or_else(|| "null".to_owned(), |cursor| json!(self.href(&cursor, shared)).to_string());
        let mut extra = if hazards.drift { UNKNOWN_MEMBERS.to_owned() } else { String::new() };
        if hazards.big_pages && lot(self.target, "big").is_multiple_of(200) {
            extra.push_str(&format!(r#","padding":"{}""#, "x".repeat(BIG_PAGE)));
        }
        good(format!(r#"{{"collection":[{}],"next_href":{next}{extra}}}"#, items.join(",")))
    }

    /// The elements that the filter lets through, as JSON.
    fn visible(&self, shared: &Shared) -> Vec<String> {
        let (site, hazards) = (&shared.site, shared.config.hazards);
        let blocked_too = self.parameters.get("access").is_some_and(|access| access.contains("blocked"));
        let track = |&id: &i64| {
            let stub = hazards.stubs
                && self.of_playlist.is_some_and(|list| lot(&format!("{list}/{id}"), "stub").is_multiple_of(3));
            let value = if stub { Some(Site::stub(id)) } else { site.track(id, hazards) };
            match value {
                Some(value) if self.wrap_likes && hazards.drift && id % 5 == 0 => {
                    Some(json!({ "kind": "like", "track": value }).to_string())
                }
                value => value.map(|value| value.to_string()),
            }
        };
        match self.items {
            Items::Tracks(ids) => {
                ids.iter().filter(|id| blocked_too || !Site::is_blocked(**id)).filter_map(track).collect()
            }
            Items::Users(ids) => ids.iter().filter_map(|id| site.user(*id, hazards)).map(|v| v.to_string()).collect(),
            Items::Playlists(ids) => {
                ids.iter().filter_map(|id| site.playlist(*id, hazards)).map(|v| v.to_string()).collect()
            }
        }
    }

    /// Cursors look like UUIDs; they hold the path, the place and a count of empty pages at that place.
    fn cursor(&self, offset: usize, round: u64) -> String {
        format!("{:08x}-{round:04x}-4000-8000-{offset:012x}", lot(&self.path, "cursor") as u32)
    }

    fn offset_of(&self, cursor: &str) -> Option<(usize, u64)> {
        // The loop at the end of a first page.
        if cursor.is_empty() {
            return Some((0, 0));
        }
        let parts: Vec<&str> = cursor.split('-').collect();
        let [path, round, "4000", "8000", offset] = parts.as_slice() else { return None };
        (u32::from_str_radix(path, 16).ok()? == lot(&self.path, "cursor") as u32).then_some(())?;
        Some((usize::from_str_radix(offset, 16).ok()?, u64::from_str_radix(round, 16).ok()?))
    }

    fn href(&self, cursor: &str, shared: &Shared) -> String {
        let hazards = shared.config.hazards;
        let base = if hazards.foreign_host && lot(self.target, "host").is_multiple_of(3) {
            "http://api-internal.svc.cluster.local:8080"
        } else {
            shared.base.as_str()
        };
        let Ok(mut url) = Url::parse(base) else { return String::new() };
        url.set_path(&self.path);
        let mut kept: Vec<(&String, &String)> = self
            .parameters
            .iter()
            .filter(|(key, _)| key.as_str() != "cursor" && !(hazards.dropped_filter && key.as_str() == "access"))
            .collect();
        kept.sort();
        {
            let mut pairs = url.query_pairs_mut();
            pairs.extend_pairs(kept);
            if !cursor.is_empty() {
                pairs.append_pair("cursor", cursor);
            }
            if hazards.client_id {
                pairs.append_pair("client_id", CLIENT_ID);
            }
        }
        url.to_string()
    }
}
