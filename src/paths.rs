//! Paths between entities of the graph: opens the graph as the current role may see it, runs the engine's search, and puts
//! what it finds in words.

mod drawing;
mod node;
mod row_store;
mod visibility;

pub use node::{Node, find as find_node, line};
pub use visibility::Visibility;

use crate::adjacency;
use crate::error::{Error, Result};
use crate::recommend::plural;
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use crate::triples_file::graph_id;
use pgrx::prelude::*;
use row_store::{Graph, RowStore};
use rustc_hash::FxHashMap;
use serde::Serialize;
use serde_json::{Value, json};
use sgr_engine::export::entity_name;
use sgr_engine::graph::search::{Explored, Path, PathConfig, PathSearch, Step};
use std::collections::BTreeMap;
use std::time::Instant;

/// Edges between two looks for a cancel request: some milliseconds.
const EDGES_PER_STEP: u64 = 50_000;

/// Relations of the catalogue's graph that were themselves counted from playlists and likes. Such an edge does not say why;
/// it is followed only where it is asked for.
const COUNTED: [&str; 2] = ["co_occurs_with", "similar_taste"];

/// What is wanted of a search.
pub struct Wish {
    /// Paths.
    pub k: i32,
    /// Edges of a path.
    pub max_hops: i32,
    /// Only these relations.
    pub relations: Option<Vec<Option<String>>>,
    /// Only entities of these kinds between the two.
    pub kinds: Option<Vec<Option<String>>>,
    /// What relations are worth, an object of names and numbers.
    pub relation_weights: Option<Value>,
}

impl Wish {
    /// The best paths, as `sgr_paths` finds them without further arguments.
    pub fn best(k: i32) -> Self {
        let max_hops = PathConfig::DEFAULT_MAX_HOPS as i32;
        Self { k, max_hops, relations: None, kinds: None, relation_weights: None }
    }
}

/// The paths that were found, and what was looked at.
pub struct Found {
    /// Best first.
    pub paths: Vec<Path>,
    /// What the search looked at.
    pub explored: Explored,
}

/// A path in words.
pub struct Described {
    /// See `sgr_engine::graph::search`.
    pub cost: f64,
    /// Edges.
    pub hops: usize,
    /// `A → in_playlist → P → in_playlist → B`
    pub line: String,
    /// From one end to the other: id, kind, key, name.
    pub nodes: Value,
    /// The edges.
    pub triples: Vec<Triple>,
}

/// An edge of a path as `sgr.kg_triples` has it.
#[derive(Serialize)]
pub struct Triple {
    head: String,
    relation: String,
    tail: String,
    weight: f32,
    /// `None` if the triple was deleted since the graph was written.
    source: Option<String>,
    stage: Option<String>,
    head_id: i64,
    tail_id: i64,
}

impl Triple {
    /// By its names alone.
    pub fn without_ids(self) -> Value {
        json!({ "head": self.head, "relation": self.relation, "tail": self.tail, "weight": self.weight, "source": self.source })
    }
}

/// Errors: 55000 if the catalogue's graph was never built.
pub fn require_graph() -> Result<()> {
    Graph::open(0).map(drop)
}

/// One graph, open for any number of searches of one call.
pub struct PathFinder {
    store: RowStore,
    graph_id: i32,
    sources: Sources,
    /// Names by number.
    relations: FxHashMap<i32, String>,
}

impl PathFinder {
    /// Errors: 42704 unknown graph, 55000 if it was never built.
    pub fn open(graph: &str) -> Result<Self> {
        Self::of_graph(graph_id(graph)?, Sources::load()?)
    }

    /// The catalogue's graph.
    pub fn of_catalogue(sources: &Sources) -> Result<Self> {
        Self::of_graph(0, sources.clone())
    }

    /// The catalogue's graph; `None` if it was never built.
    pub fn if_built(sources: &Sources) -> Result<Option<Self>> {
        if adjacency::is_written(0)? { Self::of_catalogue(sources).map(Some) } else { Ok(None) }
    }

    fn of_graph(graph_id: i32, sources: Sources) -> Result<Self> {
        let graph = Graph::open(graph_id)?;
        let store = RowStore::open(graph, Visibility::of_role(graph_id, &sources)?)?;
        let mut relations = FxHashMap::default();
        spi::select(
            "SELECT relation_id, relation FROM sgr.relations WHERE graph_id = $1",
            &Sources::NONE,
            &[Arg::Int(graph_id)],
            |row| {
                relations.insert(row.int(0).unwrap_or(0) as i32, row.text(1).unwrap_or_default().into_owned());
                Ok(())
            },
        )?;
        Ok(Self { store, graph_id, sources, relations })
    }

    /// The entity that a text names. Errors: as [`node::find`]; 42704 too for one that is hidden from the role.
    pub fn node(&self, name: &str) -> Result<Node> {
        node::find(self.graph_id, name, &self.sources, |node| self.is_visible(node))
    }

    /// The entity of a track, artist, … of the catalogue, if the graph has it and the role may see it.
    pub fn if_known(&self, kind: &str, id: i64) -> Result<Option<Node>> {
        let Some(node) = node::by_key(self.graph_id, kind, &id.to_string())? else { return Ok(None) };
        Ok(self.is_visible(&node)?.then_some(node))
    }

    fn is_visible(&self, node: &Node) -> Result<bool> {
        Ok(self.store.visibility().entities(&node.kind, &[node.entity_id])?.contains(&node.entity_id))
    }

    /// The best paths between two entities.
    ///
    /// Errors: 22023 for the same entity twice, numbers out of range, unknown kinds; 42704 for unknown relations.
    pub fn find(&mut self, a: &Node, b: &Node, wish: &Wish) -> Result<Found> {
        if a.entity_id == b.entity_id {
            return Err(Error::invalid(format!("{} and {} are the same entity", a.quoted(), b.quoted()))
                .hint("a path joins two different ones"));
        }
        let config = self.config(wish)?;
        let started = Instant::now();
        let limit = settings::path_time();
        let mut search = PathSearch::new(a.entity_id, b.entity_id, config)?;
        loop {
            pgrx::check_for_interrupts!();
            if limit.is_some_and(|limit| started.elapsed() >= limit) {
                search.give_up();
            }
            match search.step(&self.store, EDGES_PER_STEP) {
                Step::Working => {}
                Step::NeedHeaders(nodes) => self.store.load_headers(&nodes)?,
                Step::NeedEdges(node) => self.store.load_edges(node)?,
                Step::Done => break,
            }
        }
        Ok(Found { paths: search.paths(), explored: search.explored() })
    }

    fn config(&mut self, wish: &Wish) -> Result<PathConfig> {
        let mut config = PathConfig {
            k: in_range("k", wish.k, PathConfig::MAX_K)?,
            max_hops: in_range("max_hops", wish.max_hops, PathConfig::MAX_HOPS)?,
            max_edges: settings::path_edges(),
            ..PathConfig::default()
        };
        if let Some(relations) = names("relations", wish.relations.as_deref())? {
            config.other_relations = 0.0;
            for relation in relations {
                config.relation_weights.insert(self.relation(relation)?, 1.0);
            }
        }
        if wish.relations.is_none() && self.graph_id == 0 {
            for relation in COUNTED {
                config.relation_weights.insert(self.relation(relation)?, 0.0);
            }
        }
        match &wish.relation_weights {
            None => {}
            Some(Value::Object(weights)) => {
                for (relation, weight) in weights {
                    let number = self.relation(relation)?;
                    let weight = weight.as_f64().filter(|weight| *weight >= 0.0).ok_or_else(|| {
                        Error::invalid(format!("invalid weight {weight} of relation \"{}\"", line(relation)))
                            .hint("a weight is a number and not negative; 0 leaves the relation out")
                    })?;
                    // A relation that was not asked for stays out, whatever it would be worth.
                    if config.other_relations > 0.0 || config.relation_weights.contains_key(&number) {
                        config.relation_weights.insert(number, weight);
                    }
                }
            }
            Some(other) => {
                return Err(Error::invalid(format!(
                    "relation_weights must be an object, not {}",
                    line(&other.to_string())
                ))
                .hint(r#"as in '{"has_tag": 0.5, "collab_with": 2}'"#));
            }
        }
        if let Some(kinds) = names("kinds", wish.kinds.as_deref())? {
            let mut numbers = Vec::new();
            for kind in kinds {
                if !entity_name::KINDS.contains(&kind) && kind != entity_name::PLAIN_KIND {
                    return Err(Error::invalid(format!("unknown kind \"{}\"", line(kind)))
                        .hint(format!("use some of {}", entity_name::KINDS.join(", "))));
                }
                numbers.push(self.store.kind_number(kind));
            }
            config.kinds = Some(numbers);
        }
        Ok(config)
    }

    fn relation(&self, name: &str) -> Result<i32> {
        self.relations.iter().find(|(_, known)| *known == name).map(|(number, _)| *number).ok_or_else(|| {
            let mut known: Vec<(&i32, &String)> = self.relations.iter().collect();
            known.sort_unstable();
            let known: Vec<&str> = known.into_iter().take(20).map(|(_, name)| name.as_str()).collect();
            Error::unknown(format!("no relation \"{}\" in the graph", line(name)))
                .hint(format!("use some of {}", known.join(", ")))
        })
    }

    /// The paths in words.
    pub fn describe(&self, paths: &[Path]) -> Result<Vec<Described>> {
        let mut ids: Vec<i64> = paths.iter().flat_map(|path| path.nodes.iter().copied()).collect();
        ids.sort_unstable();
        ids.dedup();
        let mut nodes = node::named(&ids)?;
        for id in ids {
            // Deleted since the graph was written.
            nodes.entry(id).or_insert_with(|| Node {
                entity_id: id,
                kind: entity_name::PLAIN_KIND.to_owned(),
                key: id.to_string(),
                name: None,
            });
        }
        let known = known_triples(paths)?;
        Ok(paths.iter().map(|path| self.in_words(path, &nodes, &known)).collect())
    }

    fn in_words(&self, path: &Path, nodes: &FxHashMap<i64, Node>, known: &KnownTriples) -> Described {
        let mut text = nodes[&path.nodes[0]].label();
        let mut triples = Vec::with_capacity(path.hops.len());
        for (triple, hop) in triples_of(path).zip(&path.hops) {
            let relation = self.relations.get(&triple.1).map_or("?", String::as_str);
            let to = if hop.relation > 0 { triple.2 } else { triple.0 };
            text.push_str(&format!(" → {relation} → {}", nodes[&to].label()));
            let (stage, source) = known.get(&triple).cloned().unzip();
            triples.push(Triple {
                head: nodes[&triple.0].plain_name().to_owned(),
                relation: relation.to_owned(),
                tail: nodes[&triple.2].plain_name().to_owned(),
                weight: hop.weight,
                source,
                stage,
                head_id: triple.0,
                tail_id: triple.2,
            });
        }
        let listed = path.nodes.iter().map(|id| {
            let node = &nodes[id];
            json!({ "id": id, "kind": node.kind, "key": node.key, "name": node.name })
        });
        Described { cost: path.cost, hops: path.hops.len(), line: text, nodes: listed.collect(), triples }
    }
}

/// (head, relation, tail) of each edge of a path.
fn triples_of(path: &Path) -> impl Iterator<Item = (i64, i32, i64)> {
    path.nodes.windows(2).zip(&path.hops).map(|(ends, hop)| {
        if hop.relation > 0 { (ends[0], hop.relation, ends[1]) } else { (ends[1], -hop.relation, ends[0]) }
    })
}

/// (stage, source) by (head, relation, tail).
type KnownTriples = BTreeMap<(i64, i32, i64), (String, String)>;

fn known_triples(paths: &[Path]) -> Result<KnownTriples> {
    let mut triples: Vec<(i64, i32, i64)> = paths.iter().flat_map(triples_of).collect();
    triples.sort_unstable();
    triples.dedup();
    let heads: Vec<i64> = triples.iter().map(|triple| triple.0).collect();
    let relations: Vec<i32> = triples.iter().map(|triple| triple.1).collect();
    let tails: Vec<i64> = triples.iter().map(|triple| triple.2).collect();
    let mut known = KnownTriples::new();
    let args = [Arg::Bigs(&heads), Arg::Ints(&relations), Arg::Bigs(&tails)];
    spi::select(include_str!("../sql/queries/triples_described.sql"), &Sources::NONE, &args, |row| {
        let text = |column| row.text(column).unwrap_or_default().into_owned();
        let id = |column| row.int(column).unwrap_or(0);
        known.insert((id(0), id(1) as i32, id(2)), (text(4), text(5)));
        Ok(())
    })?;
    Ok(known)
}

/// Says, beside the result, that there is no path, or that the search was not brought to its end.
pub fn remark(a: &Node, b: &Node, wish: &Wish, found: &Found) {
    let Explored { nodes, edges, gave_up, .. } = found.explored;
    if gave_up {
        warning!(
            "the search gave up after {edges} edges and {nodes} entities: there may be better paths (sgr_graph.path_edges and sgr_graph.path_time are its limits)"
        );
    } else if found.paths.is_empty() {
        notice!(
            "no path of at most {} between {} and {}: {nodes} entities were reached over {}",
            plural(wish.max_hops, "hop"),
            a.quoted(),
            b.quoted(),
            plural(edges as i64, "edge")
        );
    }
}

fn in_range(name: &str, value: i32, most: usize) -> Result<usize> {
    usize::try_from(value)
        .ok()
        .filter(|value| (1..=most).contains(value))
        .ok_or_else(|| Error::invalid(format!("{name} must be between 1 and {most}, not {value}")))
}

/// The names of a list. Errors: 22023 for an empty one, 22004 for NULL in it.
fn names<'a>(argument: &str, names: Option<&'a [Option<String>]>) -> Result<Option<Vec<&'a str>>> {
    let Some(names) = names else { return Ok(None) };
    if names.is_empty() {
        return Err(Error::invalid(format!("{argument} must not be empty")).hint("NULL admits all"));
    }
    names
        .iter()
        .map(|name| {
            name.as_deref().ok_or_else(|| {
                Error::new(PgSqlErrorCode::ERRCODE_NULL_VALUE_NOT_ALLOWED, format!("{argument} must not hold NULL"))
            })
        })
        .collect::<Result<Vec<&str>>>()
        .map(Some)
}
