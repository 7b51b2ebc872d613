//! The demo catalogue: same seed, same rows; the planted scenes; the dirt; the edges.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use sgr_engine::demo::{
    DEFAULT_PLAYLISTS, DEFAULT_SEED, DEFAULT_TRACKS, DEFAULT_USERS, DEMO_EPOCH, DEMO_SOURCE, DemoCatalogue, DemoConfig,
    DemoError, DemoGenerator, GIANT_PLAYLIST_LENGTH, HOME_SHARE, MAX_PLAYLIST_LENGTH, MAX_SCENES,
    MIN_PLAYLISTS_FOR_GIANT, generate, scene_of_track,
};
use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

/// The default catalogue, generated once for all tests.
static DEFAULT: LazyLock<DemoCatalogue> = LazyLock::new(|| catalogue(DemoConfig::default()));

fn catalogue(config: DemoConfig) -> DemoCatalogue {
    generate(&config).unwrap()
}

fn config(tracks: usize, playlists: usize, users: usize) -> DemoConfig {
    DemoConfig { tracks, playlists, users, ..DemoConfig::default() }
}

/// FNV-1a over the debug form of every row.
fn checksum(catalogue: &DemoCatalogue) -> u64 {
    let text = format!("{catalogue:?}");
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

fn share(part: usize, whole: usize) -> f64 {
    part as f64 / whole as f64
}

/// Entries per playlist, in order.
fn baskets(catalogue: &DemoCatalogue) -> Vec<Vec<i64>> {
    let mut baskets = vec![Vec::new(); catalogue.playlists.len()];
    for entry in &catalogue.playlist_tracks {
        baskets[entry.playlist_id as usize - 1].push(entry.track_id);
    }
    baskets
}

#[test]
fn the_stream_is_pinned() {
    // A new number here means that stored seeds give other catalogues: say so in the changelog.
    assert_eq!(
        checksum(&catalogue(DemoConfig { scenes: 6, seed: 7, ..config(300, 60, 40) })),
        5_495_111_638_618_201_583
    );
    assert_eq!(checksum(&catalogue(DemoConfig { seed: u64::MAX, ..config(40, 12, 9) })), 1_590_954_737_064_268_643);
}

#[test]
fn the_same_seed_gives_the_same_rows() {
    let small = config(400, 80, 50);
    assert_eq!(catalogue(small), catalogue(small));
    let other = catalogue(DemoConfig { seed: 43, ..small });
    assert_ne!(catalogue(small).tracks, other.tracks);
    assert_ne!(catalogue(small).playlist_tracks, other.playlist_tracks);
    assert_ne!(catalogue(small).interactions, other.interactions);
}

#[test]
fn more_playlists_leave_tracks_and_users_as_they_are() {
    let few = catalogue(config(400, 20, 50));
    let many = catalogue(config(400, 200, 50));
    assert_eq!(few.artists, many.artists);
    assert_eq!(few.tracks, many.tracks);
    assert_eq!(few.users, many.users);
    assert_eq!(few.interactions, many.interactions);
    assert_eq!(few.follows, many.follows);
}

#[test]
fn steps_give_what_generate_gives() {
    let config = config(45_000, 9_000, 5_000);
    let mut generator = DemoGenerator::new(&config).unwrap();
    let (mut steps, mut last) = (0, 0);
    while generator.step() {
        let (made, expected) = generator.progress();
        assert!(made >= last && made <= expected);
        last = made;
        steps += 1;
    }
    assert!(steps > 8, "only {steps} steps");
    let (made, expected) = generator.progress();
    assert_eq!(made, expected);
    assert!(!generator.step(), "a finished generator stays finished");
    let stepped = generator.finish();
    assert_eq!(stepped.rows() as u64, made);
    assert_eq!(stepped, catalogue(config));
    // Dropping the loop and finishing at once is the same too.
    assert_eq!(DemoGenerator::new(&config).unwrap().finish(), stepped);
}

#[test]
fn the_default_catalogue_has_the_promised_sizes() {
    let config = DemoConfig::default();
    assert_eq!((config.tracks, config.playlists, config.users), (DEFAULT_TRACKS, DEFAULT_PLAYLISTS, DEFAULT_USERS));
    assert_eq!((DEFAULT_TRACKS, DEFAULT_PLAYLISTS, DEFAULT_USERS, DEFAULT_SEED), (5_000, 2_000, 1_000, 42));
    let catalogue = &*DEFAULT;
    assert_eq!(catalogue.tracks.len(), 5_000);
    assert_eq!(catalogue.playlists.len(), 2_000);
    assert_eq!(catalogue.users.len(), 1_000);
    assert_eq!(catalogue.artists.len(), 500);
    assert_eq!(catalogue.scenes, 10);
    assert_eq!(catalogue.scene_names.len(), 10);
    let expected = config.expected_rows() as f64;
    assert!((catalogue.rows() as f64 / expected - 1.0).abs() < 0.1, "{} rows, {expected} expected", catalogue.rows());
}

#[test]
fn ids_are_consecutive_and_names_unique() {
    for catalogue in [&*DEFAULT, &catalogue(config(1_500, 300, 4_000))] {
        let consecutive = |ids: Vec<i64>| ids.iter().enumerate().all(|(at, &id)| id == at as i64 + 1);
        assert!(consecutive(catalogue.artists.iter().map(|artist| artist.artist_id).collect()));
        assert!(consecutive(catalogue.users.iter().map(|user| user.user_id).collect()));
        assert!(consecutive(catalogue.tracks.iter().map(|track| track.track_id).collect()));
        assert!(consecutive(catalogue.playlists.iter().map(|playlist| playlist.playlist_id).collect()));

        let names: Vec<&str> = catalogue
            .artists
            .iter()
            .map(|artist| artist.name.as_str())
            .chain(catalogue.users.iter().map(|user| user.name.as_str()))
            .collect();
        assert_eq!(names.iter().collect::<HashSet<_>>().len(), names.len());
        assert!(names.iter().all(|name| !name.trim().is_empty()));

        let mut urls: Vec<&str> = Vec::new();
        urls.extend(catalogue.artists.iter().map(|row| row.permalink_url.as_str()));
        urls.extend(catalogue.users.iter().map(|row| row.permalink_url.as_str()));
        urls.extend(catalogue.tracks.iter().map(|row| row.permalink_url.as_str()));
        urls.extend(catalogue.playlists.iter().map(|row| row.permalink_url.as_str()));
        assert_eq!(urls.iter().collect::<HashSet<_>>().len(), urls.len());
        for url in &urls {
            let path = url.strip_prefix("https://soundcloud.example/").unwrap();
            assert!(path.split('/').all(|part| !part.is_empty()), "{url}");
            assert!(path.bytes().all(|byte| b"abcdefghijklmnopqrstuvwxyz0123456789-/".contains(&byte)), "{url}");
        }

        let mut urns: Vec<&str> = Vec::new();
        urns.extend(catalogue.artists.iter().map(|row| row.urn.as_str()));
        urns.extend(catalogue.users.iter().map(|row| row.urn.as_str()));
        urns.extend(catalogue.tracks.iter().map(|row| row.urn.as_str()));
        urns.extend(catalogue.playlists.iter().map(|row| row.urn.as_str()));
        assert_eq!(urns.iter().collect::<HashSet<_>>().len(), urns.len());
        assert_eq!(catalogue.tracks[122].urn, "soundcloud:tracks:123");

        let isrcs: Vec<&str> = catalogue.tracks.iter().filter_map(|track| track.isrc.as_deref()).collect();
        assert_eq!(isrcs.iter().collect::<HashSet<_>>().len(), isrcs.len());
        assert!(isrcs.iter().all(|isrc| isrc.len() == 12 && isrc.starts_with("ZZ")));
    }
}

#[test]
fn every_reference_holds_and_every_key_is_unique() {
    let catalogue = &*DEFAULT;
    let (artists, users) = (catalogue.artists.len() as i64, catalogue.users.len() as i64);
    let (tracks, playlists) = (catalogue.tracks.len() as i64, catalogue.playlists.len() as i64);
    assert!(catalogue.tracks.iter().all(|track| (1..=artists).contains(&track.artist_id)));

    let mut credits = HashSet::new();
    for credit in &catalogue.track_artists {
        assert!((1..=tracks).contains(&credit.track_id) && (1..=artists).contains(&credit.artist_id));
        assert_ne!(credit.artist_id, catalogue.tracks[credit.track_id as usize - 1].artist_id);
        assert!(matches!(credit.role, "featured" | "remixer"));
        assert!(credits.insert((credit.track_id, credit.artist_id)));
    }

    assert!(catalogue.playlists.iter().all(|playlist| (1..=users).contains(&playlist.owner_id.unwrap())));
    let (mut playlist, mut position) = (0, 0);
    for entry in &catalogue.playlist_tracks {
        assert!((1..=tracks).contains(&entry.track_id) && (1..=playlists).contains(&entry.playlist_id));
        assert!(entry.playlist_id >= playlist, "entries are grouped by playlist, ascending");
        position = if entry.playlist_id == playlist { position + 1 } else { 0 };
        playlist = entry.playlist_id;
        assert_eq!(entry.position, position);
    }

    let mut done = HashSet::new();
    for interaction in &catalogue.interactions {
        assert!((1..=users).contains(&interaction.user_id) && (1..=tracks).contains(&interaction.track_id));
        assert!(matches!(interaction.kind, "like" | "repost" | "play"));
        assert_eq!(interaction.weight.is_some(), interaction.kind == "play");
        assert!(done.insert((interaction.user_id, interaction.track_id, interaction.kind)));
    }
    assert!(catalogue.interactions.is_sorted_by_key(|interaction| interaction.user_id));

    for &(user, followed) in &catalogue.follows {
        assert!((1..=users).contains(&user) && (1..=users).contains(&followed) && user != followed);
    }
    assert!(catalogue.follows.is_sorted_by(|a, b| a < b), "sorted and unique");
    assert!(catalogue.follows.len() > 5 * catalogue.users.len());
}

#[test]
fn columns_keep_what_the_tables_demand() {
    let catalogue = &*DEFAULT;
    let count_fits = |count: Option<i64>| count.is_none_or(|count| count >= 0);
    for track in &catalogue.tracks {
        assert!(track.duration_ms > 0);
        assert!(track.created_at < DEMO_EPOCH && track.fetched_at == DEMO_EPOCH && track.source == DEMO_SOURCE);
        assert!(track.released_on.is_none_or(|day| i64::from(day) * 86_400 <= track.created_at));
        assert!(track.bpm.is_none_or(|bpm| bpm > 50.0 && bpm < 200.0));
        for count in [track.playback_count, track.likes_count, track.reposts_count, track.comment_count] {
            assert!(count_fits(count));
        }
        if let (Some(plays), Some(likes)) = (track.playback_count, track.likes_count) {
            assert!(likes <= plays);
        }
    }
    assert!(catalogue.artists.iter().all(|artist| count_fits(artist.followers_count)));
    assert!(catalogue.users.iter().all(|user| count_fits(user.followers_count)));

    let baskets = baskets(catalogue);
    for (playlist, basket) in catalogue.playlists.iter().zip(&baskets) {
        assert!(playlist.created_at <= playlist.modified_at && playlist.modified_at <= DEMO_EPOCH);
        assert!(playlist.track_count.is_none_or(|count| count as usize >= basket.len()));
        assert!(count_fits(playlist.likes_count));
        assert!(!basket.is_empty());
    }
    let mut added_before = HashMap::new();
    for entry in &catalogue.playlist_tracks {
        let playlist = &catalogue.playlists[entry.playlist_id as usize - 1];
        if let Some(added_at) = entry.added_at {
            assert!((playlist.created_at..=playlist.modified_at).contains(&added_at));
            assert!(added_before.insert(entry.playlist_id, added_at).is_none_or(|before| before <= added_at));
        }
    }
    for interaction in &catalogue.interactions {
        let uploaded = catalogue.tracks[interaction.track_id as usize - 1].created_at;
        assert!(interaction.occurred_at.is_none_or(|time| uploaded < time && time < DEMO_EPOCH));
        assert!(interaction.weight.is_none_or(|plays| plays >= 1.0));
    }
}

#[test]
fn scenes_follow_from_ids() {
    assert_eq!(scene_of_track(1, 10), 0);
    assert_eq!(scene_of_track(10, 10), 9);
    assert_eq!(scene_of_track(11, 10), 0);
    assert_eq!(scene_of_track(5, 1), 0);
    assert_eq!(scene_of_track(5, 0), 0);
    for odd in [0, -1, i64::MIN, i64::MAX] {
        assert!(scene_of_track(odd, 7) < 7);
        assert_eq!(scene_of_track(odd, 0), 0);
    }
    assert!(scene_of_track(i64::MAX, usize::MAX) < usize::MAX);

    let catalogue = &*DEFAULT;
    for track in &catalogue.tracks {
        let scene = scene_of_track(track.track_id, catalogue.scenes);
        assert_eq!(catalogue.artists[track.artist_id as usize - 1].scene, scene);
        if let Some(genre) = &track.genre {
            assert_eq!(*genre, catalogue.scene_names[scene]);
        }
    }
    for artist in &catalogue.artists {
        assert_eq!(artist.scene, (artist.artist_id as usize - 1) % catalogue.scenes);
    }
}

#[test]
fn every_scene_has_its_own_genre_tags_and_labels() {
    let catalogue = catalogue(DemoConfig { scenes: MAX_SCENES, ..config(60_000, 0, 0) });
    assert_eq!(catalogue.scenes, MAX_SCENES);
    let genres: HashSet<String> = catalogue.scene_names.iter().map(|name| name.to_lowercase()).collect();
    assert_eq!(genres.len(), MAX_SCENES);

    let mut tags: HashMap<String, HashSet<usize>> = HashMap::new();
    let mut labels: HashMap<&str, HashSet<usize>> = HashMap::new();
    for track in &catalogue.tracks {
        let scene = scene_of_track(track.track_id, catalogue.scenes);
        for tag in track.tags.iter().flatten() {
            tags.entry(tag.trim().to_lowercase()).or_default().insert(scene);
        }
        if let Some(label) = track.label.as_deref() {
            labels.entry(label).or_default().insert(scene);
        }
    }
    assert!(labels.values().all(|scenes| scenes.len() == 1));
    let mut own = vec![0; MAX_SCENES];
    let mut shared = 0;
    for scenes in tags.values() {
        if let [scene] = scenes.iter().copied().collect::<Vec<usize>>()[..] {
            own[scene] += 1;
        } else {
            assert!(scenes.len() > MAX_SCENES / 2, "a tag belongs to one scene or to all");
            shared += 1;
        }
    }
    assert!(own.iter().all(|own| (4..=8).contains(own)), "{own:?}");
    assert_eq!(shared, 12);

    let artists: HashSet<i64> = catalogue.tracks.iter().map(|track| track.artist_id).collect();
    assert_eq!(artists.len(), catalogue.artists.len(), "every artist has a track");
}

#[test]
fn playlists_and_likes_stay_in_their_scene() {
    for catalogue in [&*DEFAULT, &catalogue(DemoConfig { seed: 1, scenes: 40, ..config(20_000, 5_000, 2_000) })] {
        let (mut at_home, mut all) = (0, 0);
        for entry in &catalogue.playlist_tracks {
            if let Some(home) = catalogue.playlists[entry.playlist_id as usize - 1].scene {
                at_home += usize::from(scene_of_track(entry.track_id, catalogue.scenes) == home);
                all += 1;
            }
        }
        let measured = share(at_home, all);
        assert!(measured >= 0.8 && (measured - HOME_SHARE).abs() < 0.03, "{measured}");

        let likes: Vec<_> = catalogue.interactions.iter().filter(|row| row.kind == "like").collect();
        let at_home = likes
            .iter()
            .filter(|like| {
                scene_of_track(like.track_id, catalogue.scenes) == catalogue.users[like.user_id as usize - 1].scene
            })
            .count();
        let measured = share(at_home, likes.len());
        assert!(measured >= 0.8 && (measured - HOME_SHARE).abs() < 0.03, "{measured}");
    }
}

#[test]
fn popularity_is_skewed_and_counts_follow_it() {
    let catalogue = &*DEFAULT;
    let mut uses = vec![0_usize; catalogue.tracks.len()];
    for like in catalogue.interactions.iter().filter(|row| row.kind == "like") {
        uses[like.track_id as usize - 1] += 1;
    }
    let mut sorted = uses.clone();
    sorted.sort_unstable_by(|a, b| b.cmp(a));
    let top: usize = sorted[..sorted.len() / 10].iter().sum();
    let top = share(top, sorted.iter().sum());
    assert!((0.35..0.75).contains(&top), "the first tenth of the tracks has {top} of the likes");

    // The tenth with most plays is liked several times as often in the demo as the average track.
    let mut by_plays: Vec<(i64, usize)> =
        catalogue.tracks.iter().zip(&uses).filter_map(|(track, &uses)| Some((track.playback_count?, uses))).collect();
    by_plays.sort_unstable_by(|a, b| b.cmp(a));
    let mean = |rows: &[(i64, usize)]| share(rows.iter().map(|row| row.1).sum(), rows.len());
    assert!(mean(&by_plays[..by_plays.len() / 10]) > 3.0 * mean(&by_plays));
}

#[test]
fn lengths_are_as_promised() {
    let catalogue = &*DEFAULT;
    let baskets = baskets(catalogue);
    let ordinary = &baskets[..baskets.len() - 1];
    let mean = share(ordinary.iter().map(Vec::len).sum(), ordinary.len());
    assert!((27.0..34.0).contains(&mean), "{mean}");
    assert!(ordinary.iter().all(|basket| basket.len() <= MAX_PLAYLIST_LENGTH + 1));
    assert!(ordinary.iter().any(|basket| basket.len() == 1));
    assert!(ordinary.iter().any(|basket| basket.len() > 120));

    let mut likes = vec![0_usize; catalogue.users.len()];
    for like in catalogue.interactions.iter().filter(|row| row.kind == "like") {
        likes[like.user_id as usize - 1] += 1;
    }
    let mean = share(likes.iter().sum(), likes.len());
    assert!((36.0..44.0).contains(&mean), "{mean}");
    likes.sort_unstable();
    assert!((likes[likes.len() / 2] as f64) < mean * 0.6, "the middle user has far fewer likes than the mean");
    assert!(likes[likes.len() - 1] > 300);
    for kind in ["repost", "play"] {
        let rows = catalogue.interactions.iter().filter(|row| row.kind == kind).count();
        assert!(rows > catalogue.users.len(), "{rows} of {kind}");
    }
}

#[test]
fn albums_and_collaborations_are_there() {
    let catalogue = &*DEFAULT;
    let baskets = baskets(catalogue);
    let artist_of = |track: i64| catalogue.tracks[track as usize - 1].artist_id;
    let mut albums = 0;
    for (playlist, basket) in catalogue.playlists.iter().zip(&baskets) {
        if playlist.is_album {
            albums += 1;
            assert!(basket.iter().all(|&track| artist_of(track) == artist_of(basket[0])));
        }
    }
    let albums = share(albums, baskets.len());
    assert!((0.07..0.13).contains(&albums), "{albums}");
    let private = share(catalogue.playlists.iter().filter(|playlist| !playlist.is_public).count(), baskets.len());
    assert!((0.03..0.07).contains(&private), "{private}");

    let mut same_scene = 0;
    for credit in &catalogue.track_artists {
        let track = &catalogue.tracks[credit.track_id as usize - 1];
        let guest = &catalogue.artists[credit.artist_id as usize - 1];
        let words = if credit.role == "featured" {
            format!(" (feat. {})", guest.name)
        } else {
            format!(" ({} Remix)", guest.name)
        };
        assert!(track.title.as_deref().unwrap().contains(&words));
        same_scene += usize::from(guest.scene == scene_of_track(track.track_id, catalogue.scenes));
    }
    let of_role = |role| {
        share(catalogue.track_artists.iter().filter(|credit| credit.role == role).count(), catalogue.tracks.len())
    };
    assert!((0.10..0.14).contains(&of_role("featured")), "{}", of_role("featured"));
    assert!((0.02..0.04).contains(&of_role("remixer")), "{}", of_role("remixer"));
    let same_scene = share(same_scene, catalogue.track_artists.len());
    assert!((0.8..0.95).contains(&same_scene), "{same_scene}");
}

#[test]
fn the_dirt_is_there() {
    let catalogue = &*DEFAULT;
    let baskets = baskets(catalogue);
    let repeated = baskets.iter().filter(|basket| basket.iter().collect::<HashSet<_>>().len() < basket.len()).count();
    assert!((0.004..0.02).contains(&share(repeated, baskets.len())), "{repeated} playlists with a duplicate");

    let bare: Vec<_> = catalogue.tracks.iter().filter(|track| track.genre.is_none()).collect();
    assert!((0.012..0.028).contains(&share(bare.len(), catalogue.tracks.len())), "{} without metadata", bare.len());
    assert!(bare.iter().all(|track| {
        track.tags.is_none() && track.label.is_none() && track.isrc.is_none() && track.released_on.is_none()
    }));
    let untitled = catalogue.tracks.iter().filter(|track| track.title.is_none()).count();
    assert!(untitled > 0 && untitled < bare.len() / 2, "{untitled} without a title");

    let giant = baskets.last().unwrap();
    assert_eq!(giant.len(), GIANT_PLAYLIST_LENGTH);
    assert_eq!(giant.iter().collect::<HashSet<_>>().len(), giant.len());
    assert_eq!(catalogue.playlists.last().unwrap().scene, None);

    let titles: Vec<&str> = catalogue.tracks.iter().filter_map(|track| track.title.as_deref()).collect();
    for sign in ["\"", "'", "%", "\\", "{", ",", "🔥", "夜", "город", "ليل", "밤의"] {
        assert!(titles.iter().any(|title| title.contains(sign)), "no title with {sign}");
    }
    assert!(catalogue.tracks.iter().flat_map(|track| track.tags.iter().flatten()).any(|tag| tag.trim() != tag));
    assert!(catalogue.tracks.iter().any(|track| track.playback_count.is_none()));
    assert!(catalogue.playlists.iter().any(|playlist| playlist.title.is_none()));
    assert!(catalogue.playlists.iter().any(|playlist| playlist.track_count.is_none()));
    assert!(catalogue.playlist_tracks.iter().any(|entry| entry.added_at.is_none()));
    assert!(catalogue.interactions.iter().any(|interaction| interaction.occurred_at.is_none()));
}

#[test]
fn the_giant_playlist_reaches_all_scenes() {
    let catalogue = catalogue(DemoConfig { scenes: MAX_SCENES, ..config(23_457, MIN_PLAYLISTS_FOR_GIANT, 3) });
    let giant = baskets(&catalogue).pop().unwrap();
    assert_eq!(giant.iter().collect::<HashSet<_>>().len(), GIANT_PLAYLIST_LENGTH);
    let scenes: HashSet<usize> = giant.iter().map(|&track| scene_of_track(track, catalogue.scenes)).collect();
    assert_eq!(scenes.len(), MAX_SCENES);
}

#[test]
fn tiny_catalogues_work() {
    for tracks in 1..=12 {
        for (playlists, users) in [(0, 0), (1, 0), (0, 1), (1, 1), (5, 2), (40, 30)] {
            for scenes in [0, 1, 3, 500] {
                let config = DemoConfig { scenes, ..config(tracks, playlists, users) };
                let catalogue = catalogue(config);
                assert_eq!(catalogue.scenes, config.planted_scenes());
                assert!(catalogue.scenes <= tracks);
                assert_eq!(catalogue.scene_names.len(), catalogue.scenes);
                assert_eq!(catalogue.tracks.len(), tracks);
                assert_eq!(catalogue.playlists.len(), playlists);
                assert_eq!(catalogue.users.len(), users);
                assert!(catalogue.playlists.iter().all(|playlist| playlist.owner_id.is_some() == (users > 0)));
                assert!(baskets(&catalogue).iter().all(|basket| !basket.is_empty()));
                assert!(catalogue.follows.iter().all(|&(user, followed)| user != followed));
            }
        }
    }
}

#[test]
fn absurd_configs_are_refused() {
    let refused = |config: DemoConfig| match generate(&config) {
        Err(DemoError::InvalidConfig { parameter, message }) => (parameter, message),
        other => panic!("{config:?} gave {:?}", other.map(|catalogue| catalogue.rows())),
    };
    assert_eq!(refused(config(0, 0, 0)), ("tracks", "must be at least 1".to_owned()));
    assert_eq!(refused(config(50_000_000, 0, 0)).0, "tracks");
    assert_eq!(refused(config(usize::MAX, 0, 0)).0, "tracks");
    assert_eq!(refused(config(10, 2_000_000, 0)).0, "playlists");
    assert_eq!(refused(config(10, usize::MAX, 10)).0, "playlists");
    assert_eq!(refused(config(10, 10, 1_000_000)).0, "users");
    assert_eq!(refused(config(10, 10, usize::MAX)).0, "users");
    assert_eq!(refused(config(usize::MAX, usize::MAX, usize::MAX)).0, "tracks");
    let (parameter, message) = refused(DemoConfig { scenes: MAX_SCENES + 1, ..config(10, 10, 10) });
    assert_eq!((parameter, message.as_str()), ("scenes", "501 is more than 500"));
    let (_, message) = refused(config(10, 2_000_000, 0));
    assert!(message.contains("2000000") && message.contains("50000000"), "{message}");
    assert!(DemoGenerator::new(&config(0, 0, 0)).unwrap_err().to_string().starts_with("invalid tracks: "));
    assert!(config(usize::MAX, usize::MAX, usize::MAX).expected_bytes() > 1 << 60);
}

#[test]
fn scenes_are_chosen_by_size() {
    for (tracks, scenes) in
        [(1, 1), (3, 3), (4, 4), (1_999, 4), (2_500, 5), (5_000, 10), (100_000, 200), (900_000, 200)]
    {
        assert_eq!(config(tracks, 0, 0).planted_scenes(), scenes, "{tracks} tracks");
    }
    assert_eq!(DemoConfig { scenes: 33, ..config(5_000, 0, 0) }.planted_scenes(), 33);
    assert_eq!(DemoConfig { scenes: 33, ..config(20, 0, 0) }.planted_scenes(), 20);
}

/// The sizes that the benchmarks are written for.
#[test]
fn benchmark_catalogues_have_the_stated_rows() {
    for (playlists, low, high) in [(30_000, 910_000, 930_000), (150_000, 4_540_000, 4_640_000)] {
        let config = config(100_000, playlists, 0);
        let catalogue = catalogue(config);
        assert_eq!(catalogue.scenes, 200);
        let entries = catalogue.playlist_tracks.len() - GIANT_PLAYLIST_LENGTH;
        assert!((low..high).contains(&entries), "{playlists} playlists with {entries} entries");
        let rows = config.expected_rows() as f64;
        assert!((catalogue.rows() as f64 / rows - 1.0).abs() < 0.03, "{} rows, {rows} expected", catalogue.rows());
    }
}
