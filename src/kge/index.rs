//! pgvector's HNSW index over the vectors of a model, where `sgr_kge_index_create` made one.

use super::model::Model;
use crate::error::Result;
use crate::sources::Sources;
use crate::spi::{self, Arg};
use std::fmt::Write;

/// The most rows that a scan of such an index gives (`hnsw.ef_search`).
const MAX_ROWS: usize = 1000;

fn name(model_id: i64) -> String {
    format!("entity_embeddings_hnsw_{model_id}")
}

/// About the `n` entities with the most similar vectors; `None` if there is no index, or it cannot give so many.
pub fn nearest(model: &Model, vector: &[f32], n: usize) -> Result<Option<Vec<i64>>> {
    if n > MAX_ROWS {
        return Ok(None);
    }
    let mut schema = None;
    let sql = include_str!("../../sql/queries/kge_index_schema.sql");
    spi::select(sql, &Sources::NONE, &[Arg::Text(&name(model.model_id))], |row| {
        schema = row.text(0).map(std::borrow::Cow::into_owned);
        Ok(())
    })?;
    let Some(schema) = schema else { return Ok(None) };
    let dim = vector.len();
    let mut numbers = String::new();
    for number in vector {
        // Writing to a string does not fail.
        let _ = write!(numbers, "{}{number}", if numbers.is_empty() { "" } else { "," });
    }
    // The number of the model stands in the text, so that the planner sees that the partial index will do.
    let sql = format!(
        "SELECT v.entity_id FROM sgr.entity_embeddings AS v WHERE v.model_id = {}
         ORDER BY v.vector::{schema}.vector({dim}) OPERATOR({schema}.<=>) '{{{numbers}}}'::real[]::{schema}.vector({dim})
         LIMIT {n}",
        model.model_id
    );
    // Nothing is sorted, which leaves the planner the index alone: it knows nothing of a table that was filled just now.
    let before = settings(&[n.to_string(), "off".to_owned()])?;
    let mut ids = Vec::with_capacity(n);
    spi::select_once(&sql, &[], |row| {
        ids.extend(row.int(0));
        Ok(())
    })?;
    settings(&before)?;
    Ok(Some(ids))
}

/// Sets how many rows a scan of the index gives and whether the planner may sort, and returns what they were. After an
/// error both go with the transaction.
fn settings(to: &[String; 2]) -> Result<[String; 2]> {
    let mut before = [String::new(), String::new()];
    let sql = include_str!("../../sql/queries/kge_index_settings.sql");
    spi::select(sql, &Sources::NONE, &[Arg::Text(&to[0]), Arg::Text(&to[1])], |row| {
        before = [0, 1].map(|column| row.text(column).unwrap_or_default().into_owned());
        Ok(())
    })?;
    Ok(before)
}

/// Drops the index of a model that is gone, if it had one.
pub fn remove(model_id: i64) -> Result<()> {
    let mut found = false;
    let sql = "SELECT true WHERE pg_catalog.to_regclass('sgr.' || $1) IS NOT NULL";
    spi::select_fresh(sql, &Sources::NONE, &[Arg::Text(&name(model_id))], |_| {
        found = true;
        Ok(())
    })?;
    if found {
        spi::execute_once(&format!("DROP INDEX sgr.{}", name(model_id)))?;
    }
    Ok(())
}
