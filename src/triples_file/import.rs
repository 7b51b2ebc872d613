//! Reading a file or a relation of triples into a named graph: a thread reads, checks and numbers the names, the main
//! thread stores blocks of triples. In memory are the distinct names and some blocks.

use super::{Format, empty, failed, not_the_catalogue};
use crate::adjacency;
use crate::error::{Error, Result};
use crate::interrupt::{Event, pipeline};
use crate::rights::{self, Access};
use crate::run::{self, milliseconds};
use crate::server_file;
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use pgrx::prelude::*;
use serde_json::json;
use sgr_engine::export::{
    Block, COLUMNS, Collector, ExportError, Fields, ParquetTriplesReader, TsvTriplesReader, Weight, entity_name,
};
use std::fs::File;
use std::io::BufReader;
use std::time::Instant;

/// Bytes of a text file that are read at a time.
const READ_BYTES: usize = 1 << 18;

/// Where triples come from.
pub enum Origin<'a> {
    /// A file of the server.
    File { path: &'a str, format: Option<&'a str> },
    /// A table or view.
    Relation(pg_sys::Oid),
}

/// What an import did; the numbers are those of the file or relation that was read.
#[derive(Default)]
pub struct Imported {
    /// Triples that could be used: inserted or duplicates.
    pub triples: i64,
    pub inserted: i64,
    /// Triples that the graph had already, or that came before.
    pub duplicates: i64,
    /// Distinct heads and tails.
    pub entities: i64,
    /// Distinct relations.
    pub relations: i64,
    /// Lines or rows that went to `sgr.quarantine`.
    pub rejected: i64,
    pub elapsed_ms: f64,
    pub run_id: i64,
}

/// Reads triples into a graph, which is made if need be; with `replace` what it held goes first.
///
/// Errors: 22023 the catalogue's graph, a relative path, an unknown format; 42501 without the rights of
/// `pg_read_server_files`; 22P04 a file that cannot be read; 42703 a missing column; 53000 over the memory limit; those of
/// [`server_file::open`].
pub fn import(from: &Origin, graph: &str, replace: bool) -> Result<Imported> {
    let started = Instant::now();
    not_the_catalogue(graph, "imported into")?;
    let source = match from {
        Origin::File { path, .. } => (*path).to_owned(),
        Origin::Relation(oid) => qualified_name(*oid)?,
    };
    let mut reader = match from {
        Origin::File { path, format } => {
            rights::server_files(Access::Read)?;
            let format = Format::choose(*format, path)?;
            Some(Reader::new(format, server_file::open(path)?).map_err(|error| failed("read", path, error))?)
        }
        Origin::Relation(_) => None,
    };
    run::lock_graph()?;
    let graph_id = make_graph(graph)?;
    if replace {
        empty(graph_id)?;
    }
    let parameters = match from {
        Origin::File { path, .. } => json!({ "path": path, "graph": graph, "replace": replace }),
        Origin::Relation(_) => json!({ "relation": source, "graph": graph, "replace": replace }),
    };
    let run_id = run::note("triples_import", &parameters, &json!({}), 0.0)?;
    let mut store = Store::new(graph_id, run_id, &source);
    let mut collector = Collector::new(&source, settings::memory_limit());
    match (&mut reader, from) {
        (Some(reader), _) => pipeline(
            |output| {
                let mut more = true;
                while more {
                    more = reader.read(&mut collector).map_err(|error| failed("read", &source, error))?;
                    if !output.send(collector.take_block()) {
                        break;
                    }
                }
                Ok(())
            },
            |event| match event {
                Event::Started => Ok(()),
                Event::Block(block) => store.put(&block),
            },
        )?,
        (None, Origin::Relation(oid)) => read_relation(*oid, &source, &mut collector, |block| store.put(&block))?,
        (None, Origin::File { .. }) => {}
    }
    let mut imported = store.imported;
    if imported.inserted > 0 || replace || !adjacency::is_written(graph_id)? {
        adjacency::rebuild(graph_id)?;
    }
    imported.run_id = run_id;
    imported.elapsed_ms = milliseconds(started);
    let result = json!({
        "triples": imported.triples, "inserted": imported.inserted, "duplicates": imported.duplicates,
        "entities": imported.entities, "relations": imported.relations, "rejected": imported.rejected,
    });
    run::complete(run_id, &result, imported.elapsed_ms)?;
    Ok(imported)
}

enum Reader {
    Parquet(Box<ParquetTriplesReader<File>>),
    Tsv(TsvTriplesReader<BufReader<File>>),
}

impl Reader {
    fn new(format: Format, file: File) -> std::result::Result<Self, ExportError> {
        Ok(match format {
            Format::Parquet => Self::Parquet(Box::new(ParquetTriplesReader::new(file)?)),
            Format::Tsv => Self::Tsv(TsvTriplesReader::new(BufReader::with_capacity(READ_BYTES, file))),
        })
    }

    fn read(&mut self, collector: &mut Collector) -> std::result::Result<bool, ExportError> {
        match self {
            Self::Parquet(reader) => reader.read(collector),
            Self::Tsv(reader) => reader.read(collector),
        }
    }
}

/// Reads the columns of a relation by their names; `weight` and `source` may be missing.
pub fn read_relation(
    relation: pg_sys::Oid,
    name: &str,
    collector: &mut Collector,
    mut put: impl FnMut(Block) -> Result<()>,
) -> Result<()> {
    let mut columns = Vec::new();
    let sql = "SELECT attname::text FROM pg_catalog.pg_attribute
               WHERE attrelid = $1::oid AND attnum > 0 AND NOT attisdropped";
    spi::select(sql, &Sources::NONE, &[Arg::Big(relation.to_u32().into())], |row| {
        columns.push(row.text(0).unwrap_or_default().into_owned());
        Ok(())
    })?;
    let column = |column: &'static str, cast: &str| {
        let optional = column == "weight" || column == "source";
        match columns.iter().any(|found| found == column) {
            true => Ok(format!("r.{column}::pg_catalog.{cast}")),
            false if optional => Ok(format!("NULL::pg_catalog.{cast}")),
            false => {
                let message = format!("column \"{column}\" of relation {name} does not exist");
                Err(Error::new(PgSqlErrorCode::ERRCODE_UNDEFINED_COLUMN, message)
                    .hint(format!("a view can name the columns {}", COLUMNS.join(", "))))
            }
        }
    };
    let [head, relation, tail, weight, source] = COLUMNS;
    let sql = format!(
        "SELECT {}, {}, {}, {}, {} FROM {name} AS r",
        column(head, "text")?,
        column(relation, "text")?,
        column(tail, "text")?,
        column(weight, "float8")?,
        column(source, "text")?,
    );
    let mut number = 0;
    spi::select_once(&sql, &[], |row| {
        number += 1;
        let (head, relation, tail, source) = (row.text(0), row.text(1), row.text(2), row.text(4));
        let fields = Fields {
            head: head.as_deref().map(str::as_bytes),
            relation: relation.as_deref().map(str::as_bytes),
            tail: tail.as_deref().map(str::as_bytes),
            weight: row.float(3).map_or(Weight::Unset, Weight::Number),
            source: source.as_deref().map(str::as_bytes),
        };
        collector.push(number, &fields, None).map_err(|error| failed("read", name, error))?;
        if collector.is_full() { put(collector.take_block()) } else { Ok(()) }
    })?;
    put(collector.take_block())
}

/// The relation's name as a statement may have it. Errors: 42P01.
pub fn qualified_name(relation: pg_sys::Oid) -> Result<String> {
    let mut name = None;
    let sql = "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname)
               FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
               WHERE c.oid = $1::oid AND c.relkind IN ('r', 'p', 'v', 'm', 'f')";
    spi::select(sql, &Sources::NONE, &[Arg::Big(relation.to_u32().into())], |row| {
        name = row.text(0).map(|name| name.into_owned());
        Ok(())
    })?;
    name.ok_or_else(|| {
        Error::new(PgSqlErrorCode::ERRCODE_UNDEFINED_TABLE, "relation is not a table or view that can be read")
    })
}

/// The id of a graph, a new one if there is none of this name.
fn make_graph(graph: &str) -> Result<i32> {
    let graph = [Arg::Text(graph)];
    spi::execute("INSERT INTO sgr.graphs (graph) VALUES ($1) ON CONFLICT (graph) DO NOTHING", &Sources::NONE, &graph)?;
    let mut id = 0;
    spi::select_fresh("SELECT graph_id FROM sgr.graphs WHERE graph = $1", &Sources::NONE, &graph, |row| {
        id = row.int(0).unwrap_or(0) as i32;
        Ok(())
    })?;
    Ok(id)
}

/// Stores blocks and remembers which id each code has.
struct Store<'a> {
    graph_id: i32,
    run_id: i64,
    source: &'a str,
    entities: Vec<i64>,
    relations: Vec<i64>,
    sources: Vec<i64>,
    imported: Imported,
}

impl<'a> Store<'a> {
    fn new(graph_id: i32, run_id: i64, source: &'a str) -> Self {
        let (entities, relations, sources) = (Vec::new(), Vec::new(), Vec::new());
        Self { graph_id, run_id, source, entities, relations, sources, imported: Imported::default() }
    }

    fn put(&mut self, block: &Block) -> Result<()> {
        self.put_entities(&block.entities)?;
        let graph = Arg::Int(self.graph_id);
        let new = owned(&block.relations);
        names(
            include_str!("../../sql/queries/import_relations.sql"),
            include_str!("../../sql/queries/import_relation_ids.sql"),
            &[graph, Arg::Texts(&new)],
            &mut self.relations,
        )?;
        let new = owned(&block.sources);
        names(
            include_str!("../../sql/queries/import_sources.sql"),
            include_str!("../../sql/queries/import_source_ids.sql"),
            &[Arg::Texts(&new)],
            &mut self.sources,
        )?;
        self.put_triples(block)?;
        self.put_rejected(block)?;
        self.imported.entities += block.entities.len() as i64;
        self.imported.relations += block.relations.len() as i64;
        Ok(())
    }

    fn put_entities(&mut self, new: &[String]) -> Result<()> {
        let (kinds, keys): (Vec<_>, Vec<_>) = new
            .iter()
            .map(|name| {
                let (kind, key) = entity_name::parse(name);
                (Some(kind.to_owned()), Some(key.to_owned()))
            })
            .unzip();
        names(
            include_str!("../../sql/queries/import_entities.sql"),
            include_str!("../../sql/queries/import_entity_ids.sql"),
            &[Arg::Int(self.graph_id), Arg::Texts(&kinds), Arg::Texts(&keys)],
            &mut self.entities,
        )
    }

    fn put_triples(&mut self, block: &Block) -> Result<()> {
        let triples = &block.triples;
        if triples.is_empty() {
            return Ok(());
        }
        let ids = |codes: &[u32], ids: &[i64]| -> Result<Vec<i64>> {
            codes.iter().map(|&code| ids.get(code as usize).copied()).collect::<Option<_>>().ok_or_else(vanished)
        };
        let heads = ids(&triples.heads, &self.entities)?;
        let tails = ids(&triples.tails, &self.entities)?;
        let relations = ids(&triples.relations, &self.relations)?;
        let sources = ids(&triples.sources, &self.sources)?;
        let weights: Vec<f64> = triples.weights.iter().map(|&weight| weight.into()).collect();
        let inserted = spi::execute(
            include_str!("../../sql/queries/import_triples.sql"),
            &Sources::NONE,
            &[
                Arg::Bigs(&heads),
                Arg::Bigs(&relations),
                Arg::Bigs(&tails),
                Arg::Floats(&weights),
                Arg::Bigs(&sources),
                Arg::Big(self.run_id),
            ],
        )? as i64;
        self.imported.triples += triples.len() as i64;
        self.imported.inserted += inserted;
        self.imported.duplicates += triples.len() as i64 - inserted;
        Ok(())
    }

    fn put_rejected(&mut self, block: &Block) -> Result<()> {
        for rejected in &block.rejected {
            spi::execute(
                include_str!("../../sql/queries/quarantine_line.sql"),
                &Sources::NONE,
                &[
                    Arg::Text(rejected.reason.code()),
                    Arg::Text(self.source),
                    Arg::MaybeBig(Some(rejected.line as i64)),
                    Arg::Text(&rejected.detail),
                    Arg::Text(&rejected.excerpt),
                ],
            )?;
        }
        self.imported.rejected += block.rejected.len() as i64;
        Ok(())
    }
}

/// Inserts names that are not there and appends the ids of all of them, in their order.
fn names(insert: &'static str, select: &'static str, args: &[Arg], ids: &mut Vec<i64>) -> Result<()> {
    let wanted = args.iter().find_map(|arg| match arg {
        Arg::Texts(names) => Some(names.len()),
        _ => None,
    });
    if wanted == Some(0) {
        return Ok(());
    }
    spi::execute(insert, &Sources::NONE, args)?;
    let found = spi::select_fresh(select, &Sources::NONE, args, |row| {
        ids.push(row.int(0).unwrap_or(0));
        Ok(())
    })?;
    if Some(found as usize) == wanted { Ok(()) } else { Err(vanished()) }
}

fn owned(names: &[String]) -> Vec<Option<String>> {
    names.iter().cloned().map(Some).collect()
}

/// Row-level security that lets a row in and does not show it, or a trigger that swallows it.
fn vanished() -> Error {
    Error::not_ready("names that were stored cannot be read back")
        .hint("look at the policies and triggers of sgr.entities, sgr.relations and sgr.triple_sources")
}
