//! `sgr.track_neighbours`: for each track those with the most similar vectors, found exactly.

use super::progress::Reporter;
use super::vectors::Loaded;
use crate::bulk_write::{TableWriter, Value};
use crate::error::{Error, Result, memory_limit};
use crate::interrupt::{Event, pipeline};
use crate::settings;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use sgr_engine::kge::{NeighbourBlock, Neighbours};

/// Most that can be kept: a row stays in its page.
const MAX_NEIGHBOURS: i32 = 600;

/// Errors: 22023 out of range.
pub fn check_count(neighbours: i32) -> Result<usize> {
    usize::try_from(neighbours).ok().filter(|_| neighbours <= MAX_NEIGHBOURS).ok_or_else(|| {
        Error::invalid(format!("neighbours must be between 0 and {MAX_NEIGHBOURS}, not {neighbours}"))
            .hint("0 keeps no lists")
    })
}

/// Replaces the lists of a model of the catalogue's graph, and returns how many there are.
///
/// Errors: 53000 over the memory limit.
pub fn refresh(model_id: i64, k: usize, loaded: &Loaded, pool: &rayon::ThreadPool) -> Result<u64> {
    delete(model_id)?;
    if k == 0 {
        return Ok(0);
    }
    let (numbers, tracks) = tracks(&loaded.entities)?;
    let limit = settings::memory_limit();
    let dim = loaded.embeddings.spec().dim;
    let needed = Neighbours::memory_bytes(dim, numbers.len(), 0, pool.current_num_threads());
    if needed > limit {
        return Err(memory_limit(needed, limit, "the neighbour lists", "set neighbours to 0"));
    }
    let mut table = TableWriter::open(c"track_neighbours")?;
    let mut reporter = Reporter::new();
    pipeline(
        |output| {
            let mut lists = Neighbours::new(&loaded.embeddings, &numbers, None, k)?;
            while let Some(block) = lists.step(pool) {
                if !output.send((block, lists.fraction())) {
                    break;
                }
            }
            Ok(())
        },
        |event| {
            if let Event::Block((block, fraction)) = event {
                push(&mut table, model_id, &block, &numbers, &tracks);
                reporter.done("neighbours of the tracks", fraction);
            }
            Ok(())
        },
    )?;
    Ok(table.finish())
}

/// Deletes the lists of a model.
pub fn delete(model_id: i64) -> Result<()> {
    spi::execute("DELETE FROM sgr.track_neighbours WHERE model_id = $1", &Sources::NONE, &[Arg::Big(model_id)])?;
    Ok(())
}

/// (number, track id) of the entities that are tracks, both parallel; numbers ascend.
fn tracks(entities: &[i64]) -> Result<(Vec<u32>, Vec<i64>)> {
    let mut found = Vec::new();
    let sql = "SELECT entity_id, key FROM sgr.entities WHERE graph_id = 0 AND kind = 'track'";
    spi::select_fresh(sql, &Sources::NONE, &[], |row| {
        let number = row.int(0).and_then(|id| entities.binary_search(&id).ok());
        let track = row.text(1).and_then(|key| key.parse::<i64>().ok());
        found.extend(number.zip(track).map(|(number, track)| (number as u32, track)));
        Ok(())
    })?;
    found.sort_unstable();
    Ok(found.into_iter().unzip())
}

fn push(table: &mut TableWriter, model_id: i64, block: &NeighbourBlock, numbers: &[u32], tracks: &[i64]) {
    let track = |number: &u32| numbers.binary_search(number).map_or(0, |at| tracks[at]);
    for (at, row) in block.rows.iter().enumerate() {
        let range = block.offsets[at]..block.offsets[at + 1];
        if range.is_empty() {
            continue;
        }
        let wide: Vec<i64> = block.neighbours[range.clone()].iter().map(track).collect();
        let narrow: Option<Vec<i32>> = wide.iter().map(|&id| i32::try_from(id).ok()).collect();
        table.push(&[
            Value::Big(model_id),
            Value::Big(track(row)),
            narrow.as_deref().map_or(Value::Null, Value::Ints),
            if narrow.is_some() { Value::Null } else { Value::Bigs(&wide) },
            Value::Reals(&block.cosines[range]),
        ]);
    }
}
