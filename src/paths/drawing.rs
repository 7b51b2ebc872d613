//! What lies around an entity, as Cytoscape.js takes it.

use super::{Node, PathFinder, names, node};
use crate::error::Result;
use rustc_hash::FxHashMap;
use serde_json::{Value, json};
use sgr_engine::graph::neighbourhood::{Neighbourhood, NeighbourhoodConfig};
use sgr_engine::graph::search::Step;

impl PathFinder {
    /// `{"elements": {"nodes": [{"data": …}], "edges": [{"data": …}]}}`.
    ///
    /// Errors: 22023 out of range, 42704 unknown relations.
    pub fn drawing(
        &mut self,
        centre: &Node,
        hops: i32,
        limit: i32,
        relations: Option<&[Option<String>]>,
    ) -> Result<Value> {
        let drawn = self.neighbourhood(centre, hops, limit, relations)?;
        self.elements(&drawn)
    }

    fn neighbourhood(
        &mut self,
        centre: &Node,
        hops: i32,
        limit: i32,
        relations: Option<&[Option<String>]>,
    ) -> Result<Neighbourhood> {
        let config = NeighbourhoodConfig {
            hops: super::in_range("hops", hops, NeighbourhoodConfig::MAX_HOPS)?,
            limit: super::in_range("limit", limit, NeighbourhoodConfig::MAX_LIMIT)?,
            relations: names("relations", relations)?
                .map(|names| names.into_iter().map(|name| self.relation(name)).collect::<Result<_>>())
                .transpose()?,
        };
        let mut drawn = Neighbourhood::new(centre.entity_id, config)?;
        loop {
            pgrx::check_for_interrupts!();
            match drawn.step(&self.store) {
                Step::Working => {}
                Step::NeedHeaders(nodes) => self.store.load_headers(&nodes)?,
                Step::NeedEdges(node) => self.store.load_edges(node)?,
                Step::Done => break,
            }
        }
        Ok(drawn)
    }

    /// The collaborators of an artist, heaviest first: the weight of `collab_with`, and some of their own collaborators.
    pub fn collaborators(&mut self, artist: &Node, limit: i32) -> Result<Vec<(Node, f32, Vec<Node>)>> {
        let relation = self.relation("collab_with")?;
        let drawn = self.neighbourhood(artist, 2, limit, Some(&[Some("collab_with".to_owned())]))?;
        let nodes = named(&drawn)?;
        let joined = |a: i64, b: i64| {
            drawn.edges().iter().find(|edge| edge.relation == relation && edge.head == a && edge.tail == b)
        };
        let of_hop = |hops: usize| drawn.members().iter().filter(move |member| member.hops == hops);
        let mut colleagues = Vec::new();
        for member in of_hop(1) {
            let (Some(node), Some(edge)) = (nodes.get(&member.node), joined(artist.entity_id, member.node)) else {
                continue;
            };
            let others = of_hop(2).filter(|other| joined(member.node, other.node).is_some());
            let others = others.filter_map(|other| nodes.get(&other.node).cloned()).collect();
            colleagues.push((node.clone(), edge.weight, others));
        }
        Ok(colleagues)
    }

    fn elements(&self, drawn: &Neighbourhood) -> Result<Value> {
        let nodes = named(drawn)?;
        let mut degrees: FxHashMap<i64, u64> = FxHashMap::default();
        for edge in drawn.edges() {
            for end in [edge.head, edge.tail] {
                *degrees.entry(end).or_default() += 1;
            }
        }
        let members = drawn.members().iter().filter_map(|member| {
            let node = nodes.get(&member.node)?;
            let shown = degrees.get(&member.node).copied().unwrap_or(0);
            Some(json!({ "data": {
                "id": member.node.to_string(), "label": node.label(), "kind": node.kind, "key": node.key,
                "hops": member.hops, "edges": member.edges, "hidden_edges": member.edges.saturating_sub(shown),
            } }))
        });
        let edges =
            drawn.edges().iter().filter(|edge| nodes.contains_key(&edge.head) && nodes.contains_key(&edge.tail));
        let edges = edges.map(|edge| {
            json!({ "data": {
                "id": format!("{}-{}-{}", edge.head, edge.relation, edge.tail), "source": edge.head.to_string(),
                "target": edge.tail.to_string(), "relation": self.relations.get(&edge.relation), "weight": edge.weight,
            } })
        });
        Ok(json!({ "elements": { "nodes": members.collect::<Value>(), "edges": edges.collect::<Value>() } }))
    }
}

/// The entities of the members.
fn named(drawn: &Neighbourhood) -> Result<FxHashMap<i64, Node>> {
    node::named(&drawn.members().iter().map(|member| member.node).collect::<Vec<i64>>())
}
