//! Cleaning of generated documents, in megabytes of JSON per second: tracks of about 2 kB one by one (a description of
//! some 600 characters, the fields of API v2), the same tracks in pages of 50, playlists of 100 stubs.

// criterion_group! makes a public function without documentation.
#![allow(missing_docs)]

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use rayon::{ThreadPool, ThreadPoolBuilder};
use sgr_engine::catalog::{Document, clean};
use std::sync::atomic::AtomicBool;

const TRACKS: u32 = 10_000;
const ARTISTS: u32 = 2_000;
const WORDS: [&str; 8] = ["harbour", "lantern", "drift", "signal", "\\\"quoted\\\"", "velvet", "nœud", "slow"];

/// A track as API v2 writes it.
fn track(id: u32, rng: &mut Xoshiro256PlusPlus) -> String {
    let mut words = |count: usize| -> String {
        (0..count).map(|_| WORDS[rng.random_range(0..WORDS.len())]).collect::<Vec<_>>().join(" ")
    };
    let (title, description, tags) = (words(3), words(90).replacen("drift ", "drift\\n", 5), words(5));
    let artist = rng.random_range(1..=ARTISTS);
    let plays = rng.random_range(0..1_000_000);
    format!(
        r#"{{"artwork_url":"https://i1.sndcdn.com/artworks-000{id}-large.jpg","caption":null,"commentable":true,"comment_count":{c},"created_at":"2019-01-15T15:40:49Z","description":"{description}","downloadable":false,"download_count":0,"duration":{d},"full_duration":{d},"embeddable_by":"all","genre":"Ambient","has_downloads_left":false,"id":{id},"kind":"track","label_name":null,"last_modified":"2020-05-06T07:08:09Z","license":"all-rights-reserved","likes_count":{l},"permalink":"track-{id}","permalink_url":"https://soundcloud.com/artist-{artist}/track-{id}","playback_count":{plays},"public":true,"publisher_metadata":{{"id":{id},"urn":"soundcloud:tracks:{id}","contains_music":true}},"purchase_title":null,"purchase_url":null,"release_date":null,"reposts_count":{r},"secret_token":null,"sharing":"public","state":"finished","streamable":true,"tag_list":"{tags} \"field recording\"","title":"{title}","track_format":"single-track","uri":"https://api.soundcloud.com/tracks/{id}","urn":"soundcloud:tracks:{id}","user_id":{artist},"visuals":null,"waveform_url":"https://wave.sndcdn.com/x{id}_m.json","display_date":"2019-01-15T15:40:49Z","station_urn":"soundcloud:system-playlists:track-stations:{id}","policy":"ALLOW","user":{{"avatar_url":"https://i1.sndcdn.com/avatars-000{artist}-large.jpg","city":"Oslo","comments_count":2,"country_code":"NO","created_at":"2015-01-15T15:40:49Z","description":"{tags}","followers_count":{artist},"followings_count":4,"full_name":"","groups_count":0,"id":{artist},"kind":"user","last_modified":"2020-05-06T07:08:09Z","permalink":"artist-{artist}","permalink_url":"https://soundcloud.com/artist-{artist}","uri":"https://api.soundcloud.com/users/{artist}","urn":"soundcloud:users:{artist}","username":"Artist {artist}","verified":false}}}}"#,
        c = plays % 13,
        d = 100_000 + plays % 300_000,
        l = plays / 40,
        r = plays / 700,
    )
}

fn bodies() -> [(&'static str, Vec<String>); 3] {
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(1);
    let tracks: Vec<String> = (1..=TRACKS).map(|id| track(id, &mut rng)).collect();
    let pages = tracks
        .chunks(50)
        .map(|page| {
            format!(r#"{{"collection":[{}],"next_href":"https://api.soundcloud.com/tracks?cursor=x"}}"#, page.join(","))
        })
        .collect();
    let playlists = (1..=2_000)
        .map(|id| {
            let stubs: Vec<String> = (0..100)
                .map(|_| {
                    format!(
                        r#"{{"id":{},"kind":"track","monetization_model":"NOT_APPLICABLE","policy":"ALLOW"}}"#,
                        rng.random_range(1..=TRACKS)
                    )
                })
                .collect();
            format!(
                r#"{{"kind":"playlist","id":{id},"title":"Playlist {id}","track_count":100,"tracks":[{}]}}"#,
                stubs.join(",")
            )
        })
        .collect();
    [("tracks", tracks), ("pages", pages), ("playlists", playlists)]
}

fn pool(threads: usize) -> ThreadPool {
    ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start")
}

fn cleaning(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("clean");
    group.sample_size(20);
    for (name, bodies) in bodies() {
        let documents: Vec<Document> = bodies
            .iter()
            .enumerate()
            .map(|(at, body)| Document { document_id: at as i64, fetched_at: at as i64, source: "dump", body })
            .collect();
        group.throughput(Throughput::Bytes(bodies.iter().map(|body| body.len() as u64).sum()));
        for threads in [1, 2] {
            let pool = pool(threads);
            group.bench_function(BenchmarkId::new(name, threads), |bencher| {
                bencher.iter(|| pool.install(|| clean(&documents, &AtomicBool::new(false))).expect("nobody cancels"));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, cleaning);
criterion_main!(benches);
