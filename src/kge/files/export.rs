//! Writing a model's vectors: the main thread reads rows, a thread of its own writes them.

use super::{ENTITIES_TSV, ENTITY_NPY, MODEL_JSON, RELATION_NPY, RELATIONS_TSV, path_in};
use crate::error::{Error, Result};
use crate::interrupt::{Feeder, Input, feed};
use crate::kge::model::Model;
use crate::rights::{self, Access};
use crate::run::{self, milliseconds};
use crate::server_file::{self, Replacement};
use crate::sources::Sources;
use crate::spi::{self, Arg};
use serde_json::json;
use sgr_engine::export::{entity_name, escape, npy_bytes, npy_header};
use std::fs::File;
use std::io::Write;
use std::time::Instant;

/// Bytes of numbers that the main thread hands over at a time.
const BATCH_BYTES: usize = 1 << 20;

/// What was written.
pub struct Exported {
    pub entities: i64,
    pub relations: i64,
    pub dim: i32,
    pub bytes: i64,
    pub elapsed_ms: f64,
    pub run_id: i64,
}

/// Numbers and names of some rows.
#[derive(Default)]
struct Batch {
    numbers: Vec<u8>,
    names: String,
    rows: usize,
}

/// Writes the vectors of a model into a folder that is there. Each file takes its place at the end, or none does.
///
/// Errors: 42501 without the rights of `pg_write_server_files`, 42704 unknown model, 53100 disk full, those of
/// [`Replacement::create`].
pub fn export(model_id: Option<i64>, folder: &str) -> Result<Exported> {
    let started = Instant::now();
    rights::server_files(Access::Write)?;
    let model = Model::chosen(model_id)?;
    let spec = model.spec()?;
    let mut files = Vec::new();
    let (entities, bytes) = matrix(
        folder,
        [ENTITY_NPY, ENTITIES_TSV],
        spec.dim,
        "SELECT pg_catalog.count(*) FROM sgr.entity_embeddings AS v JOIN sgr.entities AS e ON e.entity_id = v.entity_id
         WHERE v.model_id = $1",
        include_str!("../../../sql/queries/kge_export_entities.sql"),
        &model,
        &mut files,
    )?;
    let (relations, more) = matrix(
        folder,
        [RELATION_NPY, RELATIONS_TSV],
        spec.relation_width(),
        "SELECT pg_catalog.count(*) FROM sgr.relation_embeddings AS v
         JOIN sgr.relations AS r ON r.relation_id = v.relation_id WHERE v.model_id = $1",
        include_str!("../../../sql/queries/kge_export_relations.sql"),
        &model,
        &mut files,
    )?;
    if entities < model.entities {
        pgrx::notice!(
            "{} vectors were left out: the graph does not have their entities any more",
            model.entities - entities
        );
    }
    let described = describe(&model)?;
    let path = path_in(folder, MODEL_JSON)?;
    let (replacement, mut file) = Replacement::create(&path)?;
    file.write_all(described.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| server_file::failed("write", &path, &error))?;
    files.push((replacement, file));
    let bytes = bytes + more + described.len() as u64;
    let elapsed_ms = milliseconds(started);
    let parameters = json!({ "model_id": model.model_id, "folder": folder });
    let result = json!({ "entities": entities, "relations": relations, "bytes": bytes });
    let run_id = run::note("embeddings_export", &parameters, &result, elapsed_ms)?;
    // Last, because it cannot be taken back.
    for (replacement, file) in files {
        replacement.finish(&file)?;
    }
    Ok(Exported { entities, relations, dim: spec.dim as i32, bytes: bytes as i64, elapsed_ms, run_id })
}

/// What an import, or a reader in another language, needs to know of the numbers.
fn describe(model: &Model) -> Result<String> {
    let spec = model.spec()?;
    let graph = crate::kge::triples::graph_name(model.graph_id)?;
    let described = json!({
        "model": spec.model.name(), "dim": spec.dim, "relation_width": spec.relation_width(), "norm": spec.norm.name(),
        "reciprocal": spec.reciprocal,
        "margin": spec.margin, "fusion": spec.fusion.logits, "graph": graph, "name": model.name,
        "parameters": model.recipe.choices, "version": env!("CARGO_PKG_VERSION"),
    });
    Ok(format!("{described:#}\n"))
}

/// Writes a matrix and the names of its rows, without putting them into their places. Returns (rows, bytes).
fn matrix(
    folder: &str,
    names: [&str; 2],
    width: usize,
    count: &'static str,
    select: &'static str,
    model: &Model,
    files: &mut Vec<(Replacement, File)>,
) -> Result<(i64, u64)> {
    let paths = [path_in(folder, names[0])?, path_in(folder, names[1])?];
    let id = [Arg::Big(model.model_id)];
    let mut rows = 0;
    spi::select(count, &Sources::NONE, &id, |row| {
        rows = row.int(0).unwrap_or(0);
        Ok(())
    })?;
    let (numbers, numbers_file) = Replacement::create(&paths[0])?;
    let (list, list_file) = Replacement::create(&paths[1])?;
    let header = npy_header(usize::try_from(rows).unwrap_or(0), width);
    let (numbers_file, list_file, bytes, written) =
        feed(|input| write(input, numbers_file, list_file, &header, &paths), |feeder| read(feeder, select, &id))?;
    if written as i64 != rows {
        return Err(Error::not_ready(format!(
            "{written} rows of model {} were found where {rows} should be",
            model.model_id
        )));
    }
    files.push((numbers, numbers_file));
    files.push((list, list_file));
    Ok((rows, bytes))
}

/// The main thread: rows with kind, name and vector.
fn read(feeder: &Feeder<Batch>, select: &'static str, args: &[Arg]) -> Result<()> {
    let mut batch = Batch::default();
    let mut name = String::new();
    spi::select(select, &Sources::NONE, args, |row| {
        name.clear();
        let text = row.text(1).unwrap_or_default();
        match row.text(0) {
            Some(kind) => entity_name::write(&kind, &text, &mut name),
            None => name.push_str(&text),
        }
        escape(&name, &mut batch.names);
        batch.names.push('\n');
        npy_bytes(row.floats(2).unwrap_or_default(), &mut batch.numbers);
        batch.rows += 1;
        if batch.numbers.len() < BATCH_BYTES { Ok(()) } else { feeder.send(std::mem::take(&mut batch)) }
    })?;
    feeder.send(batch)
}

/// The writing thread. Returns the files, their bytes and their rows.
fn write(
    input: &Input<Batch>,
    mut numbers: File,
    mut names: File,
    header: &[u8],
    paths: &[String; 2],
) -> Result<(File, File, u64, usize)> {
    let failed = |at: usize| move |error: std::io::Error| server_file::failed("write", &paths[at], &error);
    numbers.write_all(header).map_err(failed(0))?;
    let (mut bytes, mut rows) = (header.len() as u64, 0);
    while let Some(batch) = input.next()? {
        numbers.write_all(&batch.numbers).map_err(failed(0))?;
        names.write_all(batch.names.as_bytes()).map_err(failed(1))?;
        bytes += (batch.numbers.len() + batch.names.len()) as u64;
        rows += batch.rows;
    }
    numbers.sync_all().map_err(failed(0))?;
    names.sync_all().map_err(failed(1))?;
    Ok((numbers, names, bytes, rows))
}
