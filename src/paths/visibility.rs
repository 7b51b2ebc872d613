//! What of the graph the current role may see: an edge, if it may read the catalogue's rows that say so.
//!
//! The graph is made by a role that reads everything. Whoever searches it sees an entity only if he could read its row of
//! the catalogue, and membership of a playlist or a like only if he could read one of the rows behind it. Where nothing
//! restricts the role, nothing is asked.

use crate::error::Result;
use crate::kind::Kind;
use crate::refresh;
use crate::rights;
use crate::sources::Sources;
use crate::spi::{self, Arg, Row};
use pgrx::pg_sys;
use rustc_hash::{FxHashMap, FxHashSet};
use sgr_engine::graph::search::{Edges, Group, Header};
use std::cell::RefCell;

/// What the role may read of a catalogue role's relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Everything.
    Free,
    /// What each query shows: row-level security, or a view.
    Asked,
    /// Nothing.
    Hidden,
}

/// Relations whose edges stand for rows of a catalogue relation.
const IN_PLAYLIST: i32 = 3;
const LIKED_BY: i32 = 9;
const REPOSTED_BY: i32 = 10;
const FOLLOWS: i32 = 11;
const CO_OCCURS_WITH: i32 = 12;
const SIMILAR_TASTE: i32 = 13;

/// Kinds whose entities stand for rows of a catalogue relation, with the query that finds the readable ones of $1.
const KINDS: [(&str, &str, &str); 4] = [
    ("track", "tracks", include_str!("../../sql/queries/visible_tracks.sql")),
    ("artist", "artists", include_str!("../../sql/queries/visible_artists.sql")),
    ("playlist", "playlists", include_str!("../../sql/queries/visible_playlists.sql")),
    ("user", "users", include_str!("../../sql/queries/visible_users.sql")),
];

const PLAYLIST: usize = 2;

/// What is hidden from the current role.
pub struct Visibility {
    sources: Sources,
    /// In the order of [`KINDS`].
    kinds: [Access; KINDS.len()],
    entries: Access,
    interactions: Access,
    follows: Access,
    /// Row-level security on the graph's own tables.
    entities: Access,
    triples: Access,
    /// Whether pairs of tracks were counted from public playlists alone.
    public_pairs: bool,
    everything: bool,
    /// (kind of the head, kind of the tail) by relation, as positions in [`KINDS`].
    ends: FxHashMap<i32, [Option<usize>; 2]>,
    /// Playlists that stand for others, too.
    merged: FxHashSet<i64>,
    /// What was asked in this call: whether an entity may be seen, by query.
    asked: RefCell<FxHashMap<&'static str, FxHashMap<i64, bool>>>,
}

impl Visibility {
    /// Of the current role, for the graph of the catalogue or for another one, of which only its tables can hide a part.
    pub fn of_role(graph_id: i32, sources: &Sources) -> Result<Self> {
        let own = |table| -> Result<Access> {
            let table = rights::table(table)?;
            Ok(match (rights::has(table, pg_sys::ACL_SELECT), rights::row_security(table)) {
                (false, _) => Access::Hidden,
                (true, true) => Access::Asked,
                (true, false) => Access::Free,
            })
        };
        let mut visibility = Self {
            sources: sources.clone(),
            kinds: [Access::Free; KINDS.len()],
            entries: Access::Free,
            interactions: Access::Free,
            follows: Access::Free,
            entities: own(c"entities")?,
            triples: own(c"triples")?,
            public_pairs: false,
            everything: false,
            ends: FxHashMap::default(),
            merged: FxHashSet::default(),
            asked: RefCell::default(),
        };
        // Superusers are shown everything.
        if rights::is_superuser() {
            visibility.everything = true;
            return Ok(visibility);
        }
        if graph_id == 0 {
            let of_role = of_sources()?;
            let of_source = |role: &str| of_role.get(role).copied().unwrap_or(Access::Hidden);
            visibility.kinds = KINDS.map(|(_, role, _)| of_source(role));
            visibility.entries = of_source("playlist_tracks");
            visibility.interactions = of_source("interactions");
            visibility.follows = own(c"follows")?;
        }
        let everything = visibility.all().all(|access| access == Access::Free);
        visibility.everything = everything;
        if !visibility.everything {
            visibility.public_pairs = refresh::public_only(Kind::TracksByPlaylists)?;
            visibility.load_ends(graph_id)?;
            if graph_id == 0 && visibility.kinds[PLAYLIST] == Access::Asked {
                spi::select(include_str!("../../sql/queries/merged_playlists.sql"), &Sources::NONE, &[], |row| {
                    visibility.merged.extend(row.int(0));
                    Ok(())
                })?;
            }
        }
        Ok(visibility)
    }

    fn all(&self) -> impl Iterator<Item = Access> {
        let rest = [self.entries, self.interactions, self.follows, self.entities, self.triples];
        self.kinds.into_iter().chain(rest)
    }

    fn load_ends(&mut self, graph_id: i32) -> Result<()> {
        let sql = "SELECT relation_id, head_kind, tail_kind FROM sgr.relations WHERE graph_id = $1";
        spi::select(sql, &Sources::NONE, &[Arg::Int(graph_id)], |row| {
            let kind = |column| KINDS.iter().position(|(kind, ..)| row.text(column).is_some_and(|name| name == *kind));
            self.ends.insert(row.int(0).unwrap_or(0) as i32, [kind(1), kind(2)]);
            Ok(())
        })
        .map(drop)
    }

    /// Whether nothing is hidden.
    pub fn sees_everything(&self) -> bool {
        self.everything
    }

    /// Those of the entities that may be seen; `kind` is that of all of them.
    pub fn entities(&self, kind: &str, ids: &[i64]) -> Result<FxHashSet<i64>> {
        let mut seen: FxHashSet<i64> = ids.iter().copied().collect();
        if self.everything {
            return Ok(seen);
        }
        if self.entities != Access::Free {
            seen = self.ask(self.entities, VISIBLE_ENTITIES, seen)?;
        }
        if let Some(at) = KINDS.iter().position(|(name, ..)| *name == kind) {
            seen = self.ask(self.kinds[at], KINDS[at].2, seen)?;
        }
        Ok(seen)
    }

    /// What a query shows of the ids.
    fn ask(&self, access: Access, sql: &'static str, ids: FxHashSet<i64>) -> Result<FxHashSet<i64>> {
        if access == Access::Free || ids.is_empty() {
            return Ok(ids);
        }
        if access == Access::Hidden {
            return Ok(FxHashSet::default());
        }
        let mut asked = self.asked.borrow_mut();
        let known = asked.entry(sql).or_default();
        let mut new: Vec<i64> = ids.iter().copied().filter(|id| !known.contains_key(id)).collect();
        if !new.is_empty() {
            new.sort_unstable();
            known.extend(new.iter().map(|&id| (id, false)));
            spi::select(sql, &self.sources, &[Arg::Bigs(&new)], |row| {
                known.extend(row.int(0).map(|id| (id, true)));
                Ok(())
            })?;
        }
        Ok(ids.into_iter().filter(|id| known.get(id) == Some(&true)).collect())
    }

    /// Takes the edges out of rows that the role may not see.
    pub fn filter(&self, rows: &mut [(i64, &mut Header, &mut Edges)]) -> Result<()> {
        if self.everything {
            return Ok(());
        }
        let hidden = self.hidden_nodes(rows)?;
        let edges = self.hidden_edges(rows)?;
        for (id, header, row) in rows {
            let nobody = hidden.contains(id);
            let mut groups: Vec<Group> = Vec::with_capacity(header.groups.len());
            let (mut neighbours, mut weights) = (Vec::new(), Vec::new());
            for (group, range) in header.parts() {
                let before = neighbours.len();
                if !nobody && !self.hides_relation(group.relation.abs()) {
                    for at in range {
                        let Some((neighbour, weight)) = row.get(at) else { break };
                        let edge = key(*id, group.relation, neighbour);
                        if !hidden.contains(&neighbour) && !edges.contains(&edge) {
                            neighbours.push(neighbour);
                            weights.push(weight);
                        }
                    }
                }
                let left = (neighbours.len() - before) as u32;
                if left > 0 {
                    groups.push(Group { relation: group.relation, edges: left });
                }
            }
            header.groups = groups.into();
            **row = Edges::new(&neighbours, weights.into());
        }
        Ok(())
    }

    /// Of the entities at the other ends of a node's edges of one relation, those whose edges may be seen. `relation` is
    /// negative where the node is the tail.
    pub fn neighbours(&self, node: i64, relation: i32, ids: &[i64]) -> Result<FxHashSet<i64>> {
        let group = Group { relation, edges: ids.len() as u32 };
        let mut header = Header { kind: 0, groups: [group].into() };
        let mut edges = Edges::new(ids, vec![1.0; ids.len()].into());
        self.filter(&mut [(node, &mut header, &mut edges)])?;
        Ok(edges.iter().map(|(neighbour, _)| neighbour).collect())
    }

    /// Relations that the role sees no edge of: their rows may not be read at all, or their edges were counted from rows
    /// of which it may read only a part.
    fn hides_relation(&self, relation: i32) -> bool {
        let playlists = self.kinds[PLAYLIST];
        match relation {
            IN_PLAYLIST => self.entries == Access::Hidden,
            LIKED_BY | REPOSTED_BY => self.interactions == Access::Hidden,
            FOLLOWS => self.follows != Access::Free,
            CO_OCCURS_WITH => !self.public_pairs && (self.entries != Access::Free || playlists != Access::Free),
            SIMILAR_TASTE => self.interactions != Access::Free,
            _ => false,
        }
    }

    fn hidden_nodes(&self, rows: &[(i64, &mut Header, &mut Edges)]) -> Result<FxHashSet<i64>> {
        let mut of_kind: [FxHashSet<i64>; KINDS.len()] = Default::default();
        let mut all: FxHashSet<i64> = FxHashSet::default();
        for (id, header, row) in rows {
            all.insert(*id);
            for (group, range) in header.parts() {
                let [head, tail] = self.ends.get(&group.relation.abs()).copied().unwrap_or_default();
                let (mine, theirs) = if group.relation > 0 { (head, tail) } else { (tail, head) };
                if let Some(kind) = mine {
                    of_kind[kind].insert(*id);
                }
                for (neighbour, _) in row.part(range) {
                    all.insert(neighbour);
                    if let Some(kind) = theirs {
                        of_kind[kind].insert(neighbour);
                    }
                }
            }
        }
        let mut hidden = FxHashSet::default();
        for ((nodes, access), (.., sql)) in of_kind.into_iter().zip(self.kinds).zip(KINDS) {
            let seen = self.ask(access, sql, nodes.clone())?;
            hidden.extend(nodes.difference(&seen));
        }
        if self.entities != Access::Free {
            let seen = self.ask(self.entities, VISIBLE_ENTITIES, all.clone())?;
            hidden.extend(all.difference(&seen));
        }
        Ok(hidden)
    }

    /// Edges whose rows may not be read, as [`key`] has them.
    fn hidden_edges(&self, rows: &[(i64, &mut Header, &mut Edges)]) -> Result<FxHashSet<Edge>> {
        let mut hidden = self.hidden_entries(rows)?;
        for (relations, access, sql) in [
            (
                &[LIKED_BY, REPOSTED_BY][..],
                self.interactions,
                include_str!("../../sql/queries/visible_interactions.sql"),
            ),
            (&[][..], self.triples, include_str!("../../sql/queries/visible_triples.sql")),
        ] {
            let edges = edges_of(rows, relations);
            if access != Access::Asked || edges.is_empty() {
                continue;
            }
            let heads: Vec<i64> = edges.iter().map(|edge| edge.0).collect();
            let which: Vec<i32> = edges.iter().map(|edge| edge.1).collect();
            let tails: Vec<i64> = edges.iter().map(|edge| edge.2).collect();
            let mut seen = FxHashSet::default();
            let args = [Arg::Bigs(&heads), Arg::Ints(&which), Arg::Bigs(&tails)];
            spi::select(sql, &self.sources, &args, |row| {
                if let (Some(head), Some(relation), Some(tail)) = (row.int(0), row.int(1), row.int(2)) {
                    seen.insert((head, relation as i32, tail));
                }
                Ok(())
            })?;
            hidden.extend(edges.into_iter().filter(|edge| !seen.contains(edge)));
        }
        Ok(hidden)
    }

    /// Entries of playlists that may not be read. They are asked for by the track or by the playlist whose row it is: what
    /// finds one entry by both would look at all of the track's.
    fn hidden_entries(&self, rows: &[(i64, &mut Header, &mut Edges)]) -> Result<FxHashSet<Edge>> {
        let mut edges = edges_of(rows, &[IN_PLAYLIST]);
        match (self.entries, self.kinds[PLAYLIST]) {
            // None of them is seen anyway.
            (Access::Hidden, _) | (_, Access::Hidden) => edges.clear(),
            // An entry is seen with its playlist, unless it came from another one that this one stands for.
            (Access::Free, _) => edges.retain(|edge| self.merged.contains(&edge.2)),
            (Access::Asked, _) => {}
        }
        if edges.is_empty() {
            return Ok(FxHashSet::default());
        }
        let here: FxHashSet<i64> = rows.iter().map(|row| row.0).collect();
        let (of_playlists, of_tracks): (Vec<&Edge>, Vec<&Edge>) = edges.iter().partition(|edge| here.contains(&edge.2));
        let distinct = |ids: &mut dyn Iterator<Item = i64>| {
            let mut ids: Vec<i64> = ids.collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        let mut seen = FxHashSet::default();
        let mut note = |row: &Row| {
            seen.extend(row.int(0).zip(row.int(1)));
            Ok(())
        };
        if !of_tracks.is_empty() {
            let tracks = distinct(&mut of_tracks.iter().map(|edge| edge.0));
            let playlists = distinct(&mut of_tracks.iter().map(|edge| edge.2));
            let sql = include_str!("../../sql/queries/visible_entries_of_tracks.sql");
            spi::select(sql, &self.sources, &[Arg::Bigs(&tracks), Arg::Bigs(&playlists)], &mut note)?;
        }
        if !of_playlists.is_empty() {
            let playlists = distinct(&mut of_playlists.iter().map(|edge| edge.2));
            let sql = include_str!("../../sql/queries/visible_entries_of_playlists.sql");
            spi::select(sql, &self.sources, &[Arg::Bigs(&playlists)], &mut note)?;
        }
        Ok(edges.into_iter().filter(|edge| !seen.contains(&(edge.0, edge.2))).collect())
    }
}

/// (head, relation, tail).
type Edge = (i64, i32, i64);

const VISIBLE_ENTITIES: &str = "SELECT e.entity_id FROM sgr.entities AS e WHERE e.entity_id = ANY ($1)";

/// An edge as the row of either end has it.
fn key(node: i64, relation: i32, neighbour: i64) -> Edge {
    if relation > 0 { (node, relation, neighbour) } else { (neighbour, -relation, node) }
}

/// The edges of these relations, of all where none is named, each once, in order.
fn edges_of(rows: &[(i64, &mut Header, &mut Edges)], relations: &[i32]) -> Vec<Edge> {
    let mut edges = Vec::new();
    for (id, header, row) in rows {
        for (group, range) in header.parts() {
            if relations.is_empty() || relations.contains(&group.relation.abs()) {
                edges.extend(row.part(range).map(|(neighbour, _)| key(*id, group.relation, neighbour)));
            }
        }
    }
    edges.sort_unstable();
    edges.dedup();
    edges
}

/// What the current role may read of what stands for each role of the catalogue. A role that is not named is hidden: its
/// relation is gone.
fn of_sources() -> Result<FxHashMap<String, Access>> {
    let mut of_role = FxHashMap::default();
    spi::select(include_str!("../../sql/queries/source_access.sql"), &Sources::NONE, &[], |row| {
        let access = match (row.bool(1), row.bool(2)) {
            (Some(true), Some(true)) => Access::Free,
            (Some(true), _) => Access::Asked,
            _ => Access::Hidden,
        };
        of_role.insert(row.text(0).unwrap_or_default().into_owned(), access);
        Ok(())
    })?;
    Ok(of_role)
}
