//! `sgr_cooccur_refresh`, `sgr_cooccur_estimate`.

use crate::error::required;
use crate::kind::Kind;
use crate::refresh::{self, Arguments, Request};
use crate::sources::Sources;
use pgrx::datum::TimestampWithTimeZone;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::too_many_arguments, clippy::type_complexity, reason = "they are named arguments in SQL")]
fn sgr_cooccur_refresh(
    basket: default!(Option<&str>, "NULL"),
    item: default!(Option<&str>, "NULL"),
    top_k: default!(Option<i32>, 100),
    rank_by: default!(Option<&str>, "'cosine'"),
    min_together: default!(Option<i32>, 1),
    max_basket_len: default!(Option<i32>, 1000),
    max_per_owner: default!(Option<i32>, "NULL"),
    since: default!(Option<TimestampWithTimeZone>, "NULL"),
    threads: default!(Option<i32>, "NULL"),
    mode: default!(Option<&str>, "'auto'"),
    public_only: default!(Option<bool>, false),
) -> Result<
    TableIterator<
        'static,
        (
            name!(basket, String),
            name!(item, String),
            name!(mode, String),
            name!(entries, i64),
            name!(baskets, i64),
            name!(baskets_skipped, i64),
            name!(rows_written, i64),
            name!(pairs_written, i64),
            name!(memory_bytes, i64),
            name!(elapsed_ms, f64),
            name!(run_id, i64),
        ),
    >,
    ErrorReport,
> {
    let arguments = Arguments {
        top_k,
        rank_by: required("rank_by", rank_by)?.to_owned(),
        min_together: required("min_together", min_together)?,
        max_basket_len,
        max_per_owner,
        since,
        threads,
        mode: required("mode", mode)?.to_owned(),
        public_only: public_only.unwrap_or(false),
    };
    let rows = refresh::refresh(basket, item, &Request::try_from(arguments)?)?;
    Ok(TableIterator::new(rows.into_iter().map(|row| {
        (
            row.basket.to_owned(),
            row.item.to_owned(),
            row.mode.to_owned(),
            row.entries as i64,
            row.baskets as i64,
            row.baskets_skipped as i64,
            row.rows as i64,
            row.pairs as i64,
            row.memory_bytes as i64,
            row.elapsed_ms,
            row.run_id,
        )
    })))
}

#[pg_extern(volatile, parallel_unsafe)]
#[allow(clippy::too_many_arguments, clippy::type_complexity, reason = "they are named arguments in SQL")]
fn sgr_cooccur_estimate(
    basket: default!(Option<&str>, "NULL"),
    item: default!(Option<&str>, "NULL"),
    top_k: default!(Option<i32>, 100),
    rank_by: default!(Option<&str>, "'cosine'"),
    min_together: default!(Option<i32>, 1),
    max_basket_len: default!(Option<i32>, 1000),
    max_per_owner: default!(Option<i32>, "NULL"),
    since: default!(Option<TimestampWithTimeZone>, "NULL"),
    threads: default!(Option<i32>, "NULL"),
    public_only: default!(Option<bool>, false),
) -> Result<
    TableIterator<
        'static,
        (
            name!(basket, String),
            name!(item, String),
            name!(entries, i64),
            name!(baskets, i64),
            name!(baskets_skipped, i64),
            name!(items, i64),
            name!(pair_increments, i64),
            name!(memory_bytes, i64),
            name!(expected_rows, i64),
            name!(expected_pairs, i64),
        ),
    >,
    ErrorReport,
> {
    let arguments = Arguments {
        top_k,
        rank_by: required("rank_by", rank_by)?.to_owned(),
        min_together: required("min_together", min_together)?,
        max_basket_len,
        max_per_owner,
        since,
        threads,
        mode: "full".to_owned(),
        public_only: public_only.unwrap_or(false),
    };
    let request = Request::try_from(arguments)?;
    let sources = Sources::load()?;
    refresh::check_publicity(&sources, request.public_only)?;
    let mut rows = Vec::new();
    for kind in Kind::matching(basket, item)? {
        let estimate = refresh::estimate_kind(kind, &sources, &request)?;
        rows.push((
            kind.basket().to_owned(),
            kind.item().to_owned(),
            estimate.entries as i64,
            estimate.baskets as i64,
            estimate.baskets_skipped as i64,
            estimate.items as i64,
            estimate.pair_increments as i64,
            estimate.memory_bytes as i64,
            estimate.rows as i64,
            estimate.pairs as i64,
        ));
    }
    Ok(TableIterator::new(rows))
}
