//! Triples for the engine: ids of the tables become dense numbers, in the order of the ids.

use crate::error::{Error, Result, memory_limit};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use crate::triples_file::{self, graph_id};
use pgrx::prelude::*;
use rustc_hash::FxHashMap;
use sgr_engine::export::{Collector, entity_name};
use sgr_engine::kge::TripleSet;

/// Triples that are read between two looks for a cancel request: some milliseconds.
const ROWS_PER_LOOK: u64 = 1 << 14;

/// Names that are looked up at a time.
const NAMES_PER_QUERY: usize = 1 << 14;

/// How training gets by with less memory.
pub const TRAIN_LESS: &str = "train with a lower dim, fewer negatives, fewer threads, or only some relations";

/// Where triples stand.
#[derive(Debug, Clone)]
pub enum Origin {
    /// In a graph.
    Graph(String),
    /// In a relation with the columns head, relation, tail; its qualified name.
    Relation(String),
}

impl Origin {
    /// What two arguments name, if one of them does. Errors: 22023 for both, 42P01.
    pub fn of(relation: Option<pg_sys::Oid>, graph: Option<&str>, what: &str) -> Result<Option<Self>> {
        match (relation, graph) {
            (None, None) => Ok(None),
            (Some(relation), None) => Ok(Some(Self::Relation(triples_file::qualified_name(relation)?))),
            (None, Some(graph)) => Ok(Some(Self::Graph(graph.to_owned()))),
            _ => Err(Error::invalid(format!("{what} cannot be both a relation and a graph"))),
        }
    }
}

/// Dense numbers of ids: those given first keep their places, new ones follow.
#[derive(Debug, Default)]
struct Codes {
    ids: Vec<i64>,
    of: FxHashMap<i64, u32>,
    given: usize,
    /// Whether ids that were not given get a number.
    open: bool,
}

impl Codes {
    fn new(given: &[i64], open: bool) -> Self {
        let of = given.iter().zip(0..).map(|(&id, code)| (id, code)).collect();
        Self { ids: given.to_vec(), of, given: given.len(), open }
    }

    fn code(&mut self, id: i64) -> Option<u32> {
        if let Some(&code) = self.of.get(&id) {
            return Some(code);
        }
        if !self.open {
            return None;
        }
        let code = u32::try_from(self.ids.len()).ok()?;
        self.ids.push(id);
        self.of.insert(id, code);
        Some(code)
    }

    /// The ids, new ones in ascending order, and the number that each code has then.
    fn finish(mut self) -> (Vec<i64>, Vec<u32>) {
        drop(self.of);
        let mut order: Vec<u32> = (0..self.ids.len() as u32).collect();
        order[self.given..].sort_unstable_by_key(|&code| self.ids[code as usize]);
        let mut number = vec![0; order.len()];
        for (at, &code) in order.iter().enumerate() {
            number[code as usize] = at as u32;
        }
        self.ids[self.given..].sort_unstable();
        (self.ids, number)
    }

    fn memory_bytes(&self) -> usize {
        self.ids.capacity() * size_of::<i64>() + self.of.capacity() * (size_of::<(i64, u32)>() + 1)
    }
}

/// Triples as they are read.
pub struct Reader {
    entities: Codes,
    relations: Codes,
    triples: Vec<(u32, u32, u32)>,
    rows: u64,
    left_out: u64,
    limit: usize,
    fresh: bool,
    /// Only these relations, ascending; all, if it is empty.
    wanted: Vec<i32>,
}

/// Triples with what their numbers stand for. Sorted, each once, so that they do not depend on the order of the rows,
/// unless they were taken as they came.
pub struct NumberedTriples {
    /// `sgr.entities.entity_id` by number.
    pub entities: Vec<i64>,
    /// `sgr.relations.relation_id` by number.
    pub relations: Vec<i64>,
    pub triples: TripleSet,
    /// Triples that were passed over: an entity or relation was not to be numbered.
    pub left_out: u64,
}

impl Reader {
    /// Numbers all entities and relations that occur. Reads what is there now.
    pub fn new() -> Self {
        Self::over(&[], true, &[], true)
    }

    /// Numbers what a model has, and reads what the calling query sees.
    pub fn of_model(entities: &[i64], relations: &[i64]) -> Self {
        Self { fresh: false, ..Self::over(entities, false, relations, false) }
    }

    /// Keeps the numbers of a model. Where `open` is false, what the model does not have is left out.
    pub fn over(entities: &[i64], entities_open: bool, relations: &[i64], relations_open: bool) -> Self {
        Self {
            entities: Codes::new(entities, entities_open),
            relations: Codes::new(relations, relations_open),
            triples: Vec::new(),
            rows: 0,
            left_out: 0,
            limit: settings::memory_limit(),
            fresh: true,
            wanted: Vec::new(),
        }
    }

    fn push(&mut self, head: Option<i64>, relation: Option<i64>, tail: Option<i64>) -> Result<()> {
        self.rows += 1;
        if self.rows.is_multiple_of(ROWS_PER_LOOK) {
            pgrx::check_for_interrupts!();
        }
        // What is not wanted is not missed either.
        if let (Some(relation), false) = (relation, self.wanted.is_empty())
            && !i32::try_from(relation).is_ok_and(|id| self.wanted.binary_search(&id).is_ok())
        {
            return Ok(());
        }
        let codes = (|| {
            // The relation first: where it is not wanted, its entities get no number.
            let relation = self.relations.code(relation?)?;
            Some((relation, self.entities.code(head?)?, self.entities.code(tail?)?))
        })();
        let Some(triple) = codes else {
            self.left_out += 1;
            return Ok(());
        };
        if self.triples.len() == self.triples.capacity() {
            // It doubles when it grows: old and new exist side by side for a moment.
            let needed = 3 * self.triples.capacity() * size_of::<(u32, u32, u32)>() + self.entities.memory_bytes();
            if needed > self.limit {
                return Err(memory_limit(needed, self.limit, "the triples", TRAIN_LESS));
            }
        }
        self.triples.push(triple);
        Ok(())
    }

    /// Reads the triples of a graph whose relations are `relations`.
    pub fn graph(&mut self, relations: &[i32]) -> Result<()> {
        let sql = "SELECT head, relation, tail FROM sgr.triples WHERE relation = ANY ($1)";
        spi::select_once_as(self.fresh, sql, &[Arg::Ints(relations)], |row| {
            self.push(row.int(0), row.int(1), row.int(2))
        })?;
        Ok(())
    }

    /// Reads a graph or relation whose names are those of graph `graph_id`, as far as its relations are among
    /// `relations`; names that this graph does not have are left out.
    pub fn named(&mut self, origin: &Origin, graph_id: i32, relations: &[i32]) -> Result<()> {
        self.wanted = relations.to_vec();
        self.wanted.sort_unstable();
        match origin {
            Origin::Graph(graph) => {
                let other = triples_file::graph_id(graph)?;
                if other == graph_id {
                    return self.graph(relations);
                }
                let args = [Arg::Int(graph_id), Arg::Int(other)];
                let sql = include_str!("../../sql/queries/kge_triples_of_graph.sql");
                spi::select_once_as(self.fresh, sql, &args, |row| self.push(row.int(0), row.int(1), row.int(2)))?;
                Ok(())
            }
            Origin::Relation(name) if graph_id == 0 && holds_ids(name)? => {
                let sql = format!("SELECT r.head, r.relation, r.tail FROM {name} AS r");
                spi::select_once(&sql, &[], |row| self.push(row.int(0), row.int(1), row.int(2)))?;
                Ok(())
            }
            Origin::Relation(name) => self.relation(name, graph_id),
        }
    }

    fn relation(&mut self, name: &str, graph_id: i32) -> Result<()> {
        let mut collector = Collector::new(name, self.limit);
        let (mut entities, mut relations) = (Vec::new(), Vec::new());
        triples_file::read_relation(oid_of(name)?, name, &mut collector, |block| {
            entities.extend(entity_ids(graph_id, &block.entities, self.fresh)?);
            relations.extend(relation_ids(graph_id, &block.relations, self.fresh)?);
            self.left_out += block.rejected.len() as u64;
            let triples = &block.triples;
            for ((&head, &relation), &tail) in triples.heads.iter().zip(&triples.relations).zip(&triples.tails) {
                let id = |ids: &[Option<i64>], code: u32| ids.get(code as usize).copied().flatten();
                self.push(id(&entities, head), id(&relations, relation), id(&entities, tail))?;
            }
            Ok(())
        })
    }

    /// What was read. Takes a second for ten million triples.
    pub fn finish(self) -> Result<NumberedTriples> {
        self.numbered(true)
    }

    /// What was read, as it came: triples may be there more than once.
    pub fn finish_unsorted(self) -> Result<NumberedTriples> {
        self.numbered(false)
    }

    fn numbered(self, sorted: bool) -> Result<NumberedTriples> {
        let (entities, entity_number) = self.entities.finish();
        let (relations, relation_number) = self.relations.finish();
        let mut triples = self.triples;
        for (relation, head, tail) in &mut triples {
            *relation = relation_number[*relation as usize];
            *head = entity_number[*head as usize];
            *tail = entity_number[*tail as usize];
        }
        if sorted {
            triples.sort_unstable();
            triples.dedup();
        }
        let triples = triple_set(&triples, entities.len(), relations.len())?;
        Ok(NumberedTriples { entities, relations, triples, left_out: self.left_out })
    }
}

/// A set of (relation, head, tail).
fn triple_set(triples: &[(u32, u32, u32)], entities: usize, relations: usize) -> Result<TripleSet> {
    Ok(TripleSet::new(
        triples.iter().map(|triple| triple.1).collect(),
        triples.iter().map(|triple| triple.0).collect(),
        triples.iter().map(|triple| triple.2).collect(),
        entities,
        relations,
    )?)
}

/// (what is learned, what is held back) of a set of triples. Of a symmetric relation, a triple and its mirror image go to
/// the same side: else the one would give the other away. `symmetric`: by relation number.
pub fn split(triples: TripleSet, share: f64, seed: u64, symmetric: &[bool]) -> Result<(TripleSet, TripleSet)> {
    let (entities, relations) = (triples.entity_count(), triples.relation_count());
    let is_symmetric = |relation: u32| symmetric.get(relation as usize) == Some(&true);
    let rows = |set: &TripleSet| -> Vec<(u32, u32, u32)> {
        (0..set.len()).map(|at| (set.relations()[at], set.heads()[at], set.tails()[at])).collect()
    };
    let (mut once, mut mirrors) = (Vec::new(), Vec::new());
    for (relation, head, tail) in rows(&triples) {
        if is_symmetric(relation) && head > tail {
            mirrors.push((relation, tail, head));
        } else {
            once.push((relation, head, tail));
        }
    }
    if mirrors.is_empty() {
        return Ok(triples.split(share, seed));
    }
    drop(triples);
    let (rest, taken) = triple_set(&once, entities, relations)?.split(share, seed);
    let mut taken_rows = rows(&taken);
    taken_rows.sort_unstable();
    let mut learned = rows(&rest);
    // A mirror image whose original is missing is learned.
    learned.extend(
        mirrors
            .into_iter()
            .filter(|mirror| taken_rows.binary_search(mirror).is_err())
            .map(|(relation, head, tail)| (relation, tail, head)),
    );
    learned.sort_unstable();
    Ok((triple_set(&learned, entities, relations)?, taken))
}

/// A relation of a graph.
pub struct GraphRelation {
    pub relation_id: i32,
    pub name: String,
    pub is_symmetric: bool,
    pub head_kind: Option<String>,
    pub tail_kind: Option<String>,
}

/// The relations of a graph.
pub struct GraphRelations(pub Vec<GraphRelation>);

impl GraphRelations {
    /// Their ids.
    pub fn ids(&self) -> Vec<i32> {
        self.0.iter().map(|relation| relation.relation_id).collect()
    }

    /// The one with this id.
    pub fn by_id(&self, id: i64) -> Option<&GraphRelation> {
        self.0.iter().find(|relation| i64::from(relation.relation_id) == id)
    }

    /// The one of this name. Errors: 42704 with the names that there are.
    pub fn named(&self, name: &str) -> Result<&GraphRelation> {
        self.0.iter().find(|relation| relation.name == name).ok_or_else(|| {
            let known: Vec<&str> = self.0.iter().take(20).map(|relation| relation.name.as_str()).collect();
            Error::unknown(format!("no relation \"{}\" in the graph", crate::paths::line(name)))
                .hint(format!("use one of {}", known.join(", ")))
        })
    }
}

/// The relations of a graph, all or those of these names. Errors: 42704 for an unknown name, 22023 for an empty list.
/// `fresh`: as of now instead of as the calling query sees it.
pub fn relations_of(graph_id: i32, wanted: Option<&[String]>, fresh: bool) -> Result<GraphRelations> {
    let mut all = GraphRelations(Vec::new());
    spi::select_as(
        fresh,
        "SELECT relation_id, relation, is_symmetric, head_kind, tail_kind FROM sgr.relations
         WHERE graph_id = $1 ORDER BY relation_id",
        &Sources::NONE,
        &[Arg::Int(graph_id)],
        |row| {
            let text = |column| row.text(column).map(std::borrow::Cow::into_owned);
            all.0.push(GraphRelation {
                relation_id: row.int(0).unwrap_or(0) as i32,
                name: text(1).unwrap_or_default(),
                is_symmetric: row.bool(2) == Some(true),
                head_kind: text(3),
                tail_kind: text(4),
            });
            Ok(())
        },
    )?;
    let Some(wanted) = wanted else { return Ok(all) };
    if wanted.is_empty() {
        return Err(Error::invalid("relations must not be empty").hint("NULL takes all"));
    }
    for name in wanted {
        all.named(name)?;
    }
    all.0.retain(|relation| wanted.contains(&relation.name));
    Ok(all)
}

/// The graph that a training is about.
pub struct Subject {
    pub graph_id: i32,
    pub graph: String,
    /// Whether it was made just now, of the relation.
    pub made: bool,
}

impl Subject {
    /// The graph of this name, of the relation's name, or the catalogue's; made from the relation if there is none.
    ///
    /// Errors: 42704 unknown graph, those of [`triples_file::import`].
    pub fn of(graph: Option<&str>, triples: Option<pg_sys::Oid>) -> Result<Self> {
        let name = Self::name(graph, triples)?;
        if let Some(graph_id) = triples_file::find(&name)? {
            return Ok(Self { graph_id, graph: name, made: false });
        }
        let Some(relation) = triples else { return Self::existing(graph, triples) };
        let imported = triples_file::import(&triples_file::Origin::Relation(relation), &name, false)?;
        notice!("graph \"{name}\" was made of it, with {} triples", imported.inserted);
        let graph_id =
            triples_file::find(&name)?.ok_or_else(|| Error::not_ready(format!("graph \"{name}\" is gone")))?;
        Ok(Self { graph_id, graph: name, made: true })
    }

    /// The same, but none is made. Errors: 42704.
    pub fn existing(graph: Option<&str>, triples: Option<pg_sys::Oid>) -> Result<Self> {
        let graph = Self::name(graph, triples)?;
        let graph_id = graph_id(&graph).map_err(|error| match triples {
            None => error,
            Some(_) => error.hint("sgr_triples_import(relation => ..., graph => ...) makes it"),
        })?;
        Ok(Self { graph_id, graph, made: false })
    }

    /// Whether a graph is still there.
    pub fn is_there(graph_id: i32) -> Result<bool> {
        let sql = "SELECT FROM sgr.graphs WHERE graph_id = $1";
        Ok(spi::select_fresh(sql, &Sources::NONE, &[Arg::Int(graph_id)], |_| Ok(()))? > 0)
    }

    fn name(graph: Option<&str>, triples: Option<pg_sys::Oid>) -> Result<String> {
        match (graph, triples) {
            (Some(graph), _) => Ok(graph.to_owned()),
            (None, Some(relation)) => unqualified(relation),
            (None, None) => Ok("catalogue".to_owned()),
        }
    }
}

/// The name of a relation without its schema.
fn unqualified(relation: pg_sys::Oid) -> Result<String> {
    let mut name = String::new();
    spi::select(
        "SELECT c.relname::text FROM pg_catalog.pg_class AS c WHERE c.oid = $1::oid",
        &Sources::NONE,
        &[Arg::Big(relation.to_u32().into())],
        |row| {
            name = row.text(0).unwrap_or_default().into_owned();
            Ok(())
        },
    )?;
    Ok(name)
}

/// The relation of a qualified name. Errors: 42P01 if it is gone.
fn oid_of(relation: &str) -> Result<pg_sys::Oid> {
    let mut oid = 0;
    let sql = "SELECT $1::pg_catalog.regclass::oid::bigint";
    spi::select(sql, &Sources::NONE, &[Arg::Text(relation)], |row| {
        oid = row.int(0).unwrap_or(0);
        Ok(())
    })?;
    Ok(pg_sys::Oid::from(oid as u32))
}

/// Whether head, relation and tail are integers, as in `sgr.triples`.
fn holds_ids(relation: &str) -> Result<bool> {
    let mut integers = 0;
    spi::select(
        "SELECT pg_catalog.count(*) FROM pg_catalog.pg_attribute
         WHERE attrelid = $1::pg_catalog.regclass AND attname IN ('head', 'relation', 'tail') AND attnum > 0
           AND NOT attisdropped AND atttypid IN ('int8'::pg_catalog.regtype, 'int4'::pg_catalog.regtype, 'int2'::pg_catalog.regtype)",
        &Sources::NONE,
        &[Arg::Text(relation)],
        |row| {
            integers = row.int(0).unwrap_or(0);
            Ok(())
        },
    )?;
    Ok(integers == 3)
}

/// The ids of entities by their names, `None` for those that the graph does not have.
/// `fresh`: as of now instead of as the calling query sees it.
pub fn entity_ids(graph_id: i32, names: &[String], fresh: bool) -> Result<Vec<Option<i64>>> {
    let mut ids = Vec::with_capacity(names.len());
    for names in names.chunks(NAMES_PER_QUERY) {
        let (kinds, keys): (Vec<_>, Vec<_>) = names
            .iter()
            .map(|name| {
                let (kind, key) = entity_name::parse(name);
                (Some(kind.to_owned()), Some(key.to_owned()))
            })
            .unzip();
        let args = [Arg::Int(graph_id), Arg::Texts(&kinds), Arg::Texts(&keys)];
        spi::select_as(fresh, include_str!("../../sql/queries/kge_entity_ids.sql"), &Sources::NONE, &args, |row| {
            ids.push(row.int(0));
            Ok(())
        })?;
    }
    Ok(ids)
}

/// The name of a graph.
pub fn graph_name(graph_id: i32) -> Result<Option<String>> {
    let mut name = None;
    spi::select("SELECT graph FROM sgr.graphs WHERE graph_id = $1", &Sources::NONE, &[Arg::Int(graph_id)], |row| {
        name = row.text(0).map(std::borrow::Cow::into_owned);
        Ok(())
    })?;
    Ok(name)
}

fn relation_ids(graph_id: i32, names: &[String], fresh: bool) -> Result<Vec<Option<i64>>> {
    let names: Vec<_> = names.iter().cloned().map(Some).collect();
    let mut ids = Vec::with_capacity(names.len());
    let args = [Arg::Int(graph_id), Arg::Texts(&names)];
    spi::select_as(fresh, include_str!("../../sql/queries/kge_relation_ids.sql"), &Sources::NONE, &args, |row| {
        ids.push(row.int(0));
        Ok(())
    })?;
    Ok(ids)
}
