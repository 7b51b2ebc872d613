//! Rows of one URN or URL.

use super::blocks::Blocks;
use super::groups::{Groups, Reason};
use super::kinds::hash;
use super::{FuseError, Row, Work, check};

/// Parameters that say where a reader came from, not what the page is.
const TRACKING: [&str; 6] = ["si", "ref", "in", "fbclid", "gclid", "feature"];

/// Joins rows of one URN, then rows of one URL.
pub(super) fn link(work: &mut Work, groups: &mut Groups) -> Result<(), FuseError> {
    let urns = same(work, urn)?;
    let urls = same(work, url)?;
    for (pairs, reason) in [(urns, Reason::Urn), (urls, Reason::Url)] {
        for (at, (left, right)) in pairs.into_iter().enumerate() {
            if at % 4096 == 0 {
                check(work.cancelled)?;
            }
            groups.join(work, left, right, reason);
        }
    }
    Ok(())
}

/// Pairs that connect all rows of one text, in a fixed order.
fn same(work: &Work, text: impl Fn(&Row) -> Option<String> + Sync) -> Result<Vec<(u32, u32)>, FuseError> {
    let push =
        |row: u32, hashes: &mut Vec<u64>| hashes.extend(text(&work.rows[row as usize]).map(|text| hash(&[&text])));
    let blocks = Blocks::new(work.rows.len(), push, work.cancelled)?;
    let mut pairs = blocks.map(
        |block, found| {
            let first = block[0].1;
            let wanted = text(&work.rows[first as usize]);
            let same = block[1..].iter().filter(|&&(_, row)| text(&work.rows[row as usize]) == wanted);
            found.extend(same.map(|&(_, row)| (first, row)));
            Ok(())
        },
        work.cancelled,
    )?;
    pairs.sort_unstable();
    Ok(pairs)
}

/// The URN as it is compared.
pub(super) fn urn(row: &Row) -> Option<String> {
    row.urn.map(str::trim).filter(|urn| !urn.is_empty()).map(str::to_owned)
}

/// The URL as it is compared: without scheme, "www.", "m.", fragment, trailing slash and tracking parameters; the host
/// in lower case.
pub(super) fn url(row: &Row) -> Option<String> {
    let text = row.url?.trim();
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let rest = rest.split('#').next().unwrap_or_default();
    let (page, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (host, path) = page.split_once('/').unwrap_or((page, ""));
    let host = host.to_lowercase();
    let host = ["www.", "m.", "mobile."].iter().find_map(|prefix| host.strip_prefix(prefix)).unwrap_or(&host);
    let path = path.trim_end_matches('/');
    let mut query: Vec<&str> = query
        .split('&')
        .filter(|parameter| {
            let name = parameter.split('=').next().unwrap_or_default();
            !name.is_empty() && !name.starts_with("utm_") && !TRACKING.contains(&name)
        })
        .collect();
    query.sort_unstable();
    // The front page of a provider is nobody's.
    if host.is_empty() || (path.is_empty() && query.is_empty()) {
        return None;
    }
    Some(format!("{host}/{path}?{}", query.join("&")))
}
