//! Why a recommender proposes a track: the terms of a blend, which add up to its score.

use super::Row;
use crate::error::{Error, Result};
use crate::recommend::by_model::{by_size, known};
use crate::recommender::predict::{Asked, ranked};
use crate::sources::Sources;
use sgr_engine::recommend::blend::{Blend, Term};

/// The intercept, the terms from the largest on, and their sum, the log-odds.
///
/// Errors: 22023 for a model that is no sum, 42704 for a track that it did not learn.
pub fn rows(user_id: i64, candidate: i64, asked: &Asked) -> Result<Vec<Row>> {
    let name = asked.model_name();
    let Some(blend) = asked.blend() else {
        return Err(Error::invalid(format!("the scores of model \"{name}\" are no sum that could be explained"))
            .hint("a blend explains its scores, and model => 'signals' says what the signals have to say"));
    };
    let explained = asked.explained(&[candidate])?.into_iter().flatten().next().ok_or_else(|| {
        Error::unknown(format!("model \"{name}\" did not learn track {candidate}"))
            .hint("train it again, or ask the signals: model => 'signals'")
    })?;
    let mut rows = vec![Row {
        part: "intercept",
        reason: "intercept".to_owned(),
        contribution: Some(blend.base()),
        detail: Some("the log-odds before any term".to_owned()),
        ..Row::default()
    }];
    for (place, at) in (1..).zip(by_size(&explained.contributions)) {
        let term = &blend.terms()[at];
        rows.push(Row {
            part: "term",
            rank: Some(place),
            reason: blend.term_name(at).into_owned(),
            value: term.other.is_none().then(|| f64::from(explained.values[term.feature])),
            contribution: Some(explained.contributions[at]),
            detail: Some(bin(blend, term, &explained.values)),
            ..Row::default()
        });
    }
    let known = known(user_id, &Sources::load()?)?;
    let proposed: Vec<i64> = ranked(asked)?
        .into_iter()
        .map(|(track, _)| track)
        .filter(|track| known.binary_search(track).is_err())
        .collect();
    let rank = proposed.iter().position(|&track| track == candidate).map(|place| place as u32 + 1);
    rows.push(Row {
        part: "score",
        rank,
        reason: match rank {
            Some(rank) => format!("rank {rank} of {} tracks", proposed.len()),
            None => "the user has this track already: it is scored, but not proposed, and has no rank".to_owned(),
        },
        value: Some(explained.score),
        detail: Some(format!("probability {:.4} by model \"{name}\"", explained.probability)),
        ..Row::default()
    });
    Ok(rows)
}

/// The bins that the values fall into.
fn bin(blend: &Blend, term: &Term, values: &[f32]) -> String {
    let bounds = |feature: usize, cuts: &[f32]| {
        let at = cuts.partition_point(|&cut| cut <= values[feature]);
        let name = &blend.features()[feature];
        match (at.checked_sub(1).map(|below| cuts[below]), cuts.get(at)) {
            (None, None) => format!("any {name}"),
            (None, Some(to)) => format!("{name} below {to:.4}"),
            (Some(from), None) => format!("{name} from {from:.4}"),
            (Some(from), Some(to)) => format!("{name} from {from:.4} to {to:.4}"),
        }
    };
    let own = bounds(term.feature, &term.cuts);
    match &term.other {
        None => own,
        Some((other, cuts)) => format!("{own}, {}", bounds(*other, cuts)),
    }
}
