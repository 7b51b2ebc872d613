//! Rows of keys that are similar, not equal.

use super::blocks::{Blocks, Entry};
use super::groups::{Groups, Reason};
use super::kinds::hash;
use super::typo::{self, Verdict};
use super::{EntityKind, FuseError, Work, check};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

/// In shorter names a wrong letter is never taken for a typing error; see [`typo`].
const MIN_LETTERS: usize = 6;
/// Groups of the rows of one key up to which each is compared with each of another key's.
const MAX_GROUPS: usize = 64;

/// Two keys that may be one name.
struct Link {
    similarity: f64,
    sure: bool,
    left: u32,
    right: u32,
}

/// Joins rows of similar keys as far as evidence goes and nothing contradicts.
pub(super) fn link(work: &mut Work, groups: &mut Groups) -> Result<(), FuseError> {
    let mut links = by_deletions(work)?;
    if work.kind == EntityKind::Artist && !work.members.is_empty() {
        links.extend(by_members(work)?);
    }
    links.sort_by(|one, other| {
        let sure = other.sure.cmp(&one.sure);
        sure.then(other.similarity.total_cmp(&one.similarity))
            .then((one.left, one.right).cmp(&(other.left, other.right)))
    });
    links.dedup_by_key(|link| (link.left, link.right));
    for (at, link) in links.into_iter().enumerate() {
        if at % 1024 == 0 {
            check(work.cancelled)?;
        }
        join(work, groups, &link);
    }
    Ok(())
}

/// Pairs of keys that are equal after at most one letter of each is taken away.
fn by_deletions(work: &mut Work) -> Result<Vec<Link>, FuseError> {
    let keys = &work.keyed.keys;
    let push = |key: u32, hashes: &mut Vec<u64>| deletions(&keys[key as usize], hashes);
    let blocks = Blocks::new(keys.len(), push, work.cancelled)?;
    compare(work, &blocks, true)
}

/// Pairs of keys whose rows have a member in common.
fn by_members(work: &mut Work) -> Result<Vec<Link>, FuseError> {
    let push = |key: u32, hashes: &mut Vec<u64>| {
        for &row in &work.keyed.rows[key as usize] {
            hashes.extend_from_slice(work.members.of(row));
        }
    };
    let blocks = Blocks::new(work.keyed.keys.len(), push, work.cancelled)?;
    compare(work, &blocks, false)
}

/// Judges all pairs of every block. `alone`: keep only what names say without members.
fn compare(work: &mut Work, blocks: &Blocks, alone: bool) -> Result<Vec<Link>, FuseError> {
    let (pairs, count, oversized) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let keyed = work.keyed;
    let keys = &keyed.keys;
    let (kind, min_similarity) = (work.kind, f64::from(work.config.min_similarity));
    let compare_all = |block: &[Entry], found: &mut Vec<Link>| -> Result<(), FuseError> {
        check(work.cancelled)?;
        for (at, &(_, left)) in block.iter().enumerate() {
            for &(_, right) in &block[at + 1..] {
                let (one, other) = (&*keys[left as usize], &*keys[right as usize]);
                if let Verdict::Similar { similarity, sure } =
                    typo::judge(kind, one, other, min_similarity, |word| keyed.is_rare(word))
                    && (sure || !alone)
                {
                    found.push(Link { similarity, sure, left, right });
                }
            }
        }
        let size = block.len() as u64;
        pairs.fetch_add(size * (size - 1) / 2, Ordering::Relaxed);
        count.fetch_add(1, Ordering::Relaxed);
        Ok(())
    };
    let max_block = work.config.max_block;
    let links = blocks.map(
        |block, found| {
            if block.len() <= max_block {
                return compare_all(block, found);
            }
            // Names that are one have the same beginning nearly always.
            let beginning = |key: u32| -> String { keys[key as usize].chars().take(4).collect() };
            let mut items: Vec<(String, Entry)> = block.iter().map(|&entry| (beginning(entry.1), entry)).collect();
            items.sort_unstable();
            for part in items.chunk_by(|left, right| left.0 == right.0).filter(|part| part.len() > 1) {
                if part.len() > max_block {
                    oversized.fetch_add(1, Ordering::Relaxed);
                } else {
                    let part: Vec<Entry> = part.iter().map(|&(_, entry)| entry).collect();
                    compare_all(&part, found)?;
                }
            }
            Ok(())
        },
        work.cancelled,
    )?;
    work.report.compared_pairs += pairs.into_inner();
    work.report.blocks += count.into_inner();
    work.report.oversized_blocks += oversized.into_inner();
    Ok(links)
}

/// Pushes the hashes of a key without blanks, articles and "and", and of that without any one of its letters.
fn deletions(key: &str, hashes: &mut Vec<u64>) {
    let letters: Vec<char> = typo::significant(key).flat_map(str::chars).collect();
    let text: String = letters.iter().collect();
    hashes.push(hash(&[&text]));
    if letters.len() < MIN_LETTERS {
        return;
    }
    let mut start = 0;
    for (at, &letter) in letters.iter().enumerate() {
        let end = start + letter.len_utf8();
        // Taking away either of two equal neighbours gives one text.
        if at == 0 || letters[at - 1] != letter {
            let without = [&text.as_bytes()[..start], &text.as_bytes()[end..]].concat();
            hashes.push(hash_bytes(&without));
        }
        start = end;
    }
}

/// As [`hash`] of one text.
fn hash_bytes(bytes: &[u8]) -> u64 {
    use std::hash::Hasher;
    let mut hasher = rustc_hash::FxHasher::default();
    hasher.write(bytes);
    hasher.write_u8(0xff);
    hasher.finish()
}

fn join(work: &mut Work, groups: &mut Groups, link: &Link) {
    let keyed = work.keyed;
    let (left_rows, right_rows) = (&keyed.rows[link.left as usize], &keyed.rows[link.right as usize]);
    let mut roots = |rows: &[u32]| rows.iter().map(|&row| groups.root(row)).collect::<BTreeSet<u32>>();
    let (left, right) = (roots(left_rows), roots(right_rows));
    if let (true, Some(&one), Some(&other)) =
        (link.sure && left.len() == 1 && right.len() == 1, left.first(), right.first())
        && groups.join(work, one, other, Reason::Name)
    {
        return;
    }
    if work.kind != EntityKind::Artist || left_rows.len() * right_rows.len() > MAX_GROUPS * MAX_GROUPS {
        return;
    }
    for &one in left_rows {
        for &other in right_rows {
            if groups.root(one) != groups.root(other) && work.members.suffice(one, other, work.config.min_common) {
                groups.join(work, one, other, Reason::NameAndMembers);
            }
        }
    }
}
