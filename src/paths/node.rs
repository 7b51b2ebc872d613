//! Entities by what people call them.

use crate::error::{Error, Result};
use crate::lookup::{self, shortened};
use crate::sources::Sources;
use crate::spi::{self, Arg, Row};
use rustc_hash::FxHashMap;
use sgr_engine::export::entity_name;

/// Longest name that is shown whole.
const MAX_NAME: usize = 120;

/// An entity of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    pub entity_id: i64,
    pub kind: String,
    pub key: String,
    pub name: Option<String>,
}

impl Node {
    /// A row with the columns entity_id, kind, key, name.
    pub fn of_row(row: &Row) -> Self {
        let text = |column| row.text(column).map(std::borrow::Cow::into_owned);
        Self {
            entity_id: row.int(0).unwrap_or(0),
            kind: text(1).unwrap_or_default(),
            key: text(2).unwrap_or_default(),
            name: text(3),
        }
    }

    /// Its name, else its kind and key, fit for one line: no control characters, not over `MAX_NAME` characters.
    pub fn label(&self) -> String {
        match &self.name {
            Some(name) => line(name),
            None if self.kind == entity_name::PLAIN_KIND => line(&self.key),
            None => line(&format!("{} {}", self.kind, self.key)),
        }
    }

    /// As `sgr.kg_triples` calls it.
    pub fn plain_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.key)
    }

    /// `kind:key`, as functions take it.
    pub fn full_name(&self) -> String {
        let mut name = String::new();
        entity_name::write(&self.kind, &self.key, &mut name);
        name
    }

    /// `kind:key`, quoted, for messages.
    pub fn quoted(&self) -> String {
        format!("\"{}:{}\"", self.kind, shortened(&self.key))
    }
}

/// A name from outside, fit for one line.
pub fn line(text: &str) -> String {
    let mut shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MAX_NAME).collect();
    if text.chars().nth(MAX_NAME).is_some() {
        shown.push('…');
    }
    shown
}

/// The entity that a text names: `kind:key`, in the catalogue's graph also a track's id, or the urn or URL of a track or
/// an artist. Where there is no such key, `kind:name` will do if it is the name of one entity. Those that are not visible
/// do not exist.
///
/// Errors: 42704 if there is none, 22023 if there are several of that name, those of [`lookup::track_id`].
pub fn find(graph_id: i32, name: &str, sources: &Sources, is_visible: impl Fn(&Node) -> Result<bool>) -> Result<Node> {
    let name = name.trim();
    let (kind, key) = if graph_id == 0 { of_catalogue(name, sources)? } else { parsed(name) };
    if let Some(node) = by_key(graph_id, &kind, &key)?
        && is_visible(&node)?
    {
        return Ok(node);
    }
    let mut named = Vec::new();
    let args = [Arg::Int(graph_id), Arg::Text(&kind), Arg::Text(&key)];
    spi::select(include_str!("../../sql/queries/entity_by_name.sql"), &Sources::NONE, &args, |row| {
        named.push(Node::of_row(row));
        Ok(())
    })?;
    let mut seen = Vec::new();
    for node in named {
        if is_visible(&node)? {
            seen.push(node);
        }
    }
    match seen.len() {
        0 => Err(unknown(graph_id, &kind, &key, credited(graph_id, &kind, &key)?)),
        1 => Ok(seen.remove(0)),
        _ => {
            let keys: Vec<String> = seen.iter().map(|node| format!("{}:{}", node.kind, node.key)).collect();
            Err(Error::invalid(format!("there are several entities \"{kind}:{}\"", shortened(&key)))
                .hint(format!("say which one: {}", keys.join(", "))))
        }
    }
}

/// The entity with this key, or the one that it is an alias of.
pub fn by_key(graph_id: i32, kind: &str, key: &str) -> Result<Option<Node>> {
    let mut node = None;
    let args = [Arg::Int(graph_id), Arg::Text(kind), Arg::Text(key)];
    spi::select(include_str!("../../sql/queries/entity_by_key.sql"), &Sources::NONE, &args, |row| {
        node = Some(Node::of_row(row));
        Ok(())
    })?;
    Ok(node)
}

/// Those of the entities that exist, by id.
pub fn named(ids: &[i64]) -> Result<FxHashMap<i64, Node>> {
    let mut nodes = FxHashMap::default();
    spi::select(include_str!("../../sql/queries/entities_named.sql"), &Sources::NONE, &[Arg::Bigs(ids)], |row| {
        let node = Node::of_row(row);
        nodes.insert(node.entity_id, node);
        Ok(())
    })?;
    Ok(nodes)
}

/// 42704, for an entity that the graph does not have or the role may not see.
fn unknown(graph_id: i32, kind: &str, key: &str, credited: Option<String>) -> Error {
    let error = Error::unknown(format!("no entity \"{kind}:{}\" in the graph", shortened(key)));
    if let Some(credited) = credited {
        error.hint(format!("that name credits several artists: {credited}"))
    } else if graph_id == 0 {
        error.hint(
            "SELECT kind, key, name FROM sgr.entities lists them; what is new in the catalogue gets in by sgr_build_kg()",
        )
    } else {
        error.hint("SELECT kind, key FROM sgr.entities lists them")
    }
}

/// The artists that the name of an artist's row holds, where it holds several: such a row is no entity.
fn credited(graph_id: i32, kind: &str, key: &str) -> Result<Option<String>> {
    let mut credited = None;
    if graph_id == 0
        && kind == "artist"
        && let Ok(id) = key.parse::<i64>()
    {
        spi::select(include_str!("../../sql/queries/credits_of_artist.sql"), &Sources::NONE, &[Arg::Big(id)], |row| {
            credited = row.text(0).map(std::borrow::Cow::into_owned);
            Ok(())
        })?;
    }
    Ok(credited)
}

fn parsed(name: &str) -> (String, String) {
    let (kind, key) = entity_name::parse(name);
    (kind.to_owned(), key.to_owned())
}

fn of_catalogue(name: &str, sources: &Sources) -> Result<(String, String)> {
    if name.parse::<i64>().is_ok() {
        return Ok(("track".to_owned(), name.to_owned()));
    }
    let (kind, key) = parsed(name);
    if kind != entity_name::PLAIN_KIND {
        // As the keys of the graph are: without blanks around them, and spellings in lower case.
        let key = key.trim();
        let is_spelling = matches!(kind.as_str(), "tag" | "genre" | "label");
        return Ok((kind, if is_spelling { key.to_lowercase() } else { key.to_owned() }));
    }
    let mut found = None;
    let mut read = |row: &Row| {
        found = row.text(0).map(|kind| (kind.into_owned(), row.int(1).unwrap_or(0).to_string()));
        Ok(())
    };
    if let Some(url) = lookup::url_key(name) {
        let forms = lookup::url_forms(name, &url).map(Some);
        spi::select(include_str!("../../sql/queries/entity_by_url.sql"), sources, &[Arg::Texts(&forms)], &mut read)?;
    } else if name.matches(':').count() >= 2 {
        spi::select(include_str!("../../sql/queries/entity_by_urn.sql"), sources, &[Arg::Text(name)], &mut read)?;
        if found.is_none() {
            found = of_urn(name);
        }
    }
    match found {
        Some(found) => Ok(found),
        None => lookup::track_id(name).map(|id| ("track".to_owned(), id.to_string())).map_err(|error| {
            error.hint("write kind:key (tag:jazz, playlist:7, artist:12), a track's id, or the urn or URL of a track or an artist")
        }),
    }
}

/// A urn whose row is not there still ends in the kind and the id.
fn of_urn(urn: &str) -> Option<(String, String)> {
    let mut parts = urn.rsplit(':');
    let id: i64 = parts.next()?.parse().ok()?;
    let kind = match parts.next()? {
        "tracks" => "track",
        "users" => "artist",
        "playlists" => "playlist",
        _ => return None,
    };
    Some((kind.to_owned(), id.to_string()))
}
