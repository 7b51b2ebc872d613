//! Recommenders that this backend has read already, bounded by `sgr_graph.model_cache`.

use super::model::{Loaded, Model};
use crate::error::Result;
use crate::rights;
use crate::settings;
use pgrx::pg_sys;
use std::cell::RefCell;
use std::rc::Rc;

struct Kept {
    model_id: i64,
    version: String,
    role: u32,
    loaded: Rc<Loaded>,
}

thread_local! {
    /// Last used last.
    static KEPT: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
}

/// What a model learned: kept, or read. Errors: as [`Model::load`].
pub fn load(model: &Model) -> Result<Rc<Loaded>> {
    let table = rights::table(c"model_arrays")?;
    // Not where the role lacks the right to read the table, nor where row-level security could show something else.
    if !rights::has(table, pg_sys::ACL_SELECT) || rights::row_security(table) {
        return Ok(Rc::new(model.load()?));
    }
    let role = rights::current_role().to_u32();
    let found = KEPT.with_borrow_mut(|kept| {
        let at = kept
            .iter()
            .position(|kept| (kept.model_id, &kept.version, kept.role) == (model.model_id, &model.version, role))?;
        let found = kept.remove(at);
        let loaded = Rc::clone(&found.loaded);
        kept.push(found);
        Some(loaded)
    });
    if let Some(loaded) = found {
        return Ok(loaded);
    }
    let loaded = Rc::new(model.load()?);
    let limit = settings::model_cache();
    KEPT.with_borrow_mut(|kept| {
        kept.retain(|kept| kept.model_id != model.model_id);
        let mut bytes: usize = loaded.bytes + kept.iter().map(|kept| kept.loaded.bytes).sum::<usize>();
        while bytes > limit && !kept.is_empty() {
            bytes -= kept.remove(0).loaded.bytes;
        }
        if bytes <= limit {
            let version = model.version.clone();
            kept.push(Kept { model_id: model.model_id, version, role, loaded: Rc::clone(&loaded) });
        }
    });
    Ok(loaded)
}
