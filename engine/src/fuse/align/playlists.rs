//! Playlists of one owner and title.

use super::blocks::Blocks;
use super::groups::{Groups, Reason};
use super::kinds::hash;
use super::{FuseError, Work, check};

/// What one block found.
enum Found {
    /// Playlists to be joined: the first is the one the others were compared with.
    Version { leader: u32, row: u32, overlap: f32 },
    /// How much was compared.
    Compared { pairs: u64, oversized: bool },
}

/// Joins playlists of equal title and owner that have nearly the same tracks. Each is compared with the heaviest of its
/// group, so that a playlist that changes step by step does not end up beside one with other tracks.
pub(super) fn link(work: &mut Work, groups: &mut Groups) -> Result<(), FuseError> {
    let (rows, keyed) = (work.rows, work.keyed);
    let push = |row: u32, hashes: &mut Vec<u64>| {
        if let (Some(owner), key) = (rows[row as usize].owner, keyed.of(row))
            && !key.is_empty()
        {
            hashes.push(hash(&[key, &owner.to_string()]));
        }
    };
    let blocks = Blocks::new(rows.len(), push, work.cancelled)?;
    let found = blocks.map(|block, found| versions(work, block, found), work.cancelled)?;
    let mut links = Vec::new();
    for found in found {
        match found {
            Found::Version { leader, row, overlap } => links.push((leader, row, overlap)),
            Found::Compared { pairs, oversized } => {
                work.report.blocks += 1;
                work.report.compared_pairs += pairs;
                work.report.oversized_blocks += u64::from(oversized);
            }
        }
    }
    links.sort_by(|one, other| other.2.total_cmp(&one.2).then((one.0, one.1).cmp(&(other.0, other.1))));
    for (leader, row, _) in links {
        groups.join(work, leader, row, Reason::NameAndMembers);
    }
    Ok(())
}

fn versions(work: &Work, block: &[(u64, u32)], found: &mut Vec<Found>) -> Result<(), FuseError> {
    let identity = |row: u32| (work.rows[row as usize].owner, work.keyed.key_of[row as usize]);
    let mut rows: Vec<u32> = block.iter().map(|&(_, row)| row).collect();
    rows.sort_unstable_by_key(|&row| (std::cmp::Reverse(work.rows[row as usize].weight), row));
    let mut leaders: Vec<u32> = Vec::new();
    let (mut pairs, mut oversized) = (0, false);
    for row in rows {
        check(work.cancelled)?;
        let mut joined = false;
        for &leader in &leaders {
            pairs += 1;
            let overlap = work.members.jaccard(leader, row);
            if overlap >= work.config.min_overlap && identity(leader) == identity(row) {
                found.push(Found::Version { leader, row, overlap });
                joined = true;
                break;
            }
        }
        // More different playlists of one name than that are compared with the heaviest of them only.
        if !joined && leaders.len() < work.config.max_block {
            leaders.push(row);
        } else if !joined {
            oversized = true;
        }
    }
    found.push(Found::Compared { pairs, oversized });
    Ok(())
}
