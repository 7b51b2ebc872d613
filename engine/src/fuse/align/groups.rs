//! Groups of rows that mean one thing: a union-find that looks for contradictions before it joins.

use super::kinds::{Claim, claims};
use super::typo::{MEMBERS_ALLOWANCE, Verdict, judge, numbers_differ, similarity};
use super::{EntityKind, Work};
use rustc_hash::FxHashMap;

/// A group of so many different keys is not joined to more by similar names: comparing all with all must stay cheap.
const MAX_KEYS: usize = 32;

/// What holds for all rows of a group.
#[derive(Default)]
struct Traits {
    claims: Vec<Claim>,
    /// Keys, sorted.
    keys: Vec<u32>,
    /// Whether a URN or a URL holds rows of different names together.
    renamed: bool,
}

/// Disjoint sets of rows. The root of a set is its canonical row.
pub(super) struct Groups {
    parents: Vec<u32>,
    weights: Vec<u32>,
    /// Of groups that have been asked about, by root; of others they follow from the one row.
    traits: FxHashMap<u32, Traits>,
}

/// Why two groups are joined.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    /// One URN: nothing contradicts that.
    Urn,
    /// One URL: only another account contradicts that.
    Url,
    /// Equal or similar names.
    Name,
    /// Equal or similar names, and members in common: different accounts of one artist.
    NameAndMembers,
}

impl Groups {
    pub(super) fn new(work: &Work) -> Self {
        Groups {
            parents: (0..work.rows.len() as u32).collect(),
            weights: work.rows.iter().map(|row| row.weight).collect(),
            traits: FxHashMap::default(),
        }
    }

    /// The canonical row of the group.
    pub(super) fn root(&mut self, row: u32) -> u32 {
        let mut root = row;
        while self.parents[root as usize] != root {
            root = self.parents[root as usize];
        }
        let mut at = row;
        while self.parents[at as usize] != root {
            at = std::mem::replace(&mut self.parents[at as usize], root);
        }
        root
    }

    /// The claims of the rows of a group, sorted.
    pub(super) fn claims(&mut self, work: &Work, row: u32) -> &[Claim] {
        let root = self.root(row);
        &self.known_traits(work, root).claims
    }

    fn known_traits(&mut self, work: &Work, root: u32) -> &Traits {
        self.traits.entry(root).or_insert_with(|| {
            let row = &work.rows[root as usize];
            let key = work.keyed.key_of[root as usize];
            Traits {
                claims: claims(work.kind, row, work.keyed.of(root)),
                keys: if key == u32::MAX { Vec::new() } else { vec![key] },
                renamed: false,
            }
        })
    }

    /// Joins the groups of two rows. False, and counted, if a contradiction forbids it.
    pub(super) fn join(&mut self, work: &mut Work, left: u32, right: u32, reason: Reason) -> bool {
        let (left, right) = (self.root(left), self.root(right));
        if left == right {
            return true;
        }
        self.known_traits(work, left);
        self.known_traits(work, right);
        let (one, other) = (&self.traits[&left], &self.traits[&right]);
        let claims_differ = contradict(&one.claims, &other.claims);
        let accounts_differ = claims_differ && contradict(accounts(&one.claims), accounts(&other.claims));
        let refused = match reason {
            Reason::Urn => false,
            Reason::Url => accounts_differ,
            Reason::Name => claims_differ || names_differ(work, one, other),
            Reason::NameAndMembers => names_differ(work, one, other),
        };
        if refused {
            work.report.refused_links += 1;
            return false;
        }
        let (root, alias) = if self.comes_first(left, right) { (left, right) } else { (right, left) };
        self.parents[alias as usize] = root;
        let merged = self.traits.remove(&alias).unwrap_or_default();
        let traits = self.traits.entry(root).or_default();
        let new_name = merged.keys != traits.keys;
        traits.renamed |= merged.renamed || (new_name && matches!(reason, Reason::Urn | Reason::Url));
        traits.claims.extend(merged.claims);
        traits.claims.sort_unstable();
        traits.claims.dedup();
        traits.keys.extend(merged.keys);
        traits.keys.sort_unstable();
        traits.keys.dedup();
        true
    }

    /// Whether `left` is canonical beside `right`: greater weight, then smaller id (rows are in the order of ids).
    fn comes_first(&self, left: u32, right: u32) -> bool {
        let (heavy, light) = (self.weights[left as usize], self.weights[right as usize]);
        heavy > light || (heavy == light && left < right)
    }
}

/// Whether two sorted lists of claims say different things of one field, and nothing of it that is the same.
pub(super) fn contradict(left: &[Claim], right: &[Claim]) -> bool {
    let field = |claim: &Claim| (claim.is_account, claim.field);
    left.chunk_by(|one, other| field(one) == field(other)).any(|left| {
        let from = right.partition_point(|claim| field(claim) < field(&left[0]));
        let to = right.partition_point(|claim| field(claim) <= field(&left[0]));
        from < to && !left.iter().any(|claim| right[from..to].contains(claim))
    })
}

/// The claims about accounts: they are sorted last.
fn accounts(claims: &[Claim]) -> &[Claim] {
    &claims[claims.partition_point(|claim| !claim.is_account)..]
}

fn names_differ(work: &Work, left: &Traits, right: &Traits) -> bool {
    // One key each, and the same: the usual case.
    if left.keys == right.keys {
        return false;
    }
    if left.keys.len().saturating_mul(right.keys.len()) > MAX_KEYS * MAX_KEYS {
        return true;
    }
    let keys = &work.keyed.keys;
    let min_similarity = f64::from(work.config.min_similarity);
    let far = (min_similarity - MEMBERS_ALLOWANCE).max(0.0);
    // Names that a URN holds together may be as far apart as they like, and so may be what is similar to one of them.
    let tolerant = left.renamed || right.renamed || work.kind == EntityKind::Playlist;
    left.keys.iter().any(|&left| {
        right.keys.iter().any(|&right| {
            let (left, right) = (&*keys[left as usize], &*keys[right as usize]);
            left != right
                && (numbers_differ(left, right)
                    || (!tolerant
                        && similarity(left, right) < far
                        && judge(work.kind, left, right, min_similarity, |word| work.keyed.is_rare(word))
                            == Verdict::Different))
        })
    })
}
