//! Vectors in files of the server, as NumPy reads them, and back.
//!
//! A folder holds `entity.npy` and `relation.npy`, matrices of 32-bit floats in C order, `entities.tsv` and
//! `relations.tsv` with the name that each row stands for, and `model.json`, which says what the numbers mean.

mod export;
mod import;

pub use export::export;
pub use import::{Wish, import};

use crate::error::{Error, Result};

/// File names of the matrices, their names, and the description.
const ENTITY_NPY: &str = "entity.npy";
const RELATION_NPY: &str = "relation.npy";
const ENTITIES_TSV: &str = "entities.tsv";
const RELATIONS_TSV: &str = "relations.tsv";
const MODEL_JSON: &str = "model.json";

/// The path of a file in a folder. Errors: 22023 for a relative folder.
fn path_in(folder: &str, file: &str) -> Result<String> {
    if folder.is_empty() {
        return Err(Error::invalid("folder must not be empty"));
    }
    Ok(format!("{}/{file}", folder.trim_end_matches('/')))
}
