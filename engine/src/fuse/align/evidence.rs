//! What is said of each alias.

use super::groups::Groups;
use super::typo::{self, Verdict};
use super::{Alias, EntityKind, FuseError, Method, Work, address, check};

/// Rows of a group that are looked through for one that connects an alias with the canonical row.
const MAX_BETWEEN: usize = 64;

/// All aliases, ordered by id.
pub(super) fn aliases(work: &Work, groups: &mut Groups) -> Result<Vec<Alias>, FuseError> {
    let mut members: Vec<(u32, u32)> = Vec::new();
    for row in 0..work.rows.len() as u32 {
        if row % 4096 == 0 {
            check(work.cancelled)?;
        }
        let root = groups.root(row);
        if root != row {
            members.push((root, row));
        }
    }
    members.sort_unstable();
    let mut aliases = Vec::with_capacity(members.len());
    for group in members.chunk_by(|left, right| left.0 == right.0) {
        check(work.cancelled)?;
        for (at, &(canonical, row)) in group.iter().enumerate() {
            if at % 1024 == 0 {
                check(work.cancelled)?;
            }
            let (method, similarity, evidence) = reason(work, canonical, row, group);
            aliases.push(Alias { alias: id(work, row), canonical: id(work, canonical), method, similarity, evidence });
        }
    }
    aliases.sort_unstable_by_key(|alias| alias.alias);
    Ok(aliases)
}

fn id(work: &Work, row: u32) -> i64 {
    work.rows[row as usize].id
}

fn reason(work: &Work, canonical: u32, row: u32, group: &[(u32, u32)]) -> (Method, f32, String) {
    if let Some(direct) = relation(work, canonical, row) {
        return direct;
    }
    let between = group.iter().take(MAX_BETWEEN).map(|&(_, between)| between).filter(|&between| between != row);
    let similarity = typo::similarity(work.keyed.of(canonical), work.keyed.of(row)) as f32;
    for between in between {
        if let Some((method, _, evidence)) = relation(work, between, row) {
            let through = format!("through row {}: {evidence}", id(work, between));
            return (method, similarity, through);
        }
    }
    (Method::SimilarName, similarity, "through other rows of its group".to_owned())
}

/// The strongest direct relation of two rows, if there is one.
fn relation(work: &Work, one: u32, other: u32) -> Option<(Method, f32, String)> {
    let (left, right) = (&work.rows[one as usize], &work.rows[other as usize]);
    let common = work.members.common(one, other);
    let in_common = if common == 0 { String::new() } else { format!("; {common} in common") };
    if let (Some(urn), true) = (address::urn(left), address::urn(left) == address::urn(right)) {
        return Some((Method::SameUrn, 1.0, format!("URN {urn}{in_common}")));
    }
    if let (Some(url), true) = (address::url(left), address::url(left) == address::url(right)) {
        return Some((Method::SameUrl, 1.0, format!("URL {}{in_common}", url.trim_end_matches('?'))));
    }
    let (key, other_key) = (work.keyed.of(one), work.keyed.of(other));
    if key.is_empty() || other_key.is_empty() {
        return None;
    }
    if work.kind == EntityKind::Playlist {
        let overlap = work.members.jaccard(one, other);
        let same = key == other_key && left.owner.is_some() && left.owner == right.owner;
        return (same && overlap >= work.config.min_overlap)
            .then(|| (Method::SameMembers, overlap, format!("title key {key:?}, same owner{in_common}")));
    }
    if key == other_key {
        return Some((Method::SameName, 1.0, format!("name key {key:?}{in_common}")));
    }
    let min_similarity = f64::from(work.config.min_similarity);
    match typo::judge(work.kind, key, other_key, min_similarity, |word| work.keyed.is_rare(word)) {
        Verdict::Similar { similarity, sure } if sure || work.members.suffice(one, other, work.config.min_common) => {
            let evidence = format!("name keys {key:?} and {other_key:?}{in_common}");
            Some((Method::SimilarName, similarity as f32, evidence))
        }
        _ => None,
    }
}
