//! Rows of equal keys.

use super::groups::{Groups, Reason, contradict};
use super::kinds::Claim;
use super::{FuseError, Work, check};
use rustc_hash::FxHashMap;

/// Different sets of claims among the rows of one key up to which it is asked which of them go together.
const MAX_VARIANTS: usize = 64;

/// Joins rows of equal keys as far as nothing contradicts.
pub(super) fn link(work: &mut Work, groups: &mut Groups) -> Result<(), FuseError> {
    let keyed = work.keyed;
    for (at, rows) in keyed.rows.iter().enumerate() {
        if at % 1024 == 0 {
            check(work.cancelled)?;
        }
        if rows.len() > 1 {
            with_members_in_common(work, groups, rows)?;
            by_claims(work, groups, rows)?;
        }
    }
    Ok(())
}

/// Joins rows that have members in common, different accounts too.
fn with_members_in_common(work: &mut Work, groups: &mut Groups, rows: &[u32]) -> Result<(), FuseError> {
    if work.members.is_empty() {
        return Ok(());
    }
    let mut owners: Vec<(u64, u32)> =
        rows.iter().flat_map(|&row| work.members.of(row).iter().map(move |&member| (member, row))).collect();
    owners.sort_unstable();
    let mut pairs = Vec::new();
    for owners in owners.chunk_by(|left, right| left.0 == right.0).filter(|owners| owners.len() > 1) {
        check(work.cancelled)?;
        if owners.len() > work.config.max_block {
            work.report.oversized_blocks += 1;
            continue;
        }
        for (at, &(_, left)) in owners.iter().enumerate() {
            pairs.extend(owners[at + 1..].iter().map(|&(_, right)| (left, right)));
        }
    }
    pairs.sort_unstable();
    pairs.dedup();
    for (left, right) in pairs {
        if groups.root(left) != groups.root(right) && work.members.suffice(left, right, work.config.min_common) {
            groups.join(work, left, right, Reason::NameAndMembers);
        }
    }
    Ok(())
}

/// Joins rows whose claims go together, except where a row would go with several that do not.
fn by_claims(work: &mut Work, groups: &mut Groups, rows: &[u32]) -> Result<(), FuseError> {
    let mut variants: FxHashMap<Vec<Claim>, u32> = FxHashMap::default();
    let mut order: Vec<(Vec<Claim>, u32)> = Vec::new();
    for &row in rows {
        let claims = groups.claims(work, row).to_vec();
        match variants.get(&claims) {
            Some(&first) => {
                groups.join(work, first, row, Reason::Name);
            }
            None => {
                variants.insert(claims.clone(), row);
                order.push((claims, row));
            }
        }
    }
    // Joining by equal claims leaves the claims as they are, so the variants still stand.
    if order.len() < 2 || order.len() > MAX_VARIANTS {
        return Ok(());
    }
    check(work.cancelled)?;
    let agrees = |left: usize, right: usize| !contradict(&order[left].0, &order[right].0);
    let unambiguous: Vec<usize> = (0..order.len())
        .filter(|&at| {
            let mates: Vec<usize> = (0..order.len()).filter(|&mate| agrees(at, mate)).collect();
            mates.iter().enumerate().all(|(i, &left)| mates[i + 1..].iter().all(|&right| agrees(left, right)))
        })
        .collect();
    for (at, &left) in unambiguous.iter().enumerate() {
        for &right in &unambiguous[at + 1..] {
            if agrees(left, right) {
                groups.join(work, order[left].1, order[right].1, Reason::Name);
            }
        }
    }
    Ok(())
}
