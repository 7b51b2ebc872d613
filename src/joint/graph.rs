//! The knowledge graph of a joint training: triples, and which item is which of their entities.

use crate::error::{Error, Result, required};
use crate::kge::triples::{Reader, entity_ids, relations_of};
use crate::settings;
use crate::triples_file::{self, qualified_name};
use pgrx::prelude::*;
use rustc_hash::FxHashMap;
use serde_json::{Value, json};
use sgr_engine::export::Collector;
use sgr_engine::kge::TripleSet;
use sgr_engine::recommend::mkr::NO_ENTITY;
use std::sync::Arc;

/// Relations of the catalogue's graph that are made of what users like, and so may hold the answers of a split.
const OF_INTERACTIONS: [&str; 4] = ["liked_by", "reposted_by", "similar_taste", "co_occurs_with"];
/// Relations that are made of playlists.
const OF_PLAYLISTS: [&str; 2] = ["in_playlist", "co_occurs_with"];

/// Which triples are to be learned.
pub struct GraphWish {
    /// A graph by its name; the catalogue's if there is no relation either.
    pub graph: Option<String>,
    /// A relation with the columns head, relation and tail.
    pub triples: Option<pg_sys::Oid>,
    /// Only these relations.
    pub relations: Option<Vec<String>>,
}

/// The triples, by dense numbers.
pub struct Graph {
    pub triples: Arc<TripleSet>,
    /// The entity of each item.
    pub item_entities: Vec<u32>,
    /// What was read, for `sgr.runs`.
    pub origin: Value,
}

impl GraphWish {
    /// The wish of arguments. Errors: 22004 for NULL among the relations, 22023 for both a graph and a relation.
    pub fn new(
        graph: Option<&str>,
        triples: Option<pg_sys::Oid>,
        relations: Option<Vec<Option<String>>>,
    ) -> Result<Self> {
        if graph.is_some() && triples.is_some() {
            return Err(Error::invalid("the triples cannot be both a relation and a graph"));
        }
        let names = relations.map(|names| {
            names.into_iter().map(|name| required("an element of relations", name)).collect::<Result<Vec<_>>>()
        });
        Ok(Self { graph: graph.map(str::to_owned), triples, relations: names.transpose()? })
    }

    /// Reads the triples. `of_playlists`: what is learned are playlists, not users.
    ///
    /// Errors: 42704 unknown graph or relation, 42P01, 42703, 55000 without triples, 53000.
    pub fn read(&self, item_ids: &[i64], of_playlists: bool) -> Result<Graph> {
        let graph = self.read_as_it_is(item_ids, of_playlists)?;
        if graph.triples.is_empty() {
            return Err(Error::not_ready("the knowledge graph has no triples to learn from")
                .detail(format!("read from {}", graph.origin))
                .hint("sgr_build_kg() makes the catalogue's graph; no_kge => true trains without one"));
        }
        let found = graph.item_entities.iter().filter(|&&entity| entity != NO_ENTITY).count();
        if found == 0 {
            return Err(Error::not_ready("no item of the interactions is an entity of the knowledge graph")
                .detail(format!("{} items; read from {}", item_ids.len(), graph.origin))
                .hint("entities of items are called by the item's id, 42 or track:42; no_kge => true trains without a graph"));
        }
        if found < item_ids.len() {
            notice!("{} of {} items are in no triple", item_ids.len() - found, item_ids.len());
        }
        Ok(graph)
    }

    /// [`read`](Self::read), or `None` where there are no triples, or none of the items is an entity.
    pub fn read_if_any(&self, item_ids: &[i64], of_playlists: bool) -> Result<Option<Graph>> {
        let graph = self.read_as_it_is(item_ids, of_playlists)?;
        let is_of_use = !graph.triples.is_empty() && graph.item_entities.iter().any(|&entity| entity != NO_ENTITY);
        Ok(is_of_use.then_some(graph))
    }

    fn read_as_it_is(&self, item_ids: &[i64], of_playlists: bool) -> Result<Graph> {
        match self.triples {
            Some(relation) => self.read_relation(relation, item_ids),
            None => self.read_graph(self.graph.as_deref().unwrap_or("catalogue"), item_ids, of_playlists),
        }
    }

    fn read_graph(&self, name: &str, item_ids: &[i64], of_playlists: bool) -> Result<Graph> {
        let graph_id = triples_file::graph_id(name)?;
        let mut relations = relations_of(graph_id, self.relations.as_deref(), true)?;
        let derived: &[&str] = if of_playlists { &OF_PLAYLISTS } else { &OF_INTERACTIONS };
        if graph_id == 0 {
            if self.relations.is_none() {
                relations.0.retain(|relation| !derived.contains(&&*relation.name));
            } else {
                for relation in relations.0.iter().filter(|relation| derived.contains(&&*relation.name)) {
                    warning!("relation {} may hold the answers of the test part: it is made of them", relation.name);
                }
            }
        }
        let mut reader = Reader::new();
        reader.graph(&relations.ids())?;
        let numbered = reader.finish()?;
        let mut item_entities = vec![NO_ENTITY; item_ids.len()];
        let forms: &[&str] = if graph_id == 0 { &["track:"] } else { &["", "track:"] };
        for form in forms {
            let names: Vec<String> = item_ids.iter().map(|id| format!("{form}{id}")).collect();
            for (entity, id) in item_entities.iter_mut().zip(entity_ids(graph_id, &names, true)?) {
                let code = id.and_then(|id| numbered.entities.binary_search(&id).ok());
                if let (NO_ENTITY, Some(code)) = (*entity, code) {
                    *entity = code as u32;
                }
            }
        }
        let relations: Vec<&str> = relations.0.iter().map(|relation| relation.name.as_str()).collect();
        let origin = json!({ "graph": name, "relations": relations });
        Ok(Graph { triples: Arc::new(numbered.triples), item_entities, origin })
    }

    fn read_relation(&self, relation: pg_sys::Oid, item_ids: &[i64]) -> Result<Graph> {
        let name = qualified_name(relation)?;
        let mut collector = Collector::new(&name, settings::memory_limit());
        let (mut entities, mut relations) = (Vec::new(), Vec::new());
        let (mut triples, mut left_out) = (Vec::new(), 0);
        triples_file::read_relation(relation, &name, &mut collector, |block| {
            pgrx::check_for_interrupts!();
            entities.extend(block.entities);
            relations.extend(block.relations);
            left_out += block.rejected.len();
            let codes = &block.triples;
            triples.extend(codes.relations.iter().zip(&codes.heads).zip(&codes.tails).map(|((&r, &h), &t)| (r, h, t)));
            Ok(())
        })?;
        if left_out > 0 {
            notice!("{left_out} triples were left out: they lack a head, a relation or a tail");
        }
        if let Some(wanted) = &self.relations {
            if let Some(missing) = wanted.iter().find(|wanted| !relations.contains(wanted)) {
                return Err(Error::unknown(format!("no relation \"{}\" in {name}", crate::paths::line(missing))));
            }
            let is_wanted: Vec<bool> = relations.iter().map(|relation| wanted.contains(relation)).collect();
            triples.retain(|triple| is_wanted[triple.0 as usize]);
        }
        // Numbers in the order of the names, so that they do not depend on the order of the rows.
        let (entity_count, entity_number, relation_number) = (entities.len(), ranks(&entities), ranks(&relations));
        for (relation, head, tail) in &mut triples {
            *relation = relation_number[*relation as usize];
            *head = entity_number[*head as usize];
            *tail = entity_number[*tail as usize];
        }
        triples.sort_unstable();
        triples.dedup();
        let set = TripleSet::new(
            triples.iter().map(|triple| triple.1).collect(),
            triples.iter().map(|triple| triple.0).collect(),
            triples.iter().map(|triple| triple.2).collect(),
            entity_count,
            relations.len(),
        )?;
        let numbers: FxHashMap<&str, u32> =
            entities.iter().map(String::as_str).zip(entity_number.iter().copied()).collect();
        let number = |name: &str| numbers.get(name).copied();
        let of_item =
            |id: &i64| number(&id.to_string()).or_else(|| number(&format!("track:{id}"))).unwrap_or(NO_ENTITY);
        let item_entities = item_ids.iter().map(of_item).collect();
        let origin = json!({ "triples": name, "relations": self.relations });
        Ok(Graph { triples: Arc::new(set), item_entities, origin })
    }
}

impl Graph {
    /// What a training without a graph takes.
    pub fn none(items: usize) -> Result<Self> {
        let triples = TripleSet::new(Vec::new(), Vec::new(), Vec::new(), 0, 0)?;
        Ok(Self { triples: Arc::new(triples), item_entities: vec![NO_ENTITY; items], origin: Value::Null })
    }
}

/// The place of each name in their order.
fn ranks(names: &[String]) -> Vec<u32> {
    let mut order: Vec<u32> = (0..names.len() as u32).collect();
    order.sort_unstable_by_key(|&at| &names[at as usize]);
    let mut ranks = vec![0; names.len()];
    for (rank, &at) in (0..).zip(&order) {
        ranks[at as usize] = rank;
    }
    ranks
}
