//! `sgr.model_arrays`: what a recommender learned, written and read in bulk.

use crate::bulk_write::{TableWriter, Value};
use crate::error::{Error, Result, memory_limit};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use std::borrow::Cow;
use std::collections::HashMap;

/// Bytes of elements per row: it stays in its page.
const ROW_BYTES: usize = 8000;

/// An array that is to be stored.
pub enum Array<'a> {
    /// Ids or positions.
    Ids(Cow<'a, [i64]>),
    /// Numbers.
    Numbers(&'a [f32]),
}

impl Array<'_> {
    /// Of positions in other arrays.
    pub fn positions<T: Copy + TryInto<i64>>(positions: &[T]) -> Self {
        Array::Ids(positions.iter().map(|&at| at.try_into().unwrap_or(i64::MAX)).collect())
    }

    /// What its elements take.
    pub fn bytes(&self) -> usize {
        match self {
            Array::Ids(ids) => size_of_val(&**ids),
            Array::Numbers(numbers) => size_of_val(*numbers),
        }
    }
}

/// Stores arrays of a model under their names.
pub fn write(model_id: i64, arrays: &[(impl AsRef<str>, Array)]) -> Result<()> {
    let mut table = TableWriter::open(c"model_arrays")?;
    let mut push = |name: &str, start: usize, ids: Value, numbers: Value| {
        pgrx::check_for_interrupts!();
        table.push(&[Value::Big(model_id), Value::Text(name), Value::Big(start as i64), ids, numbers]);
    };
    for (name, array) in arrays {
        let name = name.as_ref();
        match array {
            Array::Ids(ids) => {
                let width = ROW_BYTES / size_of::<i64>();
                for (row, ids) in ids.chunks(width).enumerate() {
                    push(name, row * width, Value::Bigs(ids), Value::Null);
                }
            }
            Array::Numbers(numbers) => {
                let width = ROW_BYTES / size_of::<f32>();
                for (row, numbers) in numbers.chunks(width).enumerate() {
                    push(name, row * width, Value::Null, Value::Reals(numbers));
                }
            }
        }
    }
    table.finish();
    Ok(())
}

/// Deletes the arrays of a model.
pub fn delete(model_id: i64) -> Result<()> {
    spi::execute("DELETE FROM sgr.model_arrays WHERE model_id = $1", &Sources::NONE, &[Arg::Big(model_id)])?;
    Ok(())
}

/// The arrays of a stored model.
#[derive(Default)]
pub struct Arrays {
    model_id: i64,
    /// All of them together.
    pub bytes: usize,
    ids: HashMap<String, Vec<i64>>,
    numbers: HashMap<String, Vec<f32>>,
}

impl Arrays {
    /// Reads them, as the calling query sees them. Errors: 53000 over the memory limit.
    pub fn load(model_id: i64) -> Result<Self> {
        let mut arrays = Self { model_id, ..Self::default() };
        let limit = settings::memory_limit();
        let sql = "SELECT array_name, start, ids, numbers FROM sgr.model_arrays WHERE model_id = $1";
        spi::select(sql, &Sources::NONE, &[Arg::Big(model_id)], |row| {
            pgrx::check_for_interrupts!();
            let name = row.text(0).unwrap_or_default();
            let start = row.int(1).and_then(|start| usize::try_from(start).ok()).unwrap_or(0);
            let (ids, numbers) = (row.bigints(2), row.floats(3));
            arrays.bytes += size_of_val(ids.unwrap_or_default()) + size_of_val(numbers.unwrap_or_default());
            if arrays.bytes > limit {
                return Err(memory_limit(arrays.bytes, limit, "the model", "use a smaller model"));
            }
            if let Some(ids) = ids {
                place(arrays.ids.entry(name.clone().into_owned()).or_default(), start, ids);
            }
            if let Some(numbers) = numbers {
                place(arrays.numbers.entry(name.into_owned()).or_default(), start, numbers);
            }
            Ok(())
        })?;
        Ok(arrays)
    }

    /// Takes ids; none if there are none of this name.
    pub fn ids(&mut self, name: &str) -> Vec<i64> {
        self.ids.remove(name).unwrap_or_default()
    }

    /// Takes numbers; none if there are none of this name.
    pub fn numbers(&mut self, name: &str) -> Vec<f32> {
        self.numbers.remove(name).unwrap_or_default()
    }

    /// Takes positions. Errors: 55000 for one that cannot be.
    pub fn positions<T: TryFrom<i64>>(&mut self, name: &str) -> Result<Vec<T>> {
        let positions: std::result::Result<Vec<T>, _> = self.ids(name).into_iter().map(T::try_from).collect();
        positions.map_err(|_| incomplete(self.model_id))
    }
}

/// 55000, for a model whose arrays are not those that it was stored with.
pub fn incomplete(model_id: i64) -> Error {
    Error::not_ready(format!("the arrays of model {model_id} are not complete"))
        .hint("row-level security may hide some; else sgr_model_drop() it and train again")
}

/// Rows come in any order.
fn place<T: Copy + Default>(array: &mut Vec<T>, start: usize, elements: &[T]) {
    let end = start + elements.len();
    if array.len() < end {
        array.resize(end, T::default());
    }
    array[start..end].copy_from_slice(elements);
}
