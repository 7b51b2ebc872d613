//! Loading the generated demo catalogue into the catalogue tables.

use crate::error::{Error, Result};
use crate::sources::Sources;
use crate::spi::{self, Arg};
use crate::text_columns::{maybe, maybe_array, text, text_columns};
use pgrx::check_for_interrupts;
use sgr_engine::demo::{DemoCatalogue, DemoConfig, DemoGenerator};

/// Rows per INSERT of the narrow tables, and of those with many text columns.
const BATCH: usize = 100_000;
const WIDE_BATCH: usize = 5_000;

/// Generates and loads; returns (table, rows). With `replace`, empties the catalogue first.
///
/// Errors: 55000 if the catalogue holds rows and `replace` is false; 22023 for sizes out of range; 53000 over the
/// memory limit.
pub fn load(config: &DemoConfig, replace: bool) -> Result<Vec<(&'static str, i64)>> {
    let mut generator = DemoGenerator::new(config)?;
    let (needed, limit) =
        (usize::try_from(config.expected_bytes()).unwrap_or(usize::MAX), crate::settings::memory_limit());
    if needed > limit {
        return Err(crate::error::memory_limit(
            needed,
            limit,
            "the demo catalogue",
            "ask for fewer tracks, playlists or users",
        ));
    }
    make_room(replace)?;
    while generator.step() {
        check_for_interrupts!();
    }
    let catalogue = generator.finish();
    Ok(vec![
        ("artists", artists(&catalogue)?),
        ("users", users(&catalogue)?),
        ("tracks", tracks(&catalogue)?),
        ("track_artists", track_artists(&catalogue)?),
        ("playlists", playlists(&catalogue)?),
        ("playlist_tracks", playlist_tracks(&catalogue)?),
        ("interactions", interactions(&catalogue)?),
        ("follows", follows(&catalogue)?),
    ])
}

fn make_room(replace: bool) -> Result<()> {
    if replace {
        spi::execute(include_str!("../sql/queries/demo_truncate.sql"), &Sources::NONE, &[])?;
        return Ok(());
    }
    let mut holding = String::new();
    spi::select_fresh(include_str!("../sql/queries/demo_holding.sql"), &Sources::NONE, &[], |row| {
        holding = row.text(0).unwrap_or_default().into_owned();
        Ok(())
    })?;
    if holding.is_empty() {
        Ok(())
    } else {
        Err(Error::not_ready("the catalogue is not empty")
            .detail(format!("these tables hold rows: {holding}"))
            .hint("sgr_demo_load(replace => true) deletes every row of the catalogue first"))
    }
}

fn insert_text<T>(sql: &'static str, rows: &[T], fields: impl Fn(&T) -> Vec<Option<String>>) -> Result<i64> {
    for part in rows.chunks(WIDE_BATCH) {
        check_for_interrupts!();
        let columns = text_columns(part, &fields);
        let args: Vec<Arg> = columns.iter().map(|column| Arg::Texts(column)).collect();
        spi::execute(sql, &Sources::NONE, &args)?;
    }
    Ok(rows.len() as i64)
}

fn artists(catalogue: &DemoCatalogue) -> Result<i64> {
    insert_text(include_str!("../sql/queries/demo_artists.sql"), &catalogue.artists, |a| {
        vec![
            text(a.artist_id),
            text(&a.urn),
            text(&a.name),
            text(&a.permalink_url),
            maybe(&a.city),
            maybe(&a.country_code),
            maybe(&a.followers_count),
            text(a.source),
            text(a.fetched_at),
        ]
    })
}

fn users(catalogue: &DemoCatalogue) -> Result<i64> {
    insert_text(include_str!("../sql/queries/demo_users.sql"), &catalogue.users, |u| {
        vec![
            text(u.user_id),
            text(&u.urn),
            text(&u.name),
            text(&u.permalink_url),
            maybe(&u.city),
            maybe(&u.country_code),
            maybe(&u.followers_count),
            text(u.source),
            text(u.fetched_at),
        ]
    })
}

fn tracks(catalogue: &DemoCatalogue) -> Result<i64> {
    insert_text(include_str!("../sql/queries/demo_tracks.sql"), &catalogue.tracks, |t| {
        vec![
            text(t.track_id),
            text(&t.urn),
            text(t.artist_id),
            maybe(&t.title),
            maybe(&t.genre),
            maybe_array(&t.tags),
            text(&t.permalink_url),
            text(t.duration_ms),
            maybe(&t.label),
            maybe(&t.isrc),
            maybe(&t.bpm),
            maybe(&t.key_signature),
            maybe(&t.released_on),
            text(t.created_at),
            maybe(&t.playback_count),
            maybe(&t.likes_count),
            maybe(&t.reposts_count),
            maybe(&t.comment_count),
            text(t.source),
            text(t.fetched_at),
        ]
    })
}

fn track_artists(catalogue: &DemoCatalogue) -> Result<i64> {
    insert_text(include_str!("../sql/queries/demo_track_artists.sql"), &catalogue.track_artists, |c| {
        vec![text(c.track_id), text(c.artist_id), text(c.role)]
    })
}

fn playlists(catalogue: &DemoCatalogue) -> Result<i64> {
    insert_text(include_str!("../sql/queries/demo_playlists.sql"), &catalogue.playlists, |p| {
        vec![
            text(p.playlist_id),
            text(&p.urn),
            maybe(&p.owner_id),
            maybe(&p.title),
            text(p.is_album),
            maybe_array(&p.tags),
            text(&p.permalink_url),
            text(p.created_at),
            text(p.modified_at),
            text(p.is_public),
            maybe(&p.track_count),
            maybe(&p.likes_count),
            text(p.source),
            text(p.fetched_at),
        ]
    })
}

/// A time as seconds, NaN for unknown: `unnest` then needs no NULLs. The INSERT turns NaN into NULL.
fn seconds(time: Option<i64>) -> f64 {
    time.map_or(f64::NAN, |time| time as f64)
}

fn playlist_tracks(catalogue: &DemoCatalogue) -> Result<i64> {
    let sql = include_str!("../sql/queries/demo_playlist_tracks.sql");
    for part in catalogue.playlist_tracks.chunks(BATCH) {
        check_for_interrupts!();
        let playlists: Vec<i64> = part.iter().map(|entry| entry.playlist_id).collect();
        let tracks: Vec<i64> = part.iter().map(|entry| entry.track_id).collect();
        let positions: Vec<i32> = part.iter().map(|entry| entry.position).collect();
        let times: Vec<f64> = part.iter().map(|entry| seconds(entry.added_at)).collect();
        let args = [Arg::Bigs(&playlists), Arg::Bigs(&tracks), Arg::Ints(&positions), Arg::Floats(&times)];
        spi::execute(sql, &Sources::NONE, &args)?;
    }
    Ok(catalogue.playlist_tracks.len() as i64)
}

fn interactions(catalogue: &DemoCatalogue) -> Result<i64> {
    let sql = include_str!("../sql/queries/demo_interactions.sql");
    for part in catalogue.interactions.chunks(BATCH) {
        check_for_interrupts!();
        let users: Vec<i64> = part.iter().map(|entry| entry.user_id).collect();
        let tracks: Vec<i64> = part.iter().map(|entry| entry.track_id).collect();
        let kinds: Vec<i32> = part
            .iter()
            .map(|entry| match entry.kind {
                "like" => 0,
                "repost" => 1,
                _ => 2,
            })
            .collect();
        let weights: Vec<f64> = part.iter().map(|entry| entry.weight.map_or(f64::NAN, f64::from)).collect();
        let times: Vec<f64> = part.iter().map(|entry| seconds(entry.occurred_at)).collect();
        let args =
            [Arg::Bigs(&users), Arg::Bigs(&tracks), Arg::Ints(&kinds), Arg::Floats(&weights), Arg::Floats(&times)];
        spi::execute(sql, &Sources::NONE, &args)?;
    }
    Ok(catalogue.interactions.len() as i64)
}

fn follows(catalogue: &DemoCatalogue) -> Result<i64> {
    let sql = include_str!("../sql/queries/demo_follows.sql");
    for part in catalogue.follows.chunks(BATCH) {
        check_for_interrupts!();
        let (users, followed): (Vec<i64>, Vec<i64>) = part.iter().copied().unzip();
        spi::execute(sql, &Sources::NONE, &[Arg::Bigs(&users), Arg::Bigs(&followed)])?;
    }
    Ok(catalogue.follows.len() as i64)
}
