//! Vectors and states of optimisers, written and read in bulk.

use super::model::Model;
use crate::bulk_write::{TableWriter, Value};
use crate::error::{Error, Result, memory_limit};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg, Row};
use sgr_engine::kge::{Checkpoint, Embeddings};

/// Rows between two looks for a cancel request: some milliseconds.
const ROWS_PER_LOOK: usize = 1 << 10;
/// Bytes of ids and numbers per row of `sgr.model_states`: it stays in its page.
const STATE_BYTES: usize = 8000;

/// Writes the vectors of a model: of its entities from number `from` on, and of its relations if that is 0.
pub fn write(model_id: i64, entities: &[i64], relations: &[i64], from: usize, embeddings: &Embeddings) -> Result<()> {
    let dim = embeddings.spec().dim;
    let mut table = TableWriter::open(c"entity_embeddings")?;
    let rows = entities.iter().zip(embeddings.entities().chunks_exact(dim)).skip(from);
    for (at, (&id, vector)) in rows.enumerate() {
        look(at);
        table.push(&[Value::Big(model_id), Value::Big(id), Value::Reals(vector)]);
    }
    table.finish();
    if from == 0 {
        let mut table = TableWriter::open(c"relation_embeddings")?;
        let width = embeddings.spec().relation_width();
        for (at, (&id, vector)) in relations.iter().zip(embeddings.relations().chunks_exact(width)).enumerate() {
            look(at);
            table.push(&[Value::Big(model_id), Value::Int(id as i32), Value::Reals(vector)]);
        }
        table.finish();
    }
    Ok(())
}

/// Deletes the vectors of a model.
pub fn delete(model_id: i64) -> Result<()> {
    for sql in [
        "DELETE FROM sgr.entity_embeddings WHERE model_id = $1",
        "DELETE FROM sgr.relation_embeddings WHERE model_id = $1",
    ] {
        spi::execute(sql, &Sources::NONE, &[Arg::Big(model_id)])?;
    }
    Ok(())
}

/// Replaces the optimiser's state of a model.
pub fn write_state(model_id: i64, entities: &[i64], relations: &[i64], checkpoint: &Checkpoint) -> Result<()> {
    spi::execute("DELETE FROM sgr.model_states WHERE model_id = $1", &Sources::NONE, &[Arg::Big(model_id)])?;
    let mut table = TableWriter::open(c"model_states")?;
    for (part, ids, numbers) in
        [("entity", entities, &checkpoint.entity_state), ("relation", relations, &checkpoint.relation_state)]
    {
        let width = numbers.len() / ids.len().max(1);
        if width == 0 {
            continue;
        }
        let rows = (STATE_BYTES / (size_of::<i64>() + width * size_of::<f32>())).max(1);
        for (chunk, (ids, numbers)) in ids.chunks(rows).zip(numbers.chunks(rows * width)).enumerate() {
            look(chunk);
            table.push(&[
                Value::Big(model_id),
                Value::Text(part),
                Value::Int(i32::try_from(chunk).unwrap_or(i32::MAX)),
                Value::Bigs(ids),
                Value::Reals(numbers),
            ]);
        }
    }
    table.finish();
    Ok(())
}

/// Rows of numbers with their ids.
#[derive(Default)]
pub struct Rows {
    pub ids: Vec<i64>,
    pub numbers: Vec<f32>,
}

impl Rows {
    /// Room for so many rows of this width. Errors: 53000.
    fn with_capacity(rows: i64, width: usize) -> Result<Self> {
        let rows = usize::try_from(rows).unwrap_or(0);
        let needed = rows.saturating_mul(width * size_of::<f32>() + size_of::<i64>());
        let limit = settings::memory_limit();
        if needed > limit {
            return Err(memory_limit(needed, limit, "the vectors of the model", "use a smaller model"));
        }
        Ok(Self { ids: Vec::with_capacity(rows), numbers: Vec::with_capacity(rows * width) })
    }

    fn push(&mut self, row: &Row) {
        look(self.ids.len());
        self.ids.push(row.int(0).unwrap_or(0));
        self.numbers.extend_from_slice(row.floats(1).unwrap_or_default());
    }

    /// Puts the rows into the order of their ids, in which they usually are.
    fn sort(&mut self, width: usize) {
        if self.ids.is_sorted() {
            return;
        }
        let mut order: Vec<usize> = (0..self.ids.len()).collect();
        order.sort_unstable_by_key(|&at| self.ids[at]);
        self.ids = order.iter().map(|&at| self.ids[at]).collect();
        self.numbers = order.iter().flat_map(|&at| &self.numbers[at * width..][..width]).copied().collect();
    }
}

/// A model with all of its vectors; number `i` stands for `entities[i]` and `relations[i]`, which ascend.
pub struct Loaded {
    pub entities: Vec<i64>,
    pub relations: Vec<i64>,
    pub embeddings: Embeddings,
}

/// Reads all vectors of a model, now or as the calling query sees them.
///
/// Errors: 55000 if they are not those that `sgr.models` says, 53000 over the memory limit.
pub fn load(model: &Model, fresh: bool) -> Result<Loaded> {
    let sql = "SELECT entity_id, vector FROM sgr.entity_embeddings WHERE model_id = $1";
    let entities = read(model, sql, model.entities, model.spec()?.dim, fresh)?;
    let relations = relations(model, fresh)?;
    let embeddings = Embeddings::new(model.spec()?, entities.numbers, relations.numbers)?;
    Ok(Loaded { entities: entities.ids, relations: relations.ids, embeddings })
}

/// Reads the vectors of a model's relations.
pub fn relations(model: &Model, fresh: bool) -> Result<Rows> {
    let sql = "SELECT relation_id, vector FROM sgr.relation_embeddings WHERE model_id = $1";
    read(model, sql, model.relations, model.spec()?.relation_width(), fresh)
}

fn read(model: &Model, sql: &'static str, count: i64, width: usize, fresh: bool) -> Result<Rows> {
    let mut rows = Rows::with_capacity(count, width)?;
    spi::select_as(fresh, sql, &Sources::NONE, &[Arg::Big(model.model_id)], |row| {
        rows.push(row);
        Ok(())
    })?;
    if rows.ids.len() as i64 != count || rows.numbers.len() != rows.ids.len() * width {
        return Err(Error::not_ready(format!("the vectors of model {} are not complete", model.model_id))
            .detail(format!("{} rows of {width} numbers were found where {count} should be", rows.ids.len()))
            .hint("row-level security may hide some; else sgr_model_drop() it and train again"));
    }
    rows.sort(width);
    Ok(rows)
}

/// Reads vectors by a query with the columns id and vector.
pub fn select(sql: &'static str, args: &[Arg]) -> Result<Rows> {
    let mut rows = Rows::default();
    let limit = settings::memory_limit();
    spi::select(sql, &Sources::NONE, args, |row| {
        if rows.numbers.len() == rows.numbers.capacity() && 3 * rows.numbers.capacity() * size_of::<f32>() > limit {
            let needed = 3 * rows.numbers.capacity() * size_of::<f32>();
            return Err(memory_limit(needed, limit, "the vectors", "use a smaller model"));
        }
        rows.push(row);
        Ok(())
    })?;
    Ok(rows)
}

/// Reads the optimiser's state into a checkpoint: rows of zeros for what has none.
pub fn read_state(
    model: &Model,
    entities: &[i64],
    relations: &[i64],
    widths: [usize; 2],
    checkpoint: &mut Checkpoint,
) -> Result<()> {
    checkpoint.entity_state = vec![0.0; entities.len() * widths[0]];
    checkpoint.relation_state = vec![0.0; relations.len() * widths[1]];
    let sql = "SELECT part, ids, numbers FROM sgr.model_states WHERE model_id = $1";
    spi::select_fresh(sql, &Sources::NONE, &[Arg::Big(model.model_id)], |row| {
        pgrx::check_for_interrupts!();
        let (all, state, width) = if row.text(0).as_deref() == Some("entity") {
            (entities, &mut checkpoint.entity_state, widths[0])
        } else {
            (relations, &mut checkpoint.relation_state, widths[1])
        };
        let numbers = row.floats(2).unwrap_or_default();
        for (id, numbers) in row.bigints(1).unwrap_or_default().iter().zip(numbers.chunks_exact(width.max(1))) {
            if let Ok(at) = all.binary_search(id) {
                state[at * width..][..width].copy_from_slice(numbers);
            }
        }
        Ok(())
    })?;
    Ok(())
}

fn look(rows: usize) {
    if rows.is_multiple_of(ROWS_PER_LOOK) {
        pgrx::check_for_interrupts!();
    }
}
