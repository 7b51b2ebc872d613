//! Reading vectors from files into a new model.

use super::{ENTITIES_TSV, ENTITY_NPY, MODEL_JSON, RELATION_NPY, RELATIONS_TSV, path_in};
use crate::error::{Error, Result, memory_limit};
use crate::interrupt::thread_pool;
use crate::kge::choices::Choices;
use crate::kge::model::{self, Recipe};
use crate::kge::track_neighbours;
use crate::kge::train::{deactivate, may_store};
use crate::kge::triples::{entity_ids, relations_of};
use crate::kge::vectors::{self, Loaded};
use crate::rights::{self, Access};
use crate::run::{self, milliseconds};
use crate::server_file;
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use crate::triples_file::graph_id;
use pgrx::prelude::*;
use serde_json::{Value, json};
use sgr_engine::export::{npy_numbers, read_npy_header, unescape};
use sgr_engine::kge::{Embeddings, FUSED, ModelKind, ModelSpec};
use std::fs::File;
use std::io::Read;
use std::time::Instant;

/// Bytes that are read between two looks for a cancel request.
const READ_BYTES: usize = 1 << 20;
/// A description is some hundred bytes.
const MAX_JSON_BYTES: u64 = 1 << 20;

/// What is to be imported.
pub struct Wish<'a> {
    pub folder: &'a str,
    /// `None` for what `model.json` says.
    pub model: Option<&'a str>,
    pub graph: &'a str,
    pub name: Option<&'a str>,
    pub neighbours: i32,
    pub activate: bool,
}

/// What was imported.
pub struct Imported {
    pub model_id: i64,
    pub entities: i64,
    pub relations: i64,
    /// Rows whose names the graph does not have.
    pub left_out: i64,
    pub elapsed_ms: f64,
    pub run_id: i64,
}

/// Makes a model of the files that an export wrote, or another program in their form.
///
/// Errors: 42501 without the rights of `pg_read_server_files`, 22P04 files that cannot be used, 22023 unknown model, 42704
/// unknown graph, 42710 name taken, 55000 if the graph has none of the names, 53000 over the memory limit, 58P01.
pub fn import(wish: &Wish) -> Result<Imported> {
    let started = Instant::now();
    rights::server_files(Access::Read)?;
    may_store(c"sgr_embeddings_import()")?;
    model::check_name(wish.name)?;
    let k = track_neighbours::check_count(wish.neighbours)?;
    let graph_id = graph_id(wish.graph)?;
    let (entity_rows, entity_width) = read_matrix(&path_in(wish.folder, ENTITY_NPY)?)?;
    let (relation_rows, relation_width) = read_matrix(&path_in(wish.folder, RELATION_NPY)?)?;
    let (recipe, spec) = read_description(wish, entity_width, relation_width)?;
    if relation_width != spec.relation_width() {
        return Err(unusable(&path_in(wish.folder, RELATION_NPY)?).detail(format!(
            "a row has {relation_width} numbers; {} of dim {entity_width} has {}",
            spec.model,
            spec.relation_width()
        )));
    }
    let entity_names = read_names(&path_in(wish.folder, ENTITIES_TSV)?, entity_rows.len() / entity_width.max(1))?;
    let relation_names =
        read_names(&path_in(wish.folder, RELATIONS_TSV)?, relation_rows.len() / relation_width.max(1))?;
    let entity_ids = entity_ids(graph_id, &entity_names, true)?;
    let of_graph = relations_of(graph_id, None, true)?;
    let relation_ids: Vec<Option<i64>> = relation_names
        .iter()
        .map(|name| of_graph.0.iter().find(|r| r.name == *name).map(|r| r.relation_id.into()))
        .collect();
    let left_out = entity_ids.iter().chain(&relation_ids).filter(|id| id.is_none()).count() as i64;
    let (entities, numbers) = in_order(&entity_ids, &entity_rows, entity_width, &path_in(wish.folder, ENTITIES_TSV)?)?;
    let (relations, relation_numbers) =
        in_order(&relation_ids, &relation_rows, relation_width, &path_in(wish.folder, RELATIONS_TSV)?)?;
    if entities.is_empty() || relations.is_empty() {
        return Err(Error::not_ready(format!("graph \"{}\" has none of the names", wish.graph))
            .hint("names stand one a line, as kind:key; graph says which graph they are of"));
    }
    if left_out > 0 {
        notice!("{left_out} rows were left out: graph \"{}\" does not have their names", wish.graph);
    }
    let embeddings = Embeddings::new(spec, numbers, relation_numbers)?;
    run::lock(model::LOCK, "another session stores a model")?;
    let parameters = json!({ "folder": wish.folder, "graph": wish.graph });
    let run_id = run::note("embeddings_import", &parameters, &json!({}), 0.0)?;
    if wish.activate {
        deactivate(graph_id)?;
    }
    let model_id = insert(wish, graph_id, &recipe, &embeddings, run_id)?;
    vectors::write(model_id, &entities, &relations, 0, &embeddings)?;
    let loaded = Loaded { entities, relations, embeddings };
    let pool = thread_pool(settings::threads(None)?)?;
    track_neighbours::refresh(model_id, if graph_id == 0 { k } else { 0 }, &loaded, &pool)?;
    let (entities, relations) = (loaded.entities.len() as i64, loaded.relations.len() as i64);
    let elapsed_ms = milliseconds(started);
    let result = json!({ "model_id": model_id, "entities": entities, "relations": relations, "left_out": left_out });
    run::complete(run_id, &result, elapsed_ms)?;
    Ok(Imported { model_id, entities, relations, left_out, elapsed_ms, run_id })
}

fn insert(wish: &Wish, graph_id: i32, recipe: &Recipe, embeddings: &Embeddings, run_id: i64) -> Result<i64> {
    let spec = embeddings.spec();
    let mut parameters = serde_json::to_value(recipe).unwrap_or_default();
    parameters["graph"] = json!(wish.graph);
    parameters["folder"] = json!(wish.folder);
    let mut model_id = 0;
    let args = [
        Arg::Texts(&[wish.name.map(str::to_owned), None]),
        Arg::Text(spec.model.name()),
        Arg::Int(graph_id),
        Arg::Bool(wish.activate),
        Arg::Int(spec.dim as i32),
        Arg::Big(recipe.choices.seed.unwrap_or(0)),
        Arg::Int(0),
        Arg::Int(0),
        Arg::Text("imported"),
        Arg::Float(f64::NAN),
        Arg::Bigs(&[embeddings.entity_count() as i64, embeddings.relation_count() as i64, 0, 0]),
        Arg::Int(wish.neighbours),
        Arg::Text(&parameters.to_string()),
        Arg::Floats(&spec.fusion.logits.map(f64::from)),
        Arg::Text("null"),
        Arg::Big(run_id),
        Arg::Text(env!("CARGO_PKG_VERSION")),
    ];
    spi::select_fresh(include_str!("../../../sql/queries/kge_model_insert.sql"), &Sources::NONE, &args, |row| {
        model_id = row.int(0).unwrap_or(0);
        Ok(())
    })?;
    Ok(model_id)
}

/// What the numbers mean, by `model.json` or by the argument.
fn read_description(wish: &Wish, dim: usize, relation_width: usize) -> Result<(Recipe, ModelSpec)> {
    let path = path_in(wish.folder, MODEL_JSON)?;
    let mut described = Value::Null;
    if std::path::Path::new(&path).exists() || wish.model.is_none() {
        let mut text = String::new();
        let file = server_file::open(&path).map_err(|error| {
            error.hint("model.json says what the numbers mean; without it, name the model in the argument model")
        })?;
        file.take(MAX_JSON_BYTES)
            .read_to_string(&mut text)
            .map_err(|error| server_file::failed("read", &path, &error))?;
        described = serde_json::from_str(&text).map_err(|error| unusable(&path).detail(error.to_string()))?;
    }
    let mut choices: Choices = serde_json::from_value(described["parameters"].clone()).unwrap_or_default();
    let said = described["model"].as_str().unwrap_or_default();
    choices.model = wish.model.unwrap_or(said).to_owned();
    if choices.model != said {
        // What is chosen of another model says nothing of this one.
        choices = Choices { model: choices.model, ..Choices::default() };
    }
    choices.dim = i32::try_from(dim).ok();
    if choices.reciprocal.is_none() {
        let kind: ModelKind = choices.model.parse()?;
        choices.reciprocal = Some(!kind.is_projected() && relation_width == 2 * kind.relation_width(dim));
    }
    let config = choices.config(settings::memory_limit())?;
    let mut spec = ModelSpec::new(&config);
    let logits = described["fusion"].as_array().filter(|logits| logits.len() == FUSED);
    for (logit, value) in spec.fusion.logits.iter_mut().zip(logits.into_iter().flatten()) {
        *logit = value.as_f64().unwrap_or(0.0) as f32;
    }
    Ok((Recipe { choices: Choices::of(&config), ..Recipe::default() }, spec))
}

/// The numbers of a matrix, and how many a row has. Errors: 22P04, 53000, those of the file.
fn read_matrix(path: &str) -> Result<(Vec<f32>, usize)> {
    let mut file = server_file::open(path)?;
    let (rows, columns) = read_npy_header(&mut file).map_err(|error| match error {
        sgr_engine::export::ExportError::Io(error) => server_file::failed("read", path, &error),
        other => unusable(path).detail(other.to_string()),
    })?;
    let count = rows.saturating_mul(columns);
    let (needed, limit) = (count.saturating_mul(2 * size_of::<f32>()), settings::memory_limit());
    if needed > limit {
        return Err(memory_limit(needed, limit, "the vectors", "import fewer"));
    }
    let there = remaining(&mut file, path)?;
    if columns == 0 || there != (count * size_of::<f32>()) as u64 {
        return Err(unusable(path)
            .detail(format!("its header says {rows} rows of {columns} numbers, and {there} bytes follow it")));
    }
    let mut numbers = Vec::with_capacity(count);
    let mut buffer = vec![0; READ_BYTES];
    while numbers.len() < count {
        pgrx::check_for_interrupts!();
        let part = READ_BYTES.min((count - numbers.len()) * size_of::<f32>());
        file.read_exact(&mut buffer[..part]).map_err(|error| server_file::failed("read", path, &error))?;
        npy_numbers(&buffer[..part], &mut numbers);
    }
    Ok((numbers, columns))
}

/// Bytes from here to the end of a file.
fn remaining(file: &mut File, path: &str) -> Result<u64> {
    use std::io::Seek;
    let failed = |error: std::io::Error| server_file::failed("read", path, &error);
    let size = file.metadata().map_err(failed)?.len();
    Ok(size.saturating_sub(file.stream_position().map_err(failed)?))
}

/// The names of the rows. Errors: 22P04 unless there is one for each.
fn read_names(path: &str, rows: usize) -> Result<Vec<String>> {
    let mut file = server_file::open(path)?;
    let failed = |error: std::io::Error| server_file::failed("read", path, &error);
    let size = file.metadata().map_err(failed)?.len();
    let (needed, limit) = (usize::try_from(size).unwrap_or(usize::MAX).saturating_mul(3), settings::memory_limit());
    if needed > limit {
        return Err(memory_limit(needed, limit, "the names", "import fewer"));
    }
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(failed)?;
    let mut lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
    if lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    if lines.len() != rows {
        return Err(unusable(path).detail(format!("it has {} lines, and the matrix {rows} rows", lines.len())));
    }
    let name = |line: &&[u8]| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        String::from_utf8(unescape(line).unwrap_or_default().into_owned()).ok().filter(|name| !name.contains('\0'))
    };
    lines.iter().map(name).collect::<Option<_>>().ok_or_else(|| unusable(path).detail("it is not UTF-8"))
}

/// Ids that are there, ascending, with their rows. Errors: 22P04 for a name that stands twice.
fn in_order(ids: &[Option<i64>], rows: &[f32], width: usize, path: &str) -> Result<(Vec<i64>, Vec<f32>)> {
    let mut order: Vec<(i64, usize)> = ids.iter().zip(0..).filter_map(|(id, at)| Some(((*id)?, at))).collect();
    order.sort_unstable();
    if let Some(pair) = order.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        return Err(unusable(path).detail(format!("lines {} and {} are the same name", pair[0].1 + 1, pair[1].1 + 1)));
    }
    let numbers = order.iter().flat_map(|&(_, at)| &rows[at * width..][..width]).copied().collect();
    Ok((order.into_iter().map(|(id, _)| id).collect(), numbers))
}

fn unusable(path: &str) -> Error {
    Error::new(PgSqlErrorCode::ERRCODE_BAD_COPY_FILE_FORMAT, format!("cannot use file \"{path}\""))
}
