//! Recommendations for users of Last.FM (HetRec 2011): a fifth of what each listened to is held out and looked for.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use sgr_server_tests::data::{self, Lastfm};
use sgr_server_tests::database::{Database, array_field, copy, field};
use sgr_server_tests::evaluate::{Liked, Quality, by_item_knn, by_popularity, hold_out_a_fifth, judge};
use sgr_server_tests::tell;
use std::collections::HashMap;
use std::time::Instant;

const K: usize = 20;
const NEIGHBOURS: usize = 100;
/// Of the split that is tested.
const TEST_SEED: u64 = 2011;
/// Of the split that weights may be tuned on.
const VALIDATION_SEED: u64 = 7;

/// What each user listened to; artists are the tracks here.
fn liked(lastfm: &Lastfm) -> Liked {
    lastfm.listened.iter().map(|(&user, artists)| (user, artists.keys().copied().collect())).collect()
}

fn load(client: &mut Client, lastfm: &Lastfm, kept: &Liked) {
    copy(
        client,
        "sgr.tracks (track_id, title, tags)",
        lastfm.artists.iter().map(|(id, name)| {
            let tags: Vec<&String> = lastfm.tags.get(id).into_iter().flatten().collect();
            vec![field(id), field(name), array_field(&tags)]
        }),
    );
    copy(
        client,
        "sgr.interactions (user_id, track_id, kind, weight)",
        kept.iter().flat_map(|(user, items)| {
            items
                .iter()
                .map(move |item| vec![field(user), field(item), field("like"), field(lastfm.listened[user][item])])
        }),
    );
    client.batch_execute("SELECT sgr_cooccur_refresh(); ANALYZE").unwrap();
}

fn recommended(client: &mut Client, profile: &str) -> HashMap<i64, Vec<i64>> {
    let sql = "SELECT u.user_id, r.track_id
               FROM (SELECT DISTINCT user_id FROM sgr.interactions) AS u
               CROSS JOIN LATERAL sgr_recommend_user(u.user_id, $1, profile => $2) AS r
               ORDER BY u.user_id, r.rank";
    let mut lists: HashMap<i64, Vec<i64>> = HashMap::new();
    for row in client.query(sql, &[&(K as i32), &profile]).unwrap() {
        lists.entry(row.get(0)).or_default().push(row.get(1));
    }
    lists
}

fn ours(client: &mut Client, profile: &str, held_out: &Liked) -> Quality {
    judge(&recommended(client, profile), held_out, K)
}

/// A profile with these weights of playlists, likes, tags, artist, popularity.
fn profile(client: &mut Client, name: &str, weights: [f64; 5]) {
    let signals = ["playlists", "likes", "tags", "artist", "popularity"];
    let mut settings: Vec<(&str, f64)> = signals.into_iter().zip(weights).collect();
    // The sum must never be 0, not even between two calls.
    settings.sort_by(|a, b| b.1.total_cmp(&a.1));
    for (signal, weight) in settings {
        client.execute("SELECT sgr_signal_set($1, $2, $3)", &[&signal, &weight, &name]).unwrap();
    }
}

#[test]
fn recommendations_for_users_find_held_out_artists_no_worse_than_item_knn() {
    let Some(folder) = data::folder("hetrec2011_lastfm") else { return };
    let lastfm = Lastfm::read(&folder);
    assert_eq!(lastfm.listened.values().map(|artists| artists.len()).sum::<usize>(), 92_834);
    let (kept, held_out) = hold_out_a_fifth(&liked(&lastfm), TEST_SEED);
    let database = Database::create("hetrec");
    let mut client = database.connect();
    load(&mut client, &lastfm, &kept);

    let started = Instant::now();
    let lists = recommended(&mut client, "default");
    let elapsed = started.elapsed();
    let ours = judge(&lists, &held_out, K);
    let knn = judge(&by_item_knn(&kept, NEIGHBOURS, K), &held_out, K);
    let popularity = judge(&by_popularity(&kept, K), &held_out, K);
    tell!("{} users, {} of them with held-out artists", kept.len(), held_out.len());
    tell!("popularity          {popularity}");
    tell!("item-kNN            {knn}");
    tell!("sgr_recommend_user  {ours}  ({:.1} ms per user)", elapsed.as_secs_f64() * 1e3 / kept.len() as f64);

    for (user, own) in &kept {
        let list = lists.get(user).map_or(&[][..], Vec::as_slice);
        assert_eq!(list.len(), K, "user {user}");
        assert!(list.iter().all(|item| !own.contains(item)), "user {user} is recommended what he has");
    }
    assert!(ours.recall >= knn.recall && ours.ndcg >= knn.ndcg, "not below item-kNN: {ours:?}, {knn:?}");
    assert!(knn.recall > popularity.recall && knn.ndcg > popularity.ndcg, "{knn:?}, {popularity:?}");
}

/// Which signal helps: run it with `-- --ignored --nocapture weights`. Prints, asserts nothing.
#[test]
#[ignore = "an experiment: minutes of work, no assertion"]
fn weights_on_a_validation_split() {
    let Some(folder) = data::folder("hetrec2011_lastfm") else { return };
    let lastfm = Lastfm::read(&folder);
    let seed = std::env::var("SGR_SPLIT").map_or(VALIDATION_SEED, |seed| seed.parse().unwrap());
    let (kept, held_out) = hold_out_a_fifth(&liked(&lastfm), seed);
    let database = Database::create("hetrec_weights");
    let mut client = database.connect();
    load(&mut client, &lastfm, &kept);
    tell!("split {seed}");
    tell!("popularity  {}", judge(&by_popularity(&kept, K), &held_out, K));
    tell!("item-kNN    {}", judge(&by_item_knn(&kept, NEIGHBOURS, K), &held_out, K));
    tell!("default     {}", ours(&mut client, "default", &held_out));
    // playlists, likes, tags, artist, popularity
    let trials: Vec<[f64; 5]> = match std::env::var("SGR_WEIGHTS") {
        Ok(text) => text
            .split(';')
            .map(|trial| {
                let weights: Vec<f64> = trial.split(',').map(|weight| weight.parse().unwrap()).collect();
                weights.try_into().unwrap()
            })
            .collect(),
        Err(_) => vec![
            [0.0, 1.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 1.0, 0.0, 0.0],
            [0.45, 0.25, 0.0, 0.1, 0.05],
            [0.45, 0.25, 0.15, 0.1, 0.0],
            [0.45, 0.25, 0.05, 0.1, 0.05],
            [0.45, 0.25, 0.05, 0.1, 0.0],
            [0.45, 0.25, 0.10, 0.1, 0.05],
            [0.45, 0.25, 0.25, 0.1, 0.05],
            [0.45, 0.25, 0.15, 0.1, 0.1],
        ],
    };
    for weights in trials {
        profile(&mut client, "trial", weights);
        tell!("{weights:?}  {}", ours(&mut client, "trial", &held_out));
    }
}
