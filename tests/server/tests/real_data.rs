//! Full and incremental co-occurrence equal a plain SQL self-join, on real data.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use sgr_server_tests::catalogue::{load_classic_rock, load_freemusi_cc};
use sgr_server_tests::tell;
use sgr_server_tests::truth::Parameters;
use sgr_server_tests::{Database, data};
use std::time::Instant;

/// Full refreshes by three measures, then rounds of edits with incremental ones.
fn full_and_incremental(client: &mut Client, kind: &Parameters, edits: &[&str]) {
    let started = Instant::now();
    kind.compute_truth(client);
    let mut pairs: i64 = 0;
    // Stations play half of all songs: two millions of pairs, once is enough.
    let fulls = [("cosine", Some(100)), ("jaccard", Some(10)), ("together", None)];
    let fulls = if (kind.basket, kind.item) == ("like", "track") { &fulls[..1] } else { &fulls[..] };
    for &(rank_by, top_k) in fulls {
        let parameters = Parameters { rank_by, top_k, ..kind.clone() };
        pairs = parameters.refresh(client, "full").get("pairs_written");
        assert_eq!(parameters.differences_of_full(client), [""; 0], "{parameters:?}");
    }
    for rank_by in ["together", "cosine"] {
        let parameters = Parameters { rank_by, top_k: Some(50), ..kind.clone() };
        parameters.refresh(client, "full");
        for sql in edits {
            client.batch_execute(sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            parameters.refresh(client, "incremental");
            if rank_by == "together" {
                assert_eq!(parameters.differences_from_full(client), [""; 0], "{parameters:?} after {sql}");
            }
        }
        parameters.compute_truth(client);
        assert_eq!(parameters.differences_of_items(client), [""; 0], "{parameters:?}");
        assert_eq!(parameters.differences_of_scores(client), [""; 0], "{parameters:?}");
    }
    tell!(
        "{}s by {}s: {pairs} pairs and {} incremental refreshes equal the self-join, {:.1} s",
        kind.item,
        kind.basket,
        2 * edits.len(),
        started.elapsed().as_secs_f64()
    );
}

const PLAYLIST_EDITS: [&str; 4] = [
    "INSERT INTO sgr.playlist_tracks (playlist_id, track_id, position)
     SELECT 1000001, track_id, row_number() OVER () FROM sgr.tracks WHERE track_id % 97 = 1",
    "DELETE FROM sgr.playlist_tracks WHERE playlist_id IN (3, 500, 1000001)",
    "UPDATE sgr.playlist_tracks SET track_id = 1 + (track_id * 7) % 1000 WHERE playlist_id % 211 = 5 AND position % 3 = 0",
    "INSERT INTO sgr.playlist_tracks (playlist_id, track_id, position) SELECT 3, t, 2000000 + t FROM generate_series(1, 12) t",
];

#[test]
fn classic_rock_hours_of_stations() {
    let Some(folder) = data::folder("demo_classic_rock") else { return };
    let database = Database::create("classic_rock");
    let client = &mut database.connect();
    let (entries, likes) = load_classic_rock(client, &folder);
    assert_eq!(entries, 37_647);
    tell!("classic rock: {entries} entries of playlists, {likes} likes");
    full_and_incremental(client, &Parameters::all_pairs("playlist", "track"), &PLAYLIST_EDITS);
    full_and_incremental(client, &Parameters::all_pairs("playlist", "artist"), &PLAYLIST_EDITS[2..3]);
}

#[test]
fn classic_rock_plays_by_stations() {
    let Some(folder) = data::folder("demo_classic_rock") else { return };
    let database = Database::create("classic_likes");
    let client = &mut database.connect();
    load_classic_rock(client, &folder);
    let edits = [
        "DELETE FROM sgr.interactions WHERE user_id = 4 AND track_id % 5 = 0",
        "INSERT INTO sgr.interactions (user_id, track_id) SELECT 26, track_id FROM sgr.tracks WHERE track_id % 40 = 3
         ON CONFLICT DO NOTHING",
    ];
    full_and_incremental(client, &Parameters::all_pairs("like", "track"), &edits[..1]);
    full_and_incremental(client, &Parameters::all_pairs("like", "artist"), &edits[1..]);
}

#[test]
fn freemusi_cc_releases() {
    let Some(folder) = data::folder("freemusicc") else { return };
    let database = Database::create("freemusicc");
    let client = &mut database.connect();
    let (releases, entries) = load_freemusi_cc(client, &folder);
    assert_eq!((releases, entries), (2_289, 21_502));
    let title: Option<String> =
        client.query_one("SELECT title FROM sgr.playlists WHERE title LIKE 'Rec%rcholis'", &[]).unwrap().get(0);
    assert_eq!(title.as_deref(), Some("Recórcholis"), "UTF-8 came through");
    full_and_incremental(client, &Parameters::all_pairs("playlist", "track"), &PLAYLIST_EDITS);
    full_and_incremental(client, &Parameters::all_pairs("playlist", "artist"), &PLAYLIST_EDITS[2..3]);
}
