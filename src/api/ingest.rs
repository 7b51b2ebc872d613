//! `sgr_ingest_search`, `sgr_ingest_crawl`, `sgr_soundcloud_status`.

use crate::error::{Error, Result};
use crate::ingest;
use pgrx::datum::Interval;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;
use sgr_engine::soundcloud::{CrawlConfig, Include, Micros, Search, Start};
use std::collections::BTreeSet;

/// Lists that can be followed.
const INCLUDES: [(&str, Include); 6] = [
    ("tracks", Include::Tracks),
    ("playlists", Include::Playlists),
    ("likes", Include::Likes),
    ("favoriters", Include::Favoriters),
    ("reposts", Include::Reposts),
    ("related", Include::Related),
];

#[pg_extern(sql = r#"
CREATE FUNCTION sgr_ingest_search(
    query text DEFAULT NULL, "limit" integer DEFAULT 200, genres text[] DEFAULT NULL, tags text[] DEFAULT NULL,
    created_from text DEFAULT NULL, max_requests integer DEFAULT 2000, refresh_after interval DEFAULT '1 day')
RETURNS TABLE (
    requests bigint, stored_pages bigint, documents bigint, tracks bigint, playlists bigint, users bigint,
    rows_cleaned bigint, warnings bigint, first_warnings text[], run_id bigint)
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#, requires = ["ingest_tables"])]
#[allow(clippy::type_complexity, reason = "they are named columns in SQL")]
fn sgr_ingest_search(
    query: Option<String>,
    limit: Option<i32>,
    genres: Option<Vec<Option<String>>>,
    tags: Option<Vec<Option<String>>>,
    created_from: Option<String>,
    max_requests: Option<i32>,
    refresh_after: Option<Interval>,
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(requests, i64),
            name!(stored_pages, i64),
            name!(documents, i64),
            name!(tracks, i64),
            name!(playlists, i64),
            name!(users, i64),
            name!(rows_cleaned, i64),
            name!(warnings, i64),
            name!(first_warnings, Vec<String>),
            name!(run_id, i64),
        ),
    >,
    ErrorReport,
> {
    let given = |texts: Option<Vec<Option<String>>>| texts.into_iter().flatten().flatten().collect();
    let search = Search { query, genres: given(genres), tags: given(tags), created_from };
    let mut config = CrawlConfig::search(search, 200);
    set("limit", limit, 1, &mut config.max_tracks)?;
    set("max_requests", max_requests, 1, &mut config.max_requests)?;
    config.refresh_after = age(refresh_after)?;
    checked(&config)?;
    ingest::ingest("ingest_search", c"sgr_ingest_search()", config)?;
    // The job's result has the row.
    Ok(TableIterator::new(std::iter::empty()))
}

#[pg_extern(sql = r#"
CREATE FUNCTION sgr_ingest_crawl(
    url text DEFAULT NULL, urn text DEFAULT NULL, depth integer DEFAULT 1, max_tracks integer DEFAULT 2000,
    max_playlists integer DEFAULT 200, max_users integer DEFAULT 100, max_requests integer DEFAULT 2000,
    include text[] DEFAULT '{tracks,playlists,likes,favoriters,reposts}', refresh_after interval DEFAULT '1 day')
RETURNS TABLE (
    requests bigint, stored_pages bigint, documents bigint, tracks bigint, playlists bigint, users bigint,
    rows_cleaned bigint, warnings bigint, first_warnings text[], run_id bigint)
LANGUAGE c VOLATILE PARALLEL UNSAFE
AS 'MODULE_PATHNAME', '@FUNCTION_NAME@';
"#, requires = ["ingest_tables"])]
#[allow(clippy::too_many_arguments, clippy::type_complexity, reason = "they are named arguments and columns in SQL")]
fn sgr_ingest_crawl(
    url: Option<String>,
    urn: Option<String>,
    depth: Option<i32>,
    max_tracks: Option<i32>,
    max_playlists: Option<i32>,
    max_users: Option<i32>,
    max_requests: Option<i32>,
    include: Option<Vec<Option<String>>>,
    refresh_after: Option<Interval>,
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(requests, i64),
            name!(stored_pages, i64),
            name!(documents, i64),
            name!(tracks, i64),
            name!(playlists, i64),
            name!(users, i64),
            name!(rows_cleaned, i64),
            name!(warnings, i64),
            name!(first_warnings, Vec<String>),
            name!(run_id, i64),
        ),
    >,
    ErrorReport,
> {
    let start = match (url, urn) {
        (Some(url), None) => Start::Url(url),
        (None, Some(urn)) => Start::Urn(urn),
        (given, _) => {
            let both = if given.is_some() { "both were given" } else { "neither was given" };
            return Err(Error::invalid("a crawl begins with a url or a urn")
                .detail(both)
                .hint("url: the page of a track, a playlist or a user; urn: soundcloud:tracks:123")
                .into());
        }
    };
    let mut config = CrawlConfig::new(start);
    set("depth", depth, 0, &mut config.depth)?;
    set("max_tracks", max_tracks, 1, &mut config.max_tracks)?;
    set("max_playlists", max_playlists, 0, &mut config.max_playlists)?;
    set("max_users", max_users, 0, &mut config.max_users)?;
    set("max_requests", max_requests, 1, &mut config.max_requests)?;
    if let Some(names) = include {
        config.include = included(names)?;
    }
    config.refresh_after = age(refresh_after)?;
    checked(&config)?;
    ingest::ingest("ingest_crawl", c"sgr_ingest_crawl()", config)?;
    // The job's result has the row.
    Ok(TableIterator::new(std::iter::empty()))
}

#[pg_extern(volatile, parallel_unsafe, requires = ["ingest_tables"])]
#[allow(clippy::type_complexity, reason = "they are named columns in SQL")]
fn sgr_soundcloud_status(
    try_them: default!(Option<bool>, true),
) -> std::result::Result<
    TableIterator<
        'static,
        (
            name!(credentials, Option<String>),
            name!(work, Option<bool>),
            name!(detail, String),
            name!(requests_today, i64),
            name!(requests_left, i64),
        ),
    >,
    ErrorReport,
> {
    let status = ingest::status(try_them.unwrap_or(true))?;
    Ok(TableIterator::once((
        status.credentials.map(str::to_owned),
        status.work,
        status.detail,
        status.requests_today.into(),
        status.requests_left.into(),
    )))
}

/// Takes a number over its default. Errors: 22023 below `least`.
fn set(name: &str, given: Option<i32>, least: u32, value: &mut u32) -> Result<()> {
    let Some(given) = given else { return Ok(()) };
    match u32::try_from(given) {
        Ok(number) if number >= least => {
            *value = number;
            Ok(())
        }
        _ => Err(Error::invalid(format!("{name} must be at least {least}, not {given}"))),
    }
}

fn included(names: Vec<Option<String>>) -> Result<BTreeSet<Include>> {
    (names.into_iter())
        .map(|name| {
            let name = name.unwrap_or_default();
            let found = INCLUDES.iter().find(|(known, _)| *known == name);
            found.map(|(_, include)| *include).ok_or_else(|| {
                let known: Vec<&str> = INCLUDES.iter().map(|(known, _)| *known).collect();
                Error::invalid(format!("unknown list \"{}\" in include", crate::lookup::shortened(&name)))
                    .hint(format!("use some of {}", known.join(", ")))
            })
        })
        .collect()
}

fn age(interval: Option<Interval>) -> Result<Option<Micros>> {
    let Some(interval) = interval else { return Ok(None) };
    match Micros::try_from(interval.as_micros()) {
        Ok(age) if age >= 0 => Ok(Some(age)),
        _ => Err(Error::invalid("refresh_after must not be negative").hint("NULL fetches everything anew")),
    }
}

fn checked(config: &CrawlConfig) -> Result<()> {
    Ok(config.validate()?)
}
