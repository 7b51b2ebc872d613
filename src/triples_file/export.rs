//! Writing a graph to a file: the main thread reads triples as numbers, a thread of its own turns them into names,
//! encodes and writes. In memory are the names of the graph's entities and one row group, whatever the number of triples.

use super::{Format, failed, graph_id};
use crate::error::{self, Error, Result};
use crate::interrupt::{Input, feed};
use crate::rights::{self, Access};
use crate::run::{self, milliseconds};
use crate::server_file::Replacement;
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use pgrx::prelude::*;
use rustc_hash::FxHashMap;
use serde_json::json;
use sgr_engine::export::{
    DEFAULT_ROW_GROUP, ExportError, ParquetTriplesWriter, StringTable, TripleCodes, TripleNames, TsvTriplesWriter,
    entity_name, escape,
};
use std::fs::File;
use std::time::Instant;

/// Triples that the main thread hands over at a time.
const BATCH: usize = 1 << 16;

/// Entities between two looks at the memory limit.
const ENTITIES_PER_CHECK: u64 = 1 << 14;

/// What an export did.
pub struct Exported {
    pub format: Format,
    pub triples: i64,
    pub bytes: i64,
    pub elapsed_ms: f64,
    pub run_id: i64,
}

/// Writes the triples of a graph to `path`, which is replaced at the end or not at all.
///
/// Errors: 42501 without the rights of `pg_write_server_files`, 22023 relative path or unknown format, 42704 unknown
/// graph, 53000 over the memory limit, 53100 disk full, and those of [`Replacement::create`].
pub fn export(path: &str, format: Option<&str>, graph: &str) -> Result<Exported> {
    let started = Instant::now();
    rights::server_files(Access::Write)?;
    let format = Format::choose(format, path)?;
    may_note_runs()?;
    let graph_id = graph_id(graph)?;
    let (replacement, file) = Replacement::create(path)?;
    let names = GraphNames::read(graph_id, format)?;
    let relations: Vec<i32> = names.relations.keys().map(|&id| id as i32).collect();
    let written = feed(
        |input| write(input, names, file, format).map_err(|error| error.into_error(path)),
        |feeder| {
            let mut batch = Vec::with_capacity(BATCH);
            spi::select(
                "SELECT head, relation, tail, weight, source FROM sgr.triples WHERE relation = ANY ($1)",
                &Sources::NONE,
                &[Arg::Ints(&relations)],
                |row| {
                    batch.push(Triple {
                        head: row.int(0).unwrap_or(0),
                        relation: row.int(1).unwrap_or(0),
                        tail: row.int(2).unwrap_or(0),
                        weight: row.float(3).unwrap_or(0.0) as f32,
                        source: row.int(4).unwrap_or(0),
                    });
                    if batch.len() < BATCH {
                        return Ok(());
                    }
                    feeder.send(std::mem::replace(&mut batch, Vec::with_capacity(BATCH)))
                },
            )?;
            feeder.send(batch)
        },
    )?;
    if written.left_out > 0 {
        warning!(
            "{} triples were left out: they name entities or sources that are not there, or that you may not see",
            written.left_out
        );
    }
    let elapsed_ms = milliseconds(started);
    let parameters = json!({ "path": path, "format": format.to_string(), "graph": graph });
    let result = json!({
        "triples": written.triples, "left_out": written.left_out, "bytes": written.bytes,
        "memory_bytes": written.memory_bytes,
    });
    let run_id = run::note("triples_export", &parameters, &result, elapsed_ms)?;
    // Last, because it cannot be taken back.
    replacement.finish(&written.file)?;
    Ok(Exported { format, triples: written.triples as i64, bytes: written.bytes as i64, elapsed_ms, run_id })
}

/// Errors: 25006 in a read-only transaction, 42501 without INSERT on `sgr.runs`; found before the work is done.
#[allow(unsafe_code, reason = "asks the backend")]
fn may_note_runs() -> Result<()> {
    // SAFETY: main thread, inside a transaction, NUL-terminated constants.
    unsafe {
        pg_sys::PreventCommandIfReadOnly(c"sgr_triples_export()".as_ptr());
    }
    if rights::has(rights::table(c"runs")?, pg_sys::ACL_INSERT) {
        return Ok(());
    }
    Err(Error::new(PgSqlErrorCode::ERRCODE_INSUFFICIENT_PRIVILEGE, "permission denied for table runs")
        .hint("GRANT SELECT, INSERT ON sgr.runs TO the role that exports"))
}

/// A row of `sgr.triples`.
struct Triple {
    head: i64,
    relation: i64,
    tail: i64,
    weight: f32,
    source: i64,
}

/// The names of a graph and which code stands for which id.
struct GraphNames {
    names: TripleNames,
    entities: FxHashMap<i64, u32>,
    relations: FxHashMap<i64, u32>,
    sources: FxHashMap<i64, u32>,
}

impl GraphNames {
    fn read(graph_id: i32, format: Format) -> Result<Self> {
        let limit = settings::memory_limit();
        let mut names = TripleNames::default();
        let (mut name, mut escaped) = (String::new(), String::new());
        let mut add = |table: &mut StringTable, codes: &mut FxHashMap<i64, u32>, id: Option<i64>, name: &str| {
            let text = if format == Format::Tsv {
                escaped.clear();
                escape(name, &mut escaped);
                &escaped
            } else {
                name
            };
            let code = table.push(text, "names").map_err(|error| failed("write", "", error))?;
            codes.insert(id.unwrap_or(0), code);
            Ok(())
        };
        let (mut relations, mut sources) = (FxHashMap::default(), FxHashMap::default());
        let mut entities = FxHashMap::default();
        let graph = [Arg::Int(graph_id)];
        let sql = "SELECT relation_id, relation FROM sgr.relations WHERE graph_id = $1";
        spi::select(sql, &Sources::NONE, &graph, |row| {
            add(&mut names.relations, &mut relations, row.int(0), &row.text(1).unwrap_or_default())
        })?;
        // What an import brought keeps the source that its file named.
        let sql = "SELECT source_id, CASE stage WHEN 'import' THEN source ELSE stage || ':' || source END
                   FROM sgr.triple_sources";
        spi::select(sql, &Sources::NONE, &[], |row| {
            add(&mut names.sources, &mut sources, row.int(0), &row.text(1).unwrap_or_default())
        })?;
        let mut read = 0;
        let sql = "SELECT entity_id, kind, key FROM sgr.entities WHERE graph_id = $1";
        spi::select(sql, &Sources::NONE, &graph, |row| {
            name.clear();
            entity_name::write(&row.text(1).unwrap_or_default(), &row.text(2).unwrap_or_default(), &mut name);
            add(&mut names.entities, &mut entities, row.int(0), &name)?;
            read += 1;
            let needed = names.entities.memory_bytes() + map_bytes(&entities);
            if read % ENTITIES_PER_CHECK == 0 && needed > limit {
                return Err(error::memory_limit(needed, limit, "the names of the graph's entities", "export less"));
            }
            Ok(())
        })?;
        Ok(Self { names, entities, relations, sources })
    }

    fn memory_bytes(&self) -> usize {
        self.names.memory_bytes() + map_bytes(&self.entities) + map_bytes(&self.relations) + map_bytes(&self.sources)
    }
}

fn map_bytes(map: &FxHashMap<i64, u32>) -> usize {
    map.capacity() * (size_of::<(i64, u32)>() + 1)
}

struct Written {
    file: File,
    triples: u64,
    left_out: u64,
    bytes: u64,
    memory_bytes: usize,
}

/// What stops the writing thread.
enum Stopped {
    File(ExportError),
    Other(Error),
}

impl Stopped {
    fn into_error(self, path: &str) -> Error {
        match self {
            Self::File(error) => failed("write", path, error),
            Self::Other(error) => error,
        }
    }
}

impl From<ExportError> for Stopped {
    fn from(error: ExportError) -> Self {
        Self::File(error)
    }
}

enum Writer {
    Parquet(Box<ParquetTriplesWriter<File>>),
    Tsv(TsvTriplesWriter<File>),
}

/// The writing thread.
fn write(
    input: &Input<Vec<Triple>>,
    names: GraphNames,
    file: File,
    format: Format,
) -> std::result::Result<Written, Stopped> {
    let memory_bytes = names.memory_bytes() + DEFAULT_ROW_GROUP * size_of::<[u32; 5]>();
    let GraphNames { names, entities, relations, sources } = names;
    let mut writer = match format {
        Format::Parquet => Writer::Parquet(Box::new(ParquetTriplesWriter::new(file, names, DEFAULT_ROW_GROUP)?)),
        Format::Tsv => Writer::Tsv(TsvTriplesWriter::new(file, names)?),
    };
    let (mut triples, mut left_out) = (0, 0);
    let mut codes = TripleCodes::default();
    while let Some(batch) = input.next().map_err(Stopped::Other)? {
        codes.clear();
        for triple in &batch {
            match (
                entities.get(&triple.head),
                relations.get(&triple.relation),
                entities.get(&triple.tail),
                sources.get(&triple.source),
            ) {
                (Some(&head), Some(&relation), Some(&tail), Some(&source)) => {
                    codes.push(head, relation, tail, triple.weight, source);
                }
                _ => left_out += 1,
            }
        }
        triples += codes.len() as u64;
        match &mut writer {
            Writer::Parquet(writer) => writer.write(&codes)?,
            Writer::Tsv(writer) => writer.write(&codes)?,
        }
    }
    let file = match writer {
        Writer::Parquet(writer) => writer.finish()?,
        Writer::Tsv(writer) => writer.finish()?,
    };
    file.sync_all().map_err(ExportError::Io)?;
    let bytes = file.metadata().map_err(ExportError::Io)?.len();
    Ok(Written { file, triples, left_out, bytes, memory_bytes })
}
