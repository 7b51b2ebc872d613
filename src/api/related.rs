//! `sgr_related`, `sgr_similar_tags`, `sgr_related_artists`, `sgr_similar_users`.

use crate::error::required;
use crate::refresh::measure as measure_named;
use crate::related;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

#[pg_extern(stable, parallel_safe)]
#[allow(clippy::type_complexity, reason = "pgrx reads the columns from the type")]
fn sgr_related(
    track: Option<i64>,
    k: default!(Option<i32>, 10),
    basket: default!(Option<&str>, "'playlist'"),
    measure: default!(Option<&str>, "'cosine'"),
    exclude_same_artist: default!(Option<bool>, false),
    min_together: default!(Option<i32>, 1),
) -> Result<
    TableIterator<
        'static,
        (
            name!(rank, i32),
            name!(track_id, i64),
            name!(title, Option<String>),
            name!(artist, Option<String>),
            name!(score, f64),
            name!(together, i64),
            name!(cosine, f64),
            name!(jaccard, f64),
            name!(lift, f64),
        ),
    >,
    ErrorReport,
> {
    let rows = related::related_tracks(
        required("track", track)?,
        required("k", k)?,
        required("basket", basket)?,
        measure_named("measure", required("measure", measure)?)?,
        exclude_same_artist.unwrap_or(false),
        required("min_together", min_together)?,
    )?;
    Ok(TableIterator::new((1..).zip(rows).map(|(rank, (row, (title, artist)))| {
        (rank, row.item_id, title, artist, row.score, row.together, row.cosine, row.jaccard, row.lift)
    })))
}

#[pg_extern(stable, parallel_safe)]
#[allow(clippy::type_complexity, reason = "pgrx reads the columns from the type")]
fn sgr_similar_tags(
    track: Option<i64>,
    k: default!(Option<i32>, 10),
) -> Result<
    TableIterator<
        'static,
        (
            name!(rank, i32),
            name!(track_id, i64),
            name!(title, Option<String>),
            name!(artist, Option<String>),
            name!(similarity, f64),
            name!(overlap_percent, f64),
            name!(shared_tags, Vec<String>),
        ),
    >,
    ErrorReport,
> {
    let rows = related::similar_tags(required("track", track)?, required("k", k)?)?;
    Ok(TableIterator::new((1..).zip(rows).map(|(rank, row)| {
        let (title, artist) = row.named;
        (rank, row.track_id, title, artist, row.similarity, row.overlap_percent, row.shared)
    })))
}

#[pg_extern(stable, parallel_safe)]
#[allow(clippy::type_complexity, reason = "pgrx reads the columns from the type")]
fn sgr_related_artists(
    artist: Option<i64>,
    k: default!(Option<i32>, 10),
) -> Result<
    TableIterator<
        'static,
        (
            name!(rank, i32),
            name!(artist_id, i64),
            name!(name, Option<String>),
            name!(score, f64),
            name!(shared_playlists, i64),
            name!(shared_fans, i64),
            name!(collaborations, i64),
        ),
    >,
    ErrorReport,
> {
    let rows = related::related_artists(required("artist", artist)?, required("k", k)?)?;
    Ok(TableIterator::new((1..).zip(rows).map(|(rank, row)| {
        (rank, row.artist_id, row.name, row.score, row.shared_playlists, row.shared_fans, row.collaborations)
    })))
}

#[pg_extern(stable, parallel_safe)]
#[allow(clippy::type_complexity, reason = "pgrx reads the columns from the type")]
fn sgr_similar_users(
    user_id: Option<i64>,
    k: default!(Option<i32>, 10),
) -> Result<
    TableIterator<
        'static,
        (
            name!(rank, i32),
            name!(similar_user_id, i64),
            name!(name, Option<String>),
            name!(shared_tracks, i64),
            name!(jaccard, f64),
            name!(overlap, f64),
            name!(idf_cosine, f64),
        ),
    >,
    ErrorReport,
> {
    let rows = related::similar_users(required("user_id", user_id)?, required("k", k)?)?;
    Ok(TableIterator::new((1..).zip(rows).map(|(rank, (row, name))| {
        (rank, row.user_id, name, i64::from(row.shared), row.jaccard, row.overlap, row.idf_cosine)
    })))
}
