//! `sgr_recommend`, `sgr_recommend_user`, `sgr_signal_set`.

use crate::error::required;
use crate::recommend::{self, Recommendation, Wish};
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

/// The columns that both recommenders return; see [`rows`].
type Recommendations = TableIterator<
    'static,
    (
        name!(rank, i32),
        name!(track_id, i64),
        name!(title, Option<String>),
        name!(artist, Option<String>),
        name!(score, Option<f64>),
        name!(by_playlists, Option<f64>),
        name!(by_likes, Option<f64>),
        name!(by_tags, Option<f64>),
        name!(by_artist, Option<f64>),
        name!(by_popularity, Option<f64>),
        name!(by_embedding, Option<f64>),
        name!(confidence, Option<f64>),
        name!(fallback, Option<String>),
        name!(because, String),
    ),
>;

#[pg_extern(stable, parallel_safe)]
#[allow(clippy::type_complexity, reason = "pgrx reads the columns from the type")]
fn sgr_recommend(
    track: Option<i64>,
    k: default!(Option<i32>, 10),
    exclude_same_artist: default!(Option<bool>, false),
    genres: default!(Option<Vec<Option<String>>>, "NULL"),
    tags: default!(Option<Vec<Option<String>>>, "NULL"),
    profile: default!(Option<&str>, "'default'"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(rank, i32),
            name!(track_id, i64),
            name!(title, Option<String>),
            name!(artist, Option<String>),
            name!(score, Option<f64>),
            name!(by_playlists, Option<f64>),
            name!(by_likes, Option<f64>),
            name!(by_tags, Option<f64>),
            name!(by_artist, Option<f64>),
            name!(by_popularity, Option<f64>),
            name!(by_embedding, Option<f64>),
            name!(confidence, Option<f64>),
            name!(fallback, Option<String>),
            name!(because, String),
        ),
    >,
    ErrorReport,
> {
    let wish = Wish { k: required("k", k)?, genres, tags, profile: required("profile", profile)? };
    Ok(rows(recommend::for_track(required("track", track)?, &wish, exclude_same_artist.unwrap_or(false))?))
}

#[pg_extern(stable, parallel_safe)]
#[allow(clippy::too_many_arguments, clippy::type_complexity, reason = "they are named arguments and columns in SQL")]
fn sgr_recommend_user(
    user_id: Option<i64>,
    k: default!(Option<i32>, 10),
    include_known: default!(Option<bool>, false),
    genres: default!(Option<Vec<Option<String>>>, "NULL"),
    tags: default!(Option<Vec<Option<String>>>, "NULL"),
    profile: default!(Option<&str>, "'default'"),
    model: default!(Option<&str>, "NULL"),
) -> Result<
    TableIterator<
        'static,
        (
            name!(rank, i32),
            name!(track_id, i64),
            name!(title, Option<String>),
            name!(artist, Option<String>),
            name!(score, Option<f64>),
            name!(by_playlists, Option<f64>),
            name!(by_likes, Option<f64>),
            name!(by_tags, Option<f64>),
            name!(by_artist, Option<f64>),
            name!(by_popularity, Option<f64>),
            name!(by_embedding, Option<f64>),
            name!(confidence, Option<f64>),
            name!(fallback, Option<String>),
            name!(because, String),
        ),
    >,
    ErrorReport,
> {
    let wish = Wish { k: required("k", k)?, genres, tags, profile: required("profile", profile)? };
    let user_id = required("user_id", user_id)?;
    Ok(rows(recommend::for_user(user_id, &wish, include_known.unwrap_or(false), model)?))
}

fn rows(recommendations: Vec<Recommendation>) -> Recommendations {
    TableIterator::new((1..).zip(recommendations).map(|(rank, row)| {
        // What no signal explains has no terms.
        let by_signals = |number: f64| (!row.by_model).then_some(number);
        let [playlists, likes, tags, artist, popularity, embedding] = row.ranked.contributions.map(by_signals);
        let confidence = by_signals(row.ranked.confidence);
        // A model says nothing of what fills its list up.
        let score = (!row.by_model || row.ranked.fallback.is_none()).then_some(row.ranked.score);
        (
            rank,
            row.ranked.track_id,
            row.title,
            row.artist,
            score,
            playlists,
            likes,
            tags,
            artist,
            popularity,
            embedding,
            confidence,
            row.ranked.fallback.map(str::to_owned),
            row.because,
        )
    }))
}
