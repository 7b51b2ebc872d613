//! Finding a track by what people have at hand: an id, a urn, a URL.

use crate::error::{Error, Result};
use crate::recommend::{is_known, unknown_track};
use crate::sources::Sources;
use crate::spi::{self, Arg};

const WHERE_TRACKS_ARE: &str = "SELECT track_id, title FROM sgr.track_stats lists the tracks";

/// The id of a track named by its id, its urn ("soundcloud:tracks:42") or its URL.
///
/// Errors: 42704 if there is none (with likely ones, for a URL), 22023 for text that is none of the three.
pub fn track_id(name: &str) -> Result<i64> {
    let sources = Sources::load()?;
    let name = name.trim();
    if let Ok(id) = name.parse::<i64>() {
        return if is_known(id, &sources)? { Ok(id) } else { Err(unknown_track(id)) };
    }
    if let Some(url) = url_key(name) {
        return by_url(name, &url, &sources);
    }
    if name.matches(':').count() >= 2 {
        let found = one(include_str!("../sql/queries/track_by_urn.sql"), &sources, name)?;
        if let Some(id) = found {
            return Ok(id);
        }
        // A urn whose row is not there yet still ends in the id.
        return match name.rsplit(':').next().and_then(|id| id.parse().ok()) {
            Some(id) if name.contains(":tracks:") && is_known(id, &sources)? => Ok(id),
            _ => Err(Error::unknown(format!("no track with urn \"{}\"", shortened(name))).hint(WHERE_TRACKS_ARE)),
        };
    }
    Err(Error::invalid(format!("\"{}\" is no id, urn or URL of a track", shortened(name)))
        .hint("write 42, 'soundcloud:tracks:42' or 'https://…/artist/track'"))
}

fn one(sql: &'static str, sources: &Sources, name: &str) -> Result<Option<i64>> {
    let mut found = None;
    spi::select(sql, sources, &[Arg::Text(name)], |row| {
        found = found.or(row.int(0));
        Ok(())
    })?;
    Ok(found)
}

/// Host and path of a URL in lower case, without scheme, "www.", "m.", query, fragment and final slash; `None` if the
/// text is no URL. A host needs a dot and a path, so that plain titles do not pass for URLs.
pub fn url_key(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://")).unwrap_or(&lower);
    let rest = rest.split(['?', '#']).next()?.trim_end_matches('/');
    let rest = rest.strip_prefix("www.").or_else(|| rest.strip_prefix("m.")).unwrap_or(rest);
    let (host, path) = rest.split_once('/')?;
    (host.contains('.') && !host.contains(char::is_whitespace) && !path.is_empty()).then(|| rest.to_owned())
}

/// A URL as written, and as the sources usually write it.
pub fn url_forms(name: &str, key: &str) -> [String; 3] {
    [name.to_owned(), format!("https://{key}"), format!("http://{key}")]
}

fn by_url(name: &str, key: &str, sources: &Sources) -> Result<i64> {
    // Each uses the index.
    for candidate in url_forms(name, key) {
        if let Some(id) = one(include_str!("../sql/queries/track_by_url.sql"), sources, &candidate)? {
            return Ok(id);
        }
    }
    let mut likely = Vec::new();
    let last = key.rsplit('/').next().unwrap_or(key);
    let args = [Arg::Text(last), Arg::Text(key.rsplit_once('/').map_or(key, |(owner, _)| owner))];
    spi::select(include_str!("../sql/queries/track_url_likely.sql"), sources, &args, |row| {
        if let (Some(id), Some(url)) = (row.int(0), row.text(1)) {
            likely.push(format!("{url} (track {id})"));
        }
        Ok(())
    })?;
    let error = Error::unknown(format!("no track with URL \"{}\"", shortened(name)));
    Err(if likely.is_empty() {
        error.hint(WHERE_TRACKS_ARE)
    } else {
        error.hint(format!("did you mean {}?", likely.join(", or ")))
    })
}

/// Fit for a message.
pub fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(200).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}
