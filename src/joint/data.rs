//! The interactions of a joint training: of a stored split, or all there are.

use crate::error::{Error, Result};
use crate::evaluate::{Ids, Rows, StoredSplit};
use crate::interrupt::pipeline;
use crate::sources::Sources;
use sgr_engine::evaluate::{self, Part, Protocol, Split, SplitConfig};
use sgr_engine::recommend::mkr::Interactions;
use std::sync::Arc;

/// Interactions by dense numbers, a training and a validation part for each repeat.
pub struct Data {
    pub user_ids: Vec<i64>,
    pub item_ids: Vec<i64>,
    /// Whether the users are playlists.
    pub of_playlists: bool,
    pub repeats: Vec<Parts>,
}

/// What is learned in one repeat.
pub struct Parts {
    pub train: Arc<Interactions>,
    pub validation: Option<Interactions>,
}

impl Data {
    /// The training and validation parts of a split. Errors: 53000.
    pub fn of_split(stored: &StoredSplit) -> Result<Self> {
        let counts = (stored.users.ids.len(), stored.items.ids.len());
        let repeats = stored.repeats.iter().map(|split| Parts::of(split, Part::Validation, counts));
        Ok(Self {
            user_ids: stored.users.ids.clone(),
            item_ids: stored.items.ids.clone(),
            of_playlists: stored.of_playlists,
            repeats: repeats.collect::<Result<_>>()?,
        })
    }

    /// All interactions of the catalogue with a negative drawn for each; `share` of them validate.
    ///
    /// Errors: 22023 for a share that is not possible, 55000 without interactions, 53000.
    pub fn of_all(share: f64, seed: u64) -> Result<Self> {
        if !(share > 0.0 && share < 1.0) {
            return Err(Error::invalid(format!("validation_share must be between 0 and 1, not {share}")));
        }
        let rows = Rows::of_catalogue(Protocol::Mkr, None, &Sources::load()?)?;
        if rows.users.is_empty() {
            return Err(Error::not_ready("there are no interactions to learn from")
                .hint("name a split: sgr_eval_split() makes one of interactions, playlists or a relation of yours"));
        }
        let ids = Ids { users: &rows.user_ids.ids, items: &rows.item_ids.ids };
        let counts = (ids.users.len(), ids.items.len());
        let config =
            SplitConfig { ratios: [1.0 - share, 0.0, share], seed, ..SplitConfig::for_protocol(Protocol::Mkr) };
        let all = evaluate::Interactions {
            users: &rows.users,
            items: &rows.items,
            labels: None,
            order: None,
            user_count: counts.0,
            item_count: counts.1,
        };
        let split = pipeline(
            |output: &crate::interrupt::Output<()>| {
                evaluate::split_unless(output.cancelled(), &all, &config).map_err(|error| ids.error(error))
            },
            |_| Ok(()),
        )?;
        // What is a test part there validates here.
        let parts = Parts::of(&split, Part::Test, counts)?;
        Ok(Self { user_ids: rows.user_ids.ids, item_ids: rows.item_ids.ids, of_playlists: false, repeats: vec![parts] })
    }
}

impl Parts {
    fn of(split: &Split, validation: Part, (user_count, item_count): (usize, usize)) -> Result<Self> {
        let part = |part: Part| {
            let rows: Vec<usize> = split.rows_of(part).collect();
            let users = rows.iter().map(|&row| split.users[row]).collect();
            let items = rows.iter().map(|&row| split.items[row]).collect();
            let labels = rows.iter().map(|&row| split.labels[row]).collect();
            Interactions::new(users, items, labels, user_count, item_count)
        };
        let validation = part(validation)?;
        Ok(Self { train: Arc::new(part(Part::Train)?), validation: (!validation.is_empty()).then_some(validation) })
    }
}
