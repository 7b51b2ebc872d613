//! The recommender against plain, slow references.
#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use proptest::prelude::*;
use sgr_engine::recommend::{
    Cooccurrence, Evidence, Filter, Listener, NearList, NeighbourList, Popularity, Proximity, RecommendError,
    SHRINKAGE, SIGNALS, SharedArtist, Signal, TagDictionary, TagList, TagOverlap, TrackFeatures, TrackInput,
    UserFeatures, Weights, build_features, build_user_features, confidence, features_of, fold_tag, idf,
    most_similar_by_tags, most_similar_users, popularity, rank,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

fn go() -> AtomicBool {
    AtomicBool::new(false)
}

fn track(track_id: i64, tags: &[&str]) -> TrackInput {
    TrackInput { track_id, tags: tags.iter().map(|tag| (*tag).to_owned()).collect(), ..TrackInput::default() }
}

#[test]
fn tags_fold_to_one_form() {
    assert_eq!(fold_tag("  Hip   HOP\n"), Some("hip hop".to_owned()));
    assert_eq!(fold_tag("ÉTÉ"), Some("été".to_owned()));
    assert_eq!(fold_tag(" \t"), None);
}

#[test]
fn a_genre_counts_as_a_tag_and_repetitions_count_once() {
    let mut first = track(1, &["Jazz", "jazz ", "Blue"]);
    first.genre = Some("JAZZ".to_owned());
    let (features, tags) = build_features(&[first, track(2, &["blue"]), track(3, &[])], &go()).unwrap();
    let names: Vec<(&str, usize)> = tags.iter().map(|tag| (tag.tag.as_str(), tag.track_ids.len())).collect();
    assert_eq!(names, [("blue", 2), ("jazz", 1)]);
    assert_eq!(features[0].tag_ids, [1, 2]);
    assert_eq!(features[0].genre_id, Some(2));
    assert_eq!(tags[0].idf, 0.0, "both tagged tracks are blue");
    assert_eq!(tags[1].idf, (3.0f64 / 2.0).ln());
    assert_eq!(features[2].tag_norm, 0.0);
}

#[test]
fn popularity_runs_from_0_to_1() {
    assert_eq!(popularity(0, 0), 0.0);
    assert_eq!(popularity(0, 9), 0.0);
    assert_eq!(popularity(9, 9), 1.0);
    assert!(popularity(3, 9) < popularity(4, 9));
    assert_eq!(popularity(20, 9), 1.0, "a count that outgrew the largest known one");
}

#[test]
fn features_of_one_track_equal_those_of_all() {
    let tracks = [track(1, &["a", "b"]), track(2, &["b", "c"]), track(3, &["c"])];
    let (features, tags) = build_features(&tracks, &go()).unwrap();
    let mut dictionary = TagDictionary::default();
    for tag in tags {
        dictionary.insert(tag.tag, tag.tag_id, tag.idf);
    }
    for (input, expected) in tracks.iter().zip(&features) {
        assert_eq!(&features_of(input, &dictionary, 0), expected);
    }
    assert_eq!(features_of(&track(9, &["new"]), &dictionary, 0).tag_ids, [0i32; 0]);
}

#[test]
fn a_raised_flag_ends_the_long_calls() {
    let raised = AtomicBool::new(true);
    assert_eq!(build_features(&[track(1, &[])], &raised).unwrap_err(), RecommendError::Cancelled);
    assert_eq!(build_user_features(&[1], &[1], |_| 1.0, &raised).unwrap_err(), RecommendError::Cancelled);
}

#[test]
fn weights_are_normalised_and_checked() {
    let weights = Weights::from_pairs([("likes", 1.0), ("tags", 3.0)]).unwrap();
    assert_eq!(weights.values(), &[0.0, 0.25, 0.75, 0.0, 0.0, 0.0]);
    let unknown = Weights::from_pairs([("mood", 1.0)]).unwrap_err();
    assert_eq!(unknown, RecommendError::UnknownSignal { name: "mood".to_owned() });
    for bad in [-1.0, f64::INFINITY] {
        assert!(matches!(Weights::from_pairs([("likes", bad)]), Err(RecommendError::InvalidWeight { .. })));
    }
    assert!(Weights::from_pairs([("likes", f64::NAN)]).is_err());
    assert!(Weights::from_pairs([("likes", 0.0)]).is_err());
}

#[test]
fn co_occurrence_is_the_shrunk_cosine() {
    let list =
        NeighbourList { track_id: 1, baskets: 4, neighbours: &[2, 3], together: &[2, 1], neighbour_baskets: &[4, 1] };
    let signal = Cooccurrence::new([list], false);
    let evidence = signal.score(&TrackFeatures { track_id: 2, ..TrackFeatures::default() });
    assert_eq!(evidence.value, 0.5 * 2.0 / (2.0 + SHRINKAGE));
    assert_eq!((evidence.count, evidence.strongest), (2, Some((1, 2))));
    assert_eq!(signal.score(&TrackFeatures::default()), Evidence::default());

    // A profile adds up, and its strongest candidate has 1.
    let other = NeighbourList { track_id: 9, baskets: 1, neighbours: &[2], together: &[1], neighbour_baskets: &[4] };
    let profile = Cooccurrence::new([list, other], true);
    let strongest = profile.score(&TrackFeatures { track_id: 2, ..TrackFeatures::default() });
    assert_eq!((strongest.value, strongest.count, strongest.strongest), (1.0, 3, Some((1, 2))));
}

#[test]
fn proximity_is_the_cosine_for_a_track_and_a_share_of_the_largest_sum_for_a_profile() {
    let first = NearList { track_id: 1, neighbours: &[2, 3, 4], cosines: &[0.8, -0.5, f32::NAN] };
    let second = NearList { track_id: 5, neighbours: &[3, 2], cosines: &[0.4, 0.2] };
    let of = |signal: &Proximity, track_id| signal.score(&TrackFeatures { track_id, ..TrackFeatures::default() });
    let alone = Proximity::new([first], false);
    assert_eq!(of(&alone, 2).value, f64::from(0.8_f32));
    assert_eq!(of(&alone, 3), Evidence::default(), "a negative cosine is no proximity");
    let mut proposed = Vec::new();
    alone.propose(&mut proposed);
    assert_eq!(proposed, [2]);
    let both = Proximity::new([first, second], true);
    assert_eq!((of(&both, 2).value, of(&both, 2).count, of(&both, 2).strongest), (1.0, 2, Some((1, 2))));
    assert!((of(&both, 3).value - 0.4).abs() < 1e-6);
}

#[test]
fn counts_that_do_not_fit_together_stay_in_range() {
    let list =
        NeighbourList { track_id: 1, baskets: 0, neighbours: &[2, 3], together: &[5, -1], neighbour_baskets: &[0, 7] };
    let signal = Cooccurrence::new([list], true);
    for track_id in [2, 3] {
        let value = signal.score(&TrackFeatures { track_id, ..TrackFeatures::default() }).value;
        assert!((0.0..=1.0).contains(&value), "{value}");
    }
}

#[test]
fn fallback_and_confidence_name_what_is_there() {
    let weights = Weights::from_pairs(SIGNALS.map(|signal| (signal, 1.0))).unwrap();
    let list = NeighbourList { track_id: 7, baskets: 1, neighbours: &[1], together: &[1], neighbour_baskets: &[1] };
    let playlists = Cooccurrence::new([list], false);
    let likes = Cooccurrence::default();
    let tags = TagOverlap::new(&[(1, 1, 1.0)], vec![]);
    let artists = SharedArtist::new([(5, 1.0)], vec![]);
    let near = Proximity::new([NearList { track_id: 7, neighbours: &[5, 3], cosines: &[0.5, 0.4] }], false);
    let signals: [&dyn Signal; SIGNALS.len()] = [&playlists, &likes, &tags, &artists, &Popularity, &near];
    let candidate = |track_id, artist_id, tag_ids: &[i32]| TrackFeatures {
        track_id,
        artist_id,
        tag_ids: tag_ids.to_vec(),
        tag_norm: 1.0,
        ..TrackFeatures::default()
    };
    let candidates = [
        candidate(1, None, &[]),
        candidate(2, Some(5), &[]),
        candidate(3, None, &[1]),
        candidate(4, None, &[]),
        candidate(5, None, &[]),
    ];
    let ranked = rank(&signals, &weights, &candidates, &Filter::default(), 10);
    let fallbacks: BTreeMap<i64, Option<&str>> = ranked.iter().map(|row| (row.track_id, row.fallback)).collect();
    assert_eq!(fallbacks[&1], None);
    assert_eq!(fallbacks[&2], Some("artist"));
    assert_eq!(fallbacks[&3], Some("tags"));
    assert_eq!(fallbacks[&4], Some("popularity"));
    assert_eq!(fallbacks[&5], Some("embedding"));
    for row in &ranked {
        assert_eq!(row.score, row.contributions.iter().fold(0.0, |sum, part| sum + part));
        assert_eq!(row.confidence, confidence(&row.evidence));
    }
    assert_eq!(ranked.iter().find(|row| row.track_id == 1).unwrap().confidence, 1.0 / 6.0);
    assert_eq!(ranked.iter().find(|row| row.track_id == 4).unwrap().confidence, 0.0);
}

proptest! {
    #[test]
    fn similar_tags_equal_a_scan(tags_of in prop::collection::vec(prop::collection::btree_set(0u8..12, 0..6), 1..40), k in 0usize..50) {
        let tracks: Vec<TrackInput> = (0..).zip(&tags_of).map(|(id, tags)| {
            let names: Vec<String> = tags.iter().map(|tag| format!("tag {tag}")).collect();
            TrackInput { track_id: id, tags: names, ..TrackInput::default() }
        }).collect();
        let (features, index) = build_features(&tracks, &go()).unwrap();
        let seed = &features[0];
        let lists: Vec<TagList> = index.iter().filter(|row| seed.tag_ids.contains(&row.tag_id))
            .map(|row| TagList { idf: row.idf, track_ids: &row.track_ids, track_norms: &row.track_norms }).collect();
        let found = most_similar_by_tags(&lists, seed.tag_norm, seed.track_id, k);

        let mut expected: Vec<(f64, usize, i64)> = features[1..].iter().filter_map(|other| {
            let shared: Vec<&i32> = seed.tag_ids.iter().filter(|tag| other.tag_ids.contains(tag)).collect();
            let squares: f64 = shared.iter().map(|tag| index[**tag as usize - 1].idf.powi(2)).sum();
            let norms = seed.tag_norm * other.tag_norm;
            (!shared.is_empty()).then(|| (if norms > 0.0 { squares / norms } else { 0.0 }, shared.len(), other.track_id))
        }).collect();
        expected.sort_by(|a, b| b.0.total_cmp(&a.0));
        prop_assert_eq!(found.len(), k.min(expected.len()));
        let truth: BTreeMap<i64, (f64, usize)> = expected.iter().map(|row| (row.2, (row.0, row.1))).collect();
        for (row, best) in found.iter().zip(&expected) {
            prop_assert!((row.similarity - best.0).abs() < 1e-9, "the n-th best value is the n-th best");
            let (similarity, shared) = truth[&row.track_id];
            prop_assert!((row.similarity - similarity).abs() < 1e-9);
            prop_assert_eq!(row.shared as usize, shared);
        }
    }

    #[test]
    fn similar_users_equal_sets(likes_of in prop::collection::vec(prop::collection::btree_set(0i64..25, 1..12), 2..25)) {
        let pairs: Vec<(i64, i64)> = (0i64..).zip(&likes_of).flat_map(|(user, likes)| likes.iter().map(move |track| (user, *track))).collect();
        let (users, tracks): (Vec<i64>, Vec<i64>) = pairs.iter().copied().unzip();
        let weight = |track: i64| idf(likes_of.len(), pairs.iter().filter(|pair| pair.1 == track).count());
        let features: BTreeMap<i64, UserFeatures> = build_user_features(&users, &tracks, weight, &go()).unwrap().into_iter().collect();
        let seed = &likes_of[0];
        let listeners: Vec<Listener> = pairs.iter().filter(|(user, track)| *user != 0 && seed.contains(track))
            .map(|&(user_id, track)| Listener { user_id, idf: weight(track) }).collect();
        let found = most_similar_users(features[&0], &listeners, |user| features.get(&user).copied(), 100);
        let with_shared: BTreeSet<i64> = listeners.iter().map(|listener| listener.user_id).collect();
        prop_assert_eq!(found.len(), with_shared.len());
        for row in &found {
            let other = &likes_of[row.user_id as usize];
            let shared = seed.intersection(other).count() as f64;
            prop_assert_eq!(f64::from(row.shared), shared);
            prop_assert_eq!(row.jaccard, shared / seed.union(other).count() as f64);
            prop_assert_eq!(row.overlap, shared / seed.len().min(other.len()) as f64);
            let norm = |likes: &BTreeSet<i64>| likes.iter().map(|&track| weight(track).powi(2)).sum::<f64>().sqrt();
            let dot: f64 = seed.intersection(other).map(|&track| weight(track).powi(2)).sum();
            let norms = norm(seed) * norm(other);
            let cosine = if norms > 0.0 { dot / norms } else { 0.0 };
            prop_assert!((row.idf_cosine - cosine).abs() < 1e-9);
        }
        prop_assert!(found.windows(2).all(|pair| pair[0].idf_cosine >= pair[1].idf_cosine));
    }

    #[test]
    fn ranking_is_a_prefix_of_itself(popularities in prop::collection::vec(0u8..20, 0..60), k in 0usize..70, gone in 0i64..60) {
        let weights = Weights::from_pairs([("popularity", 1.0)]).unwrap();
        let nothing = Cooccurrence::default();
        let (tags, artists, near) = (TagOverlap::default(), SharedArtist::default(), Proximity::default());
        let signals: [&dyn Signal; SIGNALS.len()] = [&nothing, &nothing, &tags, &artists, &Popularity, &near];
        let candidates: Vec<TrackFeatures> = (0..).zip(&popularities)
            .map(|(track_id, p)| TrackFeatures { track_id, popularity: f32::from(*p) / 20.0, ..TrackFeatures::default() }).collect();
        let filter = Filter { exclude: vec![gone], ..Filter::default() };
        let all = rank(&signals, &weights, &candidates, &filter, usize::MAX);
        let some = rank(&signals, &weights, &candidates, &filter, k);
        prop_assert_eq!(&all[..k.min(all.len())], &some[..]);
        prop_assert!(all.iter().all(|row| row.track_id != gone));
        prop_assert!(all.windows(2).all(|p| (p[1].score, p[0].track_id) < (p[0].score, p[1].track_id) || p[0].score > p[1].score));
    }
}

#[test]
fn filters_admit_what_they_say() {
    let track = TrackFeatures {
        track_id: 1,
        artist_id: Some(2),
        genre_id: Some(3),
        tag_ids: vec![3, 4],
        ..TrackFeatures::default()
    };
    let admits = |filter: Filter| filter.admits(&track);
    assert!(admits(Filter::default()));
    assert!(!admits(Filter { exclude: vec![1], ..Filter::default() }));
    assert!(!admits(Filter { not_by: Some(2), ..Filter::default() }));
    assert!(admits(Filter { not_by: Some(9), ..Filter::default() }));
    assert!(admits(Filter { genres: Some(vec![3]), ..Filter::default() }));
    assert!(!admits(Filter { genres: Some(vec![4]), ..Filter::default() }));
    assert!(admits(Filter { tags: Some(vec![9, 4]), ..Filter::default() }));
    assert!(!admits(Filter { tags: Some(vec![]), ..Filter::default() }), "no known tag was named");
}
