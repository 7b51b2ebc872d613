//! What a model says: scores, answers, neighbours.

use super::index;
use super::model::Model;
use super::triples::{GraphRelation, relations_of};
use super::vectors::{self, Rows};
use crate::error::{Error, Result};
use crate::interrupt::{Output, pipeline, thread_pool};
use crate::paths::{Node, Visibility, find_node};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use rustc_hash::{FxHashMap, FxHashSet};
use sgr_engine::kge::{Activation, Embeddings, Neighbours, Side, predict as best};

/// Most answers to one question.
const MAX_K: i32 = 10_000;

/// How many times more candidates an index gives than answers are wanted: some are of another kind, or hidden.
const INDEX_TIMES: usize = 4;

/// An answer, best first.
pub struct Answer {
    pub node: Node,
    /// The model's score; the higher the more plausible.
    pub score: f32,
    /// In [0,1], by the sigmoid.
    pub plausibility: f32,
    /// Whether the graph has the triple.
    pub known: bool,
}

/// A model, and the graph that it is about as the current role may see it.
struct Asked {
    model: Model,
    sources: Sources,
    visibility: Visibility,
}

impl Asked {
    fn open(model_id: Option<i64>) -> Result<Self> {
        let model = Model::chosen(model_id)?;
        let sources = Sources::load()?;
        let visibility = Visibility::of_role(model.graph_id, &sources)?;
        Ok(Self { model, sources, visibility })
    }

    fn node(&self, name: &str) -> Result<Node> {
        find_node(self.model.graph_id, name, &self.sources, |node| {
            Ok(self.visibility.entities(&node.kind, &[node.entity_id])?.contains(&node.entity_id))
        })
    }

    /// The vectors of some entities, in their order. Errors: 55000 for one that has none.
    fn vectors_of(&self, nodes: &[&Node]) -> Result<Vec<f32>> {
        let ids: Vec<i64> = nodes.iter().map(|node| node.entity_id).collect();
        let found = vectors::select(
            "SELECT entity_id, vector FROM sgr.entity_embeddings WHERE model_id = $1 AND entity_id = ANY ($2)",
            &[Arg::Big(self.model.model_id), Arg::Bigs(&ids)],
        )?;
        let dim = self.model.spec()?.dim;
        let mut numbers = Vec::with_capacity(ids.len() * dim);
        for node in nodes {
            let at = found.ids.iter().position(|&id| id == node.entity_id);
            let vector = at.and_then(|at| found.numbers.get(at * dim..(at + 1) * dim));
            numbers.extend_from_slice(vector.ok_or_else(|| self.without_vector(node))?);
        }
        Ok(numbers)
    }

    fn without_vector(&self, node: &Node) -> Error {
        let id = self.model.model_id;
        Error::not_ready(format!("{} has no vector in model {id}", node.quoted()))
            .detail("no triple that was learned has it")
            .hint(format!("sgr_kge_extend({id}) gives vectors to what is new since training"))
    }

    /// The vector of a relation. Errors: 55000 if it has none.
    fn relation_vector(&self, relation: &GraphRelation) -> Result<Vec<f32>> {
        let found = vectors::select(
            "SELECT relation_id, vector FROM sgr.relation_embeddings WHERE model_id = $1 AND relation_id = $2",
            &[Arg::Big(self.model.model_id), Arg::Int(relation.relation_id)],
        )?;
        if found.ids.is_empty() {
            return Err(Error::not_ready(format!(
                "relation \"{}\" has no vector in model {}",
                crate::paths::line(&relation.name),
                self.model.model_id
            ))
            .detail("no triple that was learned has it")
            .hint("sgr_kge_train() learns it when the graph has triples of it"));
        }
        Ok(found.numbers)
    }

    /// The vectors of all entities of a kind, or of all.
    fn candidates(&self, kind: Option<&str>) -> Result<Rows> {
        let model_id = Arg::Big(self.model.model_id);
        match kind {
            None => {
                vectors::select("SELECT entity_id, vector FROM sgr.entity_embeddings WHERE model_id = $1", &[model_id])
            }
            Some(kind) => vectors::select(
                include_str!("../../sql/queries/kge_vectors_of_kind.sql"),
                &[model_id, Arg::Int(self.model.graph_id), Arg::Text(kind)],
            ),
        }
    }

    /// The vectors of those of some entities that are of a kind.
    fn vectors_of_ids(&self, ids: &[i64], kind: Option<&str>) -> Result<Rows> {
        let args = [
            Arg::Big(self.model.model_id),
            Arg::Bigs(ids),
            Arg::Bool(kind.is_none()),
            Arg::Text(kind.unwrap_or_default()),
        ];
        vectors::select(include_str!("../../sql/queries/kge_vectors_of_ids.sql"), &args)
    }

    /// The entities of these ids that the role may see.
    fn nodes(&self, ids: &[i64]) -> Result<FxHashMap<i64, Node>> {
        let mut nodes: FxHashMap<i64, Node> = FxHashMap::default();
        spi::select(include_str!("../../sql/queries/entities_named.sql"), &Sources::NONE, &[Arg::Bigs(ids)], |row| {
            let node = Node::of_row(row);
            nodes.insert(node.entity_id, node);
            Ok(())
        })?;
        if !self.visibility.sees_everything() {
            let mut of_kind: FxHashMap<String, Vec<i64>> = FxHashMap::default();
            for node in nodes.values() {
                of_kind.entry(node.kind.clone()).or_default().push(node.entity_id);
            }
            for (kind, ids) in of_kind {
                let seen = self.visibility.entities(&kind, &ids)?;
                nodes.retain(|id, node| node.kind != kind || seen.contains(id));
            }
        }
        Ok(nodes)
    }
}

/// The score of a triple; with an activation other than identity, its plausibility in [0,1].
///
/// Errors: 42704 unknown model, entity or relation; 22023 unknown activation; 55000 without a vector.
pub fn score(head: &str, relation: &str, tail: &str, activation: &str, model_id: Option<i64>) -> Result<f64> {
    let activation: Activation = activation.parse()?;
    let asked = Asked::open(model_id)?;
    let relations = relations_of(asked.model.graph_id, None, false)?;
    let relation = asked.relation_vector(relations.named(relation)?)?;
    let (head, tail) = (asked.node(head)?, asked.node(tail)?);
    let vectors = asked.vectors_of(&[&head, &tail])?;
    let embeddings = Embeddings::new(asked.model.spec()?, vectors, relation)?;
    let score = embeddings.score(0, 0, 1)?;
    Ok(f64::from(match activation {
        Activation::Identity => score,
        other => embeddings.plausibility_of(score, other),
    }))
}

/// A question: what is the tail of (head, relation), or the head of (relation, tail)?
pub struct Question<'a> {
    pub head: Option<&'a str>,
    pub relation: &'a str,
    pub tail: Option<&'a str>,
    pub k: i32,
    /// Only answers of this kind; `None` for the kind that the relation has on that side.
    pub kind: Option<&'a str>,
    /// Whether what the graph says already is among the answers.
    pub include_known: bool,
    pub model_id: Option<i64>,
}

/// The `k` best answers. What is asked about is not among them.
///
/// Errors: as [`score`], and 22023 unless one of head and tail is given.
pub fn predict(question: &Question) -> Result<Vec<Answer>> {
    let k = checked(question.k)?;
    let (side, given) = match (question.head, question.tail) {
        (Some(head), None) => (Side::Tail, head),
        (None, Some(tail)) => (Side::Head, tail),
        _ => {
            return Err(Error::invalid("exactly one of head and tail is needed")
                .hint("the other one is what is asked for; sgr_kge_score() judges a whole triple"));
        }
    };
    let asked = Asked::open(question.model_id)?;
    let relations = relations_of(asked.model.graph_id, None, false)?;
    let relation = relations.named(question.relation)?;
    let relation_vector = asked.relation_vector(relation)?;
    let given = asked.node(given)?;
    let mut numbers = asked.vectors_of(&[&given])?;
    let of_relation = if side == Side::Tail { &relation.tail_kind } else { &relation.head_kind };
    let rows = asked.candidates(question.kind.or(of_relation.as_deref()))?;
    let known = known_answers(&asked, side, &given, relation.relation_id)?;
    numbers.extend_from_slice(&rows.numbers);
    let embeddings = Embeddings::new(asked.model.spec()?, numbers, relation_vector)?;
    // Number 0 is the given entity, the candidates follow.
    let candidates: Vec<u32> = (1..)
        .zip(&rows.ids)
        .filter(|(_, id)| **id != given.entity_id && (question.include_known || !known.contains(id)))
        .map(|(number, _)| number)
        .collect();
    let pool = thread_pool(settings::threads(None)?)?;
    let mut answers = Vec::new();
    let mut take = k;
    loop {
        let found =
            pipeline(|_: &Output<()>| Ok(best(&embeddings, side, 0, 0, take, Some(&candidates), &pool)?), |_| Ok(()))?;
        let ids: Vec<i64> = found.iter().map(|answer| rows.ids[answer.entity as usize - 1]).collect();
        let mut nodes = asked.nodes(&ids)?;
        answers.clear();
        answers.extend(
            found.iter().zip(&ids).filter_map(|(answer, id)| nodes.remove(id).map(|node| (node, answer.score))),
        );
        // Some may be hidden from the role, or be gone from the graph.
        if answers.len() >= k || take >= candidates.len() {
            break;
        }
        take *= 4;
    }
    answers.truncate(k);
    let answer = |(node, score): (Node, f32)| Answer {
        known: known.contains(&node.entity_id),
        plausibility: embeddings.plausibility_of(score, Activation::Sigmoid),
        node,
        score,
    };
    Ok(answers.into_iter().map(answer).collect())
}

/// The entities that the graph has as answers, as far as the role may see it.
fn known_answers(asked: &Asked, side: Side, given: &Node, relation: i32) -> Result<FxHashSet<i64>> {
    let (sql, signed) = match side {
        Side::Tail => ("SELECT tail FROM sgr.triples WHERE head = $1 AND relation = $2", relation),
        Side::Head => ("SELECT head FROM sgr.triples WHERE tail = $1 AND relation = $2", -relation),
    };
    let mut known = Vec::new();
    spi::select(sql, &Sources::NONE, &[Arg::Big(given.entity_id), Arg::Int(relation)], |row| {
        known.extend(row.int(0));
        Ok(())
    })?;
    asked.visibility.neighbours(given.entity_id, signed, &known)
}

/// An entity with a vector like another's, and the cosine of the two.
pub struct Neighbour {
    pub node: Node,
    pub cosine: f32,
}

/// The `k` entities whose vectors have the highest cosine with that of `entity`: of its own kind, of another, or of all.
///
/// Errors: as [`score`].
pub fn neighbours(entity: &str, k: i32, kind: Option<&str>, model_id: Option<i64>) -> Result<Vec<Neighbour>> {
    let k = checked(k)?;
    let asked = Asked::open(model_id)?;
    let given = asked.node(entity)?;
    let numbers = asked.vectors_of(&[&given])?;
    let kind = match kind {
        None => Some(given.kind.as_str()),
        Some("any") => None,
        some => some,
    };
    if let Some(ids) = index::nearest(&asked.model, &numbers, INDEX_TIMES * k)? {
        let near = nearest(&asked, &given, &numbers, asked.vectors_of_ids(&ids, kind)?, k)?;
        // Of a rare kind the index may give too few: then all are looked at.
        if near.len() == k {
            return Ok(near);
        }
    }
    nearest(&asked, &given, &numbers, asked.candidates(kind)?, k)
}

/// The best of some candidates, exactly.
fn nearest(asked: &Asked, given: &Node, vector: &[f32], rows: Rows, k: usize) -> Result<Vec<Neighbour>> {
    let numbers = [vector, &rows.numbers].concat();
    // Cosines need no relations.
    let embeddings = Embeddings::new(asked.model.spec()?, numbers, Vec::new())?;
    let candidates: Vec<u32> =
        (1..).zip(&rows.ids).filter(|(_, id)| **id != given.entity_id).map(|(number, _)| number).collect();
    let pool = thread_pool(settings::threads(None)?)?;
    let mut take = k;
    loop {
        let found = pipeline(
            |_: &Output<()>| Ok(Neighbours::new(&embeddings, &[0], Some(&candidates), take)?.step(&pool)),
            |_| Ok(()),
        )?;
        let Some(block) = found else { return Ok(Vec::new()) };
        let ids: Vec<i64> = block.neighbours.iter().map(|&number| rows.ids[number as usize - 1]).collect();
        let mut nodes = asked.nodes(&ids)?;
        let of_row = |(id, &cosine): (&i64, &f32)| nodes.remove(id).map(|node| Neighbour { node, cosine });
        let mut neighbours: Vec<Neighbour> = ids.iter().zip(&block.cosines).filter_map(of_row).collect();
        if neighbours.len() >= k || take >= candidates.len() {
            neighbours.truncate(k);
            return Ok(neighbours);
        }
        take *= 4;
    }
}

fn checked(k: i32) -> Result<usize> {
    usize::try_from(k)
        .ok()
        .filter(|_| (1..=MAX_K).contains(&k))
        .ok_or_else(|| Error::invalid(format!("k must be between 1 and {MAX_K}, not {k}")))
}
