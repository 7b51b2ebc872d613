//! Many documents about one thing: the newest known value of each field wins.

use proptest::prelude::*;
use sgr_engine::catalog::{Cleaned, Document, Track, clean};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

/// `(fetched_at, body)`, numbered from 1.
fn read(documents: &[(i64, &str)]) -> Cleaned {
    let documents: Vec<Document> = (1..)
        .zip(documents)
        .map(|(document_id, &(fetched_at, body))| Document { document_id, fetched_at, source: "dump", body })
        .collect();
    clean(&documents, &AtomicBool::new(false)).expect("nobody cancels")
}

#[test]
fn the_newer_value_wins_field_by_field() {
    let cleaned = read(&[
        (20, r#"{"kind":"track","id":1,"title":"New","playback_count":null,"bpm":-3}"#),
        (10, r#"{"kind":"track","id":1,"title":"Old","playback_count":5,"bpm":90,"genre":"House"}"#),
        (30, r#"{"kind":"track","id":1,"genre":"  ","likes_count":2}"#),
        (40, r#"{"kind":"track","id":1}"#),
    ]);
    let [track] = &cleaned.tracks[..] else { panic!("{:?}", cleaned.tracks) };
    assert_eq!(track.title.as_deref(), Some("New"));
    assert_eq!(track.genre.as_deref(), Some("House"));
    assert_eq!((track.playback_count, track.likes_count, track.bpm), (Some(5), Some(2), Some(90.0)));
    // A stub says nothing, so it is not the newest that says something.
    assert_eq!(track.fetched_at, 30);
}

#[test]
fn ties_go_to_the_greater_document_id_then_to_the_later_place() {
    let cleaned = read(&[
        (10, r#"[{"kind":"track","id":1,"title":"first"},{"kind":"track","id":1,"title":"second"}]"#),
        (10, r#"{"kind":"track","id":2,"title":"third"}"#),
        (10, r#"[{"kind":"track","id":2,"title":"fourth"},{"kind":"track","id":3,"title":"fifth"}]"#),
    ]);
    let titles: Vec<&str> = cleaned.tracks.iter().filter_map(|track| track.title.as_deref()).collect();
    assert_eq!(titles, ["second", "fourth", "fifth"]);
}

#[test]
fn a_newer_list_replaces_the_older_one_whole() {
    let long = r#"{"kind":"playlist","id":1,"title":"P","tracks":[{"id":1},{"id":2},{"id":3}]}"#;
    let short = r#"{"kind":"playlist","id":1,"tracks":[{"id":9}]}"#;
    let without = r#"{"kind":"playlist","id":1,"title":"Q"}"#;
    let emptied = r#"{"kind":"playlist","id":1,"tracks":[],"track_count":0}"#;
    let entries = |documents: &[(i64, &str)]| -> Vec<i64> {
        let cleaned = read(documents);
        cleaned.playlists[0].entries.as_ref().expect("the list is known").iter().map(|entry| entry.track_id).collect()
    };
    assert_eq!(entries(&[(1, long), (2, short)]), [9]);
    assert_eq!(entries(&[(2, long), (1, short)]), [1, 2, 3]);
    assert_eq!(entries(&[(1, long), (2, without)]), [1, 2, 3]);
    assert_eq!(entries(&[(1, long), (2, emptied)]), Vec::<i64>::new());
}

#[test]
fn interactions_are_told_once_with_the_newest_known_time() {
    let like = |at: &str| format!(r#"{{"kind":"like","user_id":5,"track_id":6{at}}}"#);
    let (first, second, without) =
        (like(r#","created_at":"2020-01-01T00:00:00Z""#), like(r#","created_at":"2020-01-02T00:00:00Z""#), like(""));
    for (documents, day) in
        [([(1, &*first), (2, &*second), (3, &*without)], 2), ([(2, &*first), (1, &*second), (3, &*without)], 1)]
    {
        let cleaned = read(&documents);
        let [interaction] = &cleaned.interactions[..] else { panic!("{:?}", cleaned.interactions) };
        // 2020-01-01 is day 18262 by date(1).
        assert_eq!(interaction.occurred_at, Some((18_261 + day) * 86_400_000_000));
    }
}

#[test]
fn runs_of_documents_are_merged_like_one_run() {
    // Some megabytes, so that the work is cut into several runs, with the same tracks in each of them.
    let filler = "x".repeat(2000);
    let bodies: Vec<String> = (0..3000)
        .map(|at| {
            let (track, artist) = (at % 500 + 1, at % 7 + 1);
            format!(
                r#"{{"kind":"track","id":{track},"title":"t{at}","description":"{filler}","user":{{"id":{artist},"city":"c{at}"}}}}"#
            )
        })
        .collect();
    let documents: Vec<(i64, &str)> = bodies.iter().enumerate().map(|(at, body)| (at as i64, body.as_str())).collect();
    let cleaned = read(&documents);
    assert_eq!((cleaned.tracks.len(), cleaned.artists.len()), (500, 7));
    for (at, track) in (2500..).zip(&cleaned.tracks) {
        assert_eq!(track.title.as_deref(), Some(&*format!("t{at}")));
    }
    let cities: Vec<&str> = cleaned.artists.iter().filter_map(|artist| artist.city.as_deref()).collect();
    // The last document of each artist: 2999 is artist 4.
    assert_eq!(cities, ["c2996", "c2997", "c2998", "c2999", "c2993", "c2994", "c2995"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    /// Against the definition, written down plainly: go through the documents from old to new and overwrite.
    #[test]
    fn the_merge_is_what_its_definition_says(
        documents in proptest::collection::vec(
            (0..6_i64, 1..4_i64, proptest::option::of("[a-c]"), proptest::option::of(0..9_i64)), 0..20),
    ) {
        let bodies: Vec<(i64, String)> = documents
            .iter()
            .map(|(fetched_at, id, title, likes)| {
                let title = title.as_ref().map_or("null".to_owned(), |title| format!("\"{title}\""));
                let likes = likes.map_or("null".to_owned(), |likes| likes.to_string());
                (*fetched_at, format!(r#"{{"kind":"track","id":{id},"title":{title},"likes_count":{likes}}}"#))
            })
            .collect();
        let given: Vec<(i64, &str)> = bodies.iter().map(|(at, body)| (*at, body.as_str())).collect();
        let cleaned = read(&given);

        let mut sorted: Vec<_> = documents.iter().enumerate().collect();
        sorted.sort_by_key(|(place, document)| (document.0, *place));
        let mut expected: BTreeMap<i64, (Option<String>, Option<i64>, i64)> = BTreeMap::new();
        for (_, (fetched_at, id, title, likes)) in sorted {
            if title.is_some() || likes.is_some() {
                let known = expected.entry(*id).or_default();
                known.0 = title.clone().or(known.0.take());
                known.1 = likes.or(known.1);
                known.2 = *fetched_at;
            }
        }
        let found: BTreeMap<i64, (Option<String>, Option<i64>, i64)> = cleaned
            .tracks
            .iter()
            .map(|Track { id, title, likes_count, fetched_at, .. }| (*id, (title.clone(), *likes_count, *fetched_at)))
            .collect();
        prop_assert_eq!(found, expected);
    }
}
