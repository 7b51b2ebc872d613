//! Which calls a crawl makes, what it makes of the pages, and that it goes on where it was.

use sgr_engine::catalog::{Cleaned, Document, clean};
use sgr_engine::soundcloud::{
    Answer, ApiError, CallFailure, Crawl, CrawlConfig, CrawledDocument, DAY, Ending, Endpoints, Include, Known,
    MAX_WARNINGS, PAGE_SIZE, Search, SoundcloudError, Start, Thing,
};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use url::Url;

const HOST: &str = "https://api.soundcloud.com";
const FILTER: &str = "access=playable%2Cpreview%2Cblocked";

/// A site: path without parameters, or path and parameters, to bodies.
#[derive(Default)]
struct Site {
    bodies: BTreeMap<String, String>,
    /// Paths with parameters, in the order in which they were asked for.
    asked: Vec<String>,
    documents: Vec<CrawledDocument>,
}

impl Site {
    fn with(mut self, path: &str, body: impl Into<String>) -> Self {
        self.bodies.insert(path.to_owned(), body.into());
        self
    }

    fn answer(&mut self, url: &Url) -> Result<Answer, CallFailure> {
        let text = url.as_str().strip_prefix(HOST).expect("only the API is asked").to_owned();
        self.asked.push(text.clone());
        let body = self.bodies.get(&text).or_else(|| self.bodies.get(url.path()));
        match body {
            Some(place) if place.starts_with("https://") => Ok(Answer::Location(Url::parse(place).expect("a URL"))),
            Some(status) if status.len() == 3 => Err(refused(status.parse().expect("a status"))),
            Some(body) => Ok(Answer::Body(body.clone())),
            None => Ok(Answer::Body(page(&[], None))),
        }
    }

    fn run(&mut self, crawl: &mut Crawl) -> Result<(), SoundcloudError> {
        let endpoints = Endpoints::default();
        while let Some(fetch) = crawl.next(0, &endpoints) {
            let answer = self.answer(&fetch.url);
            let documents = crawl.receive(answer, &endpoints, self.asked.len() as i64)?;
            self.documents.extend(documents);
            assert!(self.asked.len() < 2000, "it never ends");
        }
        Ok(())
    }

    /// Path of everything that was asked for, without parameters.
    fn paths(&self) -> Vec<&str> {
        self.asked.iter().map(|text| text.split('?').next().unwrap_or_default()).collect()
    }

    fn cleaned(&self) -> Cleaned {
        let documents: Vec<Document> = (1..)
            .zip(&self.documents)
            .map(|(document_id, d)| Document {
                document_id,
                fetched_at: d.fetched_at,
                source: &d.source,
                body: &d.body,
            })
            .collect();
        clean(&documents, &AtomicBool::new(false)).expect("nobody cancels")
    }
}

fn refused(status: u16) -> CallFailure {
    CallFailure::Refused(ApiError { status, message: "not a valid UUID".to_owned(), limit: None, retry_at: None })
}

fn page(items: &[String], next_href: Option<&str>) -> String {
    let next = next_href.map_or("null".to_owned(), |href| format!("\"{href}\""));
    format!(r#"{{"collection":[{}],"next_href":{next}}}"#, items.join(","))
}

fn track(id: i64, artist: i64) -> String {
    format!(
        r#"{{"kind":"track","urn":"soundcloud:tracks:{id}","title":"t{id}","user":{{"urn":"soundcloud:users:{artist}","username":"u{artist}"}}}}"#
    )
}

fn stub(id: i64) -> String {
    format!(r#"{{"id":{id},"kind":"track"}}"#)
}

fn user(id: i64) -> String {
    format!(r#"{{"kind":"user","urn":"soundcloud:users:{id}","username":"u{id}"}}"#)
}

fn playlist(id: i64, owner: i64, count: u32) -> String {
    format!(
        r#"{{"kind":"playlist","urn":"soundcloud:playlists:{id}","title":"p{id}","track_count":{count},"user":{{"id":{owner},"username":"u{owner}"}}}}"#
    )
}

/// A path of the API.
fn of(kind: &str, id: i64, rest: &str) -> String {
    format!("/{kind}/soundcloud:{kind}:{id}{rest}")
}

fn urn(kind: &str, id: i64) -> Start {
    Start::Urn(format!("soundcloud:{kind}:{id}"))
}

fn only(start: Start, include: &[Include]) -> CrawlConfig {
    CrawlConfig { depth: 0, include: include.iter().copied().collect(), ..CrawlConfig::new(start) }
}

fn crawl(config: CrawlConfig) -> Crawl {
    Crawl::new(config).expect("the config is good")
}

/// A user with a list of likes: the pages are given by their parameters.
fn likes(site: Site) -> (Site, Crawl) {
    let mut site = site.with(&of("users", 7, ""), user(7));
    let mut crawl = crawl(only(urn("users", 7), &[Include::Likes]));
    site.run(&mut crawl).expect("the start is there");
    (site, crawl)
}

fn likes_path(query: &str) -> String {
    of("users", 7, &format!("/likes/tracks?{query}"))
}

// Calls -----------------------------------------------------------------------------------------------------------------

#[test]
fn a_url_is_resolved_and_a_numeric_or_urn_place_is_understood() {
    for place in ["tracks/5", "tracks/soundcloud:tracks:5", "tracks/soundcloud%3Atracks%3A5"] {
        let mut site =
            Site::default().with("/resolve", format!("{HOST}/{place}")).with(&of("tracks", 5, ""), track(5, 7));
        let mut crawl = crawl(only(Start::Url("https://soundcloud.com/u7/t5".to_owned()), &[]));
        site.run(&mut crawl).expect("the start is there");
        assert_eq!(
            site.asked,
            ["/resolve?url=https%3A%2F%2Fsoundcloud.com%2Fu7%2Ft5".to_owned(), of("tracks", 5, "")],
            "{place}"
        );
        assert_eq!(site.documents.len(), 1);
    }
}

#[test]
fn lists_are_asked_for_partitioned_with_full_pages_and_all_tracks_and_playlists_without_theirs() {
    let mut site = Site::default()
        .with(&of("users", 7, ""), user(7))
        .with(&of("users", 7, "/playlists"), page(&[playlist(3, 7, 1)], None))
        .with(&of("playlists", 3, "/tracks"), page(&[track(1, 8)], None))
        .with(&of("users", 7, "/likes/tracks"), page(&[track(1, 8)], None));
    let include = [Include::Tracks, Include::Playlists, Include::Likes, Include::Reposts];
    site.run(&mut crawl(only(urn("users", 7), &include))).expect("the start is there");
    let list = format!("{FILTER}&limit=200&linked_partitioning=true");
    assert_eq!(
        site.asked,
        [
            of("users", 7, ""),
            of("users", 7, &format!("/tracks?{list}")),
            of("users", 7, &format!("/playlists?show_tracks=false&{list}")),
            of("users", 7, &format!("/likes/tracks?{list}")),
            of("users", 7, &format!("/reposts/tracks?{list}")),
            of("playlists", 3, &format!("/tracks?{list}")),
        ]
    );
    // What the cleaning stage makes of it: a page tells whose likes it holds by the source.
    let cleaned = site.cleaned();
    assert_eq!(cleaned.interactions.len(), 1);
    assert_eq!(cleaned.playlists[0].entries.as_ref().map(Vec::len), Some(1));
}

#[test]
fn a_search_passes_its_filters_on_and_ends_with_its_limit() {
    let search = Search {
        query: Some("dub & bass".to_owned()),
        genres: vec!["dub".to_owned(), "bass".to_owned()],
        tags: vec!["deep".to_owned()],
        created_from: Some("2024-01-01 00:00:00".to_owned()),
    };
    let first = "/tracks?q=dub+%26+bass&genres=dub%2Cbass&tags=deep&created_at%5Bfrom%5D=2024-01-01+00%3A00%3A00&access=playable%2Cpreview%2Cblocked&limit=150&linked_partitioning=true";
    let items: Vec<String> = (1..=150).map(|id| track(id, 7)).collect();
    let mut site = Site::default().with(first, page(&items, Some("https://api.soundcloud.com/tracks?cursor=2")));
    let mut crawl = crawl(CrawlConfig::search(search, 150));
    site.run(&mut crawl).expect("a search never fails to start here");
    assert_eq!(site.asked, [first]);
    assert_eq!((crawl.counts().tracks, crawl.counts().documents), (150, 1));
}

// next_href -------------------------------------------------------------------------------------------------------------

#[test]
fn the_end_is_no_next_href_and_never_a_short_or_empty_page() {
    let (site, crawl) = likes(
        Site::default()
            .with(&of("users", 7, "/likes/tracks"), page(&[track(1, 8)], Some("https://api.soundcloud.com/x?cursor=a")))
            .with(&likes_path(&format!("{FILTER}&cursor=a&limit=200&linked_partitioning=true")), {
                page(&[], Some("https://api.soundcloud.com/x?cursor=b"))
            })
            .with(&likes_path(&format!("{FILTER}&cursor=b&limit=200&linked_partitioning=true")), {
                page(&[track(2, 8)], None)
            }),
    );
    assert_eq!(site.asked.len(), 4);
    assert_eq!((crawl.counts().tracks, crawl.counts().warnings), (2, 0));
}

#[test]
fn of_next_href_only_the_query_is_used_so_a_foreign_host_never_gets_a_request() {
    let (site, crawl) = likes(
        Site::default()
            .with(&of("users", 7, "/likes/tracks"), {
                page(&[track(1, 8)], Some("http://api-mobile-internal.svc.local:9080/users/7/likes?cursor=a"))
            })
            .with(&likes_path(&format!("{FILTER}&cursor=a&limit=200&linked_partitioning=true")), {
                page(&[track(2, 8)], None)
            }),
    );
    assert_eq!(crawl.counts().tracks, 2);
    assert_eq!(site.paths().last().copied(), Some(of("users", 7, "/likes/tracks").as_str()));
    assert_eq!(crawl.warnings()[0].message, "next_href names another host; only its query is used");
}

#[test]
fn parameters_that_next_href_dropped_are_added_again_and_those_it_has_are_kept() {
    let (site, _) = likes(Site::default().with(&of("users", 7, "/likes/tracks"), {
        page(&[track(1, 8)], Some("https://api.soundcloud.com/users/7/likes/tracks?limit=50&cursor=a%2Bb"))
    }));
    assert_eq!(site.asked[2], likes_path(&format!("{FILTER}&cursor=a%2Bb&limit=50&linked_partitioning=true")));
}

#[test]
fn credentials_in_next_href_are_neither_sent_nor_stored() {
    let href = "https://api.soundcloud.com/x?client_id=S3cr3t9&cursor=a&oauth_token=S3cr3t9&access_token=S3cr3t9\
        &refresh_token=S3cr3t9&Client_Secret=S3cr3t9&secret_token=S3cr3t9&consumer_key=S3cr3t9&authorization=S3cr3t9\
        &password=S3cr3t9";
    let (site, crawl) = likes(Site::default().with(&of("users", 7, "/likes/tracks"), page(&[track(1, 8)], Some(href))));
    let stored = crawl.state().expect("it is data");
    let sources: Vec<&str> = site.documents.iter().map(|document| document.source.as_str()).collect();
    for text in [stored, site.asked.join(" "), sources.join(" "), format!("{crawl:?}")] {
        assert!(!text.contains("S3cr3t9"), "{text}");
    }
    assert!(site.asked[2].contains("cursor=a"));
}

#[test]
fn the_same_href_for_ever_ends_the_list_whatever_the_order_of_its_parameters() {
    for href in ["x?cursor=a&limit=200", "y?limit=200&cursor=a"] {
        let (site, crawl) = likes(
            Site::default()
                .with(&of("users", 7, "/likes/tracks"), page(&[track(1, 8)], Some("x?cursor=a&limit=200")))
                .with(&likes_path(&format!("{FILTER}&cursor=a&limit=200&linked_partitioning=true")), {
                    page(&[track(2, 8)], Some(href))
                }),
        );
        assert_eq!((site.asked.len(), crawl.counts().tracks), (3, 2));
        assert!(crawl.warnings()[0].message.contains("leads back"), "{:?}", crawl.warnings());
    }
    // A first page that names itself.
    let href = format!("{HOST}{}", likes_path(&format!("{FILTER}&limit=200&linked_partitioning=true")));
    let (site, _) = likes(Site::default().with(&of("users", 7, "/likes/tracks"), page(&[track(1, 8)], Some(&href))));
    assert_eq!(site.asked.len(), 2);
}

#[test]
fn a_cursor_that_is_refused_is_the_end_with_a_warning_and_what_came_is_kept() {
    let refused = likes_path(&format!("{FILTER}&cursor=10&limit=200&linked_partitioning=true"));
    let (site, crawl) = likes(
        Site::default()
            .with(&of("users", 7, "/likes/tracks"), page(&[track(1, 8)], Some("x?cursor=10")))
            .with(&refused, "400"),
    );
    assert_eq!((site.documents.len(), crawl.counts().tracks), (2, 1));
    assert!(crawl.warnings()[0].message.contains("not a valid UUID"));
}

#[test]
fn the_number_of_pages_is_capped() {
    let endpoints = Endpoints::default();
    let mut config = only(urn("users", 7), &[Include::Likes]);
    config.max_pages = 5;
    let mut crawl = crawl(config);
    let mut asked = 0;
    while crawl.next(0, &endpoints).is_some() {
        asked += 1;
        let body = if asked == 1 { user(7) } else { page(&[], Some(&format!("x?cursor={asked}"))) };
        crawl.receive(Ok(Answer::Body(body)), &endpoints, 0).expect("the start is there");
    }
    assert_eq!(asked, 6);
    assert_eq!(crawl.warnings()[0].message, "more pages than are allowed");
}

#[test]
fn an_unknown_shape_ends_the_list_and_the_document_is_kept_for_the_cleaning_stage_to_judge() {
    let (site, crawl) = likes(Site::default().with(&of("users", 7, "/likes/tracks"), r#"{"items":[{"x":1}]}"#));
    assert_eq!((site.documents.len(), crawl.counts().warnings), (2, 1));
    assert_eq!(site.cleaned().rejections[0].reason.as_str(), "unsupported_kind");
}

// Playlists -------------------------------------------------------------------------------------------------------------

fn paged_playlist(count: u32, second: String) -> (Site, Crawl) {
    let next = format!("/tracks?{FILTER}&cursor=2&limit=200&linked_partitioning=true");
    let mut site = Site::default()
        .with(&of("playlists", 3, ""), playlist(3, 7, count))
        .with(&of("playlists", 3, "/tracks"), page(&[track(1, 8), stub(2), track(1, 8)], Some("x?cursor=2")))
        .with(&of("playlists", 3, &next), second)
        .with("/tracks", page(&[track(2, 9)], None));
    let mut crawl = crawl(only(urn("playlists", 3), &[]));
    site.run(&mut crawl).expect("the start is there");
    (site, crawl)
}

#[test]
fn the_pages_of_a_playlist_are_assembled_in_order_with_stubs_and_duplicates() {
    let (site, _) = paged_playlist(9, page(&[track(4, 8)], None));
    let cleaned = site.cleaned();
    let entries = cleaned.playlists[0].entries.clone().expect("the list is whole");
    assert_eq!(entries.iter().map(|entry| entry.track_id).collect::<Vec<_>>(), [1, 2, 1, 4]);
    assert_eq!((cleaned.playlists[0].track_count, cleaned.tracks.len()), (Some(9), 3));
    assert_eq!(site.documents.iter().filter(|document| document.is_assembled).count(), 1);
}

#[test]
fn a_playlist_whose_end_is_not_clear_is_whole_only_if_its_own_count_says_so() {
    for (count, whole) in [(3, true), (4, false)] {
        let (site, _) = paged_playlist(count, "400".to_owned());
        assert_eq!(site.cleaned().playlists[0].entries.is_some(), whole, "{count}");
    }
}

#[test]
fn stubs_are_fetched_by_number_in_one_call_and_never_again() {
    let (site, crawl) = paged_playlist(4, page(&[stub(4), stub(5)], None));
    let by_number: Vec<&String> = site.asked.iter().filter(|text| text.starts_with("/tracks?urns=")).collect();
    // 4 and 5 do not come back: they are gone, and nobody asks for them a second time.
    assert_eq!(by_number.len(), 1);
    assert!(by_number[0].contains("soundcloud%3Atracks%3A2%2Csoundcloud%3Atracks%3A4%2Csoundcloud%3Atracks%3A5"));
    assert_eq!(crawl.counts().tracks, 4);
}

#[test]
fn the_answer_about_tracks_by_number_may_have_several_pages() {
    let second = format!(
        "/tracks?{FILTER}&cursor=2&limit=200&linked_partitioning=true&urns=soundcloud%3Atracks%3A2%2Csoundcloud%3Atracks%3A4"
    );
    let mut site = Site::default()
        .with(&of("playlists", 3, ""), playlist(3, 7, 2))
        .with(&of("playlists", 3, "/tracks"), page(&[stub(2), stub(4)], None))
        .with("/tracks", page(&[track(2, 9)], Some("https://api.soundcloud.com/tracks?cursor=2")))
        .with(&second, page(&[track(4, 9)], None));
    let mut crawl = crawl(only(urn("playlists", 3), &[]));
    site.run(&mut crawl).expect("the start is there");
    assert!(site.asked.contains(&second), "{:?}", site.asked);
    let named: Vec<i64> =
        site.cleaned().tracks.iter().filter(|track| track.title.is_some()).map(|track| track.id).collect();
    assert_eq!(named, [2, 4]);
}

#[test]
fn lists_of_users_end_with_the_pages_that_hold_as_many_as_may_be_read() {
    let users: Vec<String> = (100..300).map(user).collect();
    let more = |cursor: u32| page(&users, Some(&format!("https://api.soundcloud.com/x?cursor={cursor}")));
    for (max_users, pages) in [(50, 1), (200, 1), (201, 2)] {
        let mut site = Site::default()
            .with(&of("tracks", 1, ""), track(1, 7))
            .with(&of("tracks", 1, "/favoriters"), more(1))
            .with(&of("tracks", 1, "/favoriters?cursor=1&limit=200&linked_partitioning=true"), more(2));
        let mut crawl = crawl(CrawlConfig { max_users, ..only(urn("tracks", 1), &[Include::Favoriters]) });
        site.run(&mut crawl).expect("the start is there");
        let asked = site.paths().iter().filter(|path| path.ends_with("/favoriters")).count();
        assert_eq!(asked, pages, "{max_users}");
    }
}

#[test]
fn a_full_bare_array_does_not_pass_for_a_whole_playlist() {
    for (length, count, whole) in [(199, 300, true), (200, 300, false), (200, 200, true)] {
        let items: Vec<String> = (1..=length).map(|id| track(id, 8)).collect();
        let mut site = Site::default()
            .with(&of("playlists", 3, ""), playlist(3, 7, count))
            .with(&of("playlists", 3, "/tracks"), format!("[{}]", items.join(",")));
        site.run(&mut crawl(only(urn("playlists", 3), &[]))).expect("the start is there");
        assert_eq!(PAGE_SIZE, 200);
        assert_eq!(site.cleaned().playlists[0].entries.is_some(), whole, "{length} of {count}");
    }
}

// The way -----------------------------------------------------------------------------------------------------------------

/// Track 1 of artist 7, whose two playlists hold the tracks 2 to 4 of the artists 8 and 9; 9 has more of them.
fn small_world() -> Site {
    Site::default()
        .with("/resolve", format!("{HOST}/tracks/1"))
        .with(&of("tracks", 1, ""), track(1, 7))
        .with(&of("tracks", 1, "/favoriters"), page(&[user(20), user(21)], None))
        .with(&of("users", 7, "/playlists"), page(&[playlist(3, 7, 2), playlist(4, 7, 2)], None))
        .with(&of("playlists", 3, "/tracks"), page(&[track(2, 8), track(3, 9)], None))
        .with(&of("playlists", 4, "/tracks"), page(&[track(3, 9), track(4, 9), track(5, 10)], None))
        .with(&of("users", 7, "/likes/tracks"), page(&[track(3, 9), track(1, 7)], None))
        .with(&of("users", 20, "/likes/tracks"), page(&[track(1, 7), track(6, 8)], None))
        .with(&of("users", 9, "/playlists"), page(&[playlist(5, 9, 1)], None))
        .with(&of("playlists", 5, "/tracks"), page(&[track(7, 11), stub(8)], None))
        .with("/tracks", page(&[track(8, 12)], None))
}

fn start() -> Start {
    Start::Url("https://soundcloud.com/u7/t1".to_owned())
}

fn nothing_twice(site: &Site) {
    let mut asked = site.asked.clone();
    asked.sort();
    asked.dedup();
    assert_eq!(asked.len(), site.asked.len(), "{:#?}", site.asked);
}

#[test]
fn depth_0_takes_the_artists_playlists_with_all_their_tracks_and_the_likes() {
    let mut site = small_world();
    let mut crawl = crawl(CrawlConfig { depth: 0, ..CrawlConfig::new(start()) });
    site.run(&mut crawl).expect("the start is there");
    let mut paths = site.paths();
    paths.sort_unstable();
    let mut expected = vec![
        "/resolve".to_owned(),
        of("tracks", 1, ""),
        of("tracks", 1, "/favoriters"),
        of("tracks", 1, "/reposters"),
        of("users", 7, "/tracks"),
        of("users", 7, "/playlists"),
        of("users", 7, "/likes/tracks"),
        of("users", 7, "/reposts/tracks"),
        of("playlists", 3, "/tracks"),
        of("playlists", 4, "/tracks"),
    ];
    expected.sort();
    assert_eq!(paths, expected);
    assert_eq!(site.paths()[..2], ["/resolve", &of("tracks", 1, "")]);
    nothing_twice(&site);
}

#[test]
fn widening_goes_first_to_what_most_of_the_known_things_lead_to() {
    let mut site = small_world();
    let include = [Include::Playlists, Include::Likes].into();
    let mut crawl = crawl(CrawlConfig { depth: 1, include, ..CrawlConfig::new(start()) });
    site.run(&mut crawl).expect("the start is there");
    // Nobody of level 1 before all of level 0; then 9, who made two of the known tracks, before 8 and 10.
    let order: Vec<usize> = [7, 9, 8, 10]
        .iter()
        .map(|&id| site.paths().iter().position(|path| *path == of("users", id, "/playlists")).expect("it was read"))
        .collect();
    assert!(order.is_sorted(), "{order:?}");
    let last_of_level_0 = site.paths().iter().position(|path| *path == of("playlists", 4, "/tracks"));
    assert!(last_of_level_0.is_some_and(|at| at < order[1]));
    nothing_twice(&site);
    assert_eq!(crawl.counts().tracks, 7);
}

#[test]
fn budgets_end_the_crawl() {
    let run = |change: fn(&mut CrawlConfig)| {
        let mut config = CrawlConfig { depth: 9, ..CrawlConfig::new(start()) };
        change(&mut config);
        let (mut site, mut crawl) = (small_world(), crawl(config));
        site.run(&mut crawl).expect("the start is there");
        nothing_twice(&site);
        (crawl.counts(), site)
    };
    let (all, _) = run(|_| {});
    assert_eq!((all.tracks, all.playlists), (8, 3));
    let (counts, _) = run(|config| config.max_playlists = 1);
    assert_eq!(counts.playlists, 1);
    let (counts, site) = run(|config| config.max_users = 1);
    assert_eq!(counts.users, 1);
    assert!(site.paths().iter().all(|path| !path.starts_with("/users/soundcloud:users:9/")));
    let (counts, _) = run(|config| config.max_requests = 4);
    assert_eq!(counts.requests, 4);
    // Two playlists at most: the second page goes over the budget, and no list follows it.
    let (counts, _) = run(|config| config.max_tracks = 4);
    assert!((4..=5).contains(&counts.tracks), "{counts:?}");
}

#[test]
fn what_is_gone_is_passed_over_with_a_warning() {
    let mut site = small_world()
        .with(&of("playlists", 3, "/tracks"), "404")
        .with(&of("users", 7, "/likes/tracks"), "403")
        .with(&of("tracks", 1, "/favoriters"), "500");
    let mut crawl = crawl(CrawlConfig { depth: 0, ..CrawlConfig::new(start()) });
    site.run(&mut crawl).expect("the start is there");
    assert_eq!((crawl.counts().warnings, crawl.counts().tracks), (3, 4));
    assert_eq!(crawl.warnings().len(), 3);
    // Not whole, so nothing is said about its entries.
    let cleaned = site.cleaned();
    assert_eq!(cleaned.playlists.iter().find(|playlist| playlist.id == 3).and_then(|p| p.entries.as_ref()), None);
}

#[test]
fn a_start_that_cannot_be_had_is_an_error() {
    for (path, body) in [
        ("/resolve", "404"),
        ("/resolve", "https://api.soundcloud.com/apps/1"),
        ("/tracks/soundcloud:tracks:1", "404"),
        ("/tracks/soundcloud:tracks:1", r#"{"errors":[]}"#),
    ] {
        let mut site = small_world().with(path, body);
        let mut crawl = crawl(CrawlConfig::new(start()));
        let error = site.run(&mut crawl).expect_err("there is no start");
        assert!(matches!(error, SoundcloudError::Start { .. }), "{path} {body}: {error}");
    }
}

#[test]
fn a_crawl_that_is_stopped_after_any_page_goes_on_exactly_where_it_was() {
    let endpoints = Endpoints::default();
    let config = CrawlConfig { depth: 3, ..CrawlConfig::new(start()) };
    let mut whole = small_world();
    whole.run(&mut crawl(config.clone())).expect("the start is there");
    for stop in 0..=whole.asked.len() {
        let (mut site, mut first) = (small_world(), crawl(config.clone()));
        // As a table has them: of each page only what changed.
        let mut rows: BTreeMap<Thing, Known> = BTreeMap::new();
        for _ in 0..stop {
            let fetch = first.next(0, &endpoints).expect("not over yet");
            let answer = site.answer(&fetch.url);
            site.documents.extend(first.receive(answer, &endpoints, site.asked.len() as i64).expect("as before"));
            rows.extend(first.take_changed().into_iter().map(|known| (known.thing, known)));
            assert_eq!(first.take_changed(), []);
        }
        let stored = first.state().expect("it is data");
        // In flight when it was stopped: not stored, so asked for again.
        let in_flight = first.next(0, &endpoints).map(|fetch| fetch.url);
        let mut second = Crawl::restore(&stored, rows.into_values()).expect("it was written a moment ago");
        assert_eq!(second.next(0, &endpoints).map(|fetch| fetch.url), in_flight);
        site.run(&mut second).expect("as before");
        assert_eq!((&site.asked, &site.documents), (&whole.asked, &whole.documents), "stopped after {stop}");
    }
}

#[test]
fn asked_again_before_the_answer_came_it_says_the_same() {
    let endpoints = Endpoints::default();
    let mut crawl = crawl(CrawlConfig::new(start()));
    assert_eq!(crawl.next(0, &endpoints), crawl.next(0, &endpoints));
    let mut fresh = Crawl::new(CrawlConfig::new(start())).expect("the config is good");
    assert_eq!(fresh.receive(Ok(Answer::Body(String::new())), &endpoints, 0), Err(SoundcloudError::NothingAsked));
}

#[test]
fn documents_younger_than_refresh_after_are_not_fetched_and_lead_on_all_the_same() {
    let endpoints = Endpoints::default();
    let config = CrawlConfig { depth: 2, ..CrawlConfig::new(start()) };
    let (mut first, mut whole) = (small_world(), crawl(config.clone()));
    first.run(&mut whole).expect("the start is there");
    let stored: BTreeMap<&str, &str> =
        first.documents.iter().map(|document| (document.source.as_str(), document.body.as_str())).collect();

    let config = CrawlConfig { refresh_after: Some(DAY), ..config };
    let (mut site, mut again) = (small_world(), crawl(config));
    let missing = format!("{HOST}{}", of("playlists", 4, "/tracks"));
    while let Some(fetch) = again.next(3 * DAY, &endpoints) {
        let documents = match stored.get(fetch.source.as_str()) {
            Some(body) if !fetch.resolves && !fetch.source.starts_with(&missing) => {
                assert_eq!(fetch.fresh_since, Some(2 * DAY));
                again.receive_stored(body, &endpoints, 3 * DAY).expect("it is a page")
            }
            _ => {
                let answer = site.answer(&fetch.url);
                again.receive(answer, &endpoints, 3 * DAY).expect("it is a page")
            }
        };
        site.documents.extend(documents);
    }
    assert_eq!(site.paths(), ["/resolve", &of("playlists", 4, "/tracks")]);
    assert_eq!((again.counts().tracks, again.counts().requests), (whole.counts().tracks, 2));
    assert_eq!(site.documents.len(), 1);
}

// Arguments ---------------------------------------------------------------------------------------------------------------

#[test]
fn bad_arguments_are_refused_with_the_parameter() {
    let refused = |config: CrawlConfig| match Crawl::new(config) {
        Err(error @ SoundcloudError::InvalidConfig { parameter, .. }) => {
            assert!(!error.to_string().contains("AbC123xyz"), "{error}");
            parameter
        }
        other => panic!("{other:?}"),
    };
    let by_url = |text: &str| refused(CrawlConfig::new(Start::Url(text.to_owned())));
    for text in ["", "soundcloud.com/a", "ftp://soundcloud.com/a", "https://"] {
        assert_eq!(by_url(text), "url", "{text}");
    }
    // Private links: the secret would be stored with the job.
    assert_eq!(by_url("https://soundcloud.com/a/b/s-AbC123xyz"), "url");
    assert_eq!(by_url("https://soundcloud.com/a/b?secret_token=AbC123xyz"), "url");
    for text in
        ["", "7", "soundcloud:tracks:", "soundcloud:tracks:0", "soundcloud:apps:7", "soundcloud:system-playlists:a"]
    {
        assert_eq!(refused(CrawlConfig::new(Start::Urn(text.to_owned()))), "urn", "{text}");
    }
    let search = |search| refused(CrawlConfig::search(search, 10));
    assert_eq!(search(Search::default()), "search");
    assert_eq!(search(Search { query: Some(" ".to_owned()), ..Search::default() }), "search");
    let from = Search { query: Some("a".to_owned()), created_from: Some("yesterday".to_owned()), ..Search::default() };
    assert_eq!(search(from), "created_from");
    assert_eq!(refused(CrawlConfig { max_tracks: 0, ..CrawlConfig::new(start()) }), "max_tracks");
    assert_eq!(refused(CrawlConfig { max_requests: 0, ..CrawlConfig::new(start()) }), "max_requests");
    assert_eq!(refused(CrawlConfig { max_pages: 0, ..CrawlConfig::new(start()) }), "max_pages");
    assert_eq!(refused(CrawlConfig { refresh_after: Some(-1), ..CrawlConfig::new(start()) }), "refresh_after");
}

#[test]
fn a_state_of_another_version_is_refused() {
    let state = crawl(CrawlConfig::new(start())).state().expect("it is data");
    let refused = |state: &str| Crawl::restore(state, []).expect_err("it is none of this version");
    let old = state.replace(r#""version":2"#, r#""version":1"#);
    assert_eq!(refused(&old), SoundcloudError::StateVersion { found: 1, expected: 2 });
    for text in ["", "{}", r#"{"version":2}"#] {
        assert!(matches!(refused(text), SoundcloudError::StoredState { .. }), "{text}");
    }
}

#[test]
fn what_is_stored_of_a_page_does_not_grow_with_the_crawl() {
    // A user's endless likes: each page brings five tracks of five others.
    const PAGES: i64 = 400;
    let endpoints = Endpoints::default();
    let mut crawl = crawl(CrawlConfig { depth: 0, max_tracks: u32::MAX, ..only(urn("users", 7), &[Include::Likes]) });
    let mut sizes: Vec<(usize, usize)> = Vec::new();
    let mut page_number = 0;
    while let Some(fetch) = crawl.next(0, &endpoints) {
        let body = if fetch.url.path().ends_with("/likes/tracks") {
            page_number += 1;
            let tracks: Vec<String> =
                (1..=5).map(|n| track(page_number * 5 + n, 1_000 + page_number * 5 + n)).collect();
            let next = format!("https://api.soundcloud.com/x?cursor={page_number:06}");
            page(&tracks, (page_number < PAGES).then_some(next.as_str()))
        } else {
            user(7)
        };
        crawl.receive(Ok(Answer::Body(body)), &endpoints, 0).expect("it is a page");
        sizes.push((crawl.take_changed().len(), crawl.state().expect("it is data").len()));
    }
    assert_eq!(page_number, PAGES);
    assert_eq!(crawl.counts().tracks, 5 * PAGES as u32);
    // The page's tracks and their artists, and the user whose list is begun.
    assert!(sizes.iter().all(|(rows, _)| *rows <= 11), "{sizes:?}");
    // Numbers get longer, and a list remembers a number for each of its pages.
    let (early, late) = (sizes[10].1, sizes[sizes.len() - 2].1);
    assert!(late < early + 22 * PAGES as usize, "{early} and then {late} bytes");
}

#[test]
fn warnings_are_kept_by_kind_so_that_frequent_ones_do_not_hide_others() {
    let mut site = Site::default().with(&of("users", 7, ""), user(7));
    let playlists: Vec<String> = (1..=60).map(|id| playlist(id, 7, 1)).collect();
    site = site.with(&of("users", 7, "/playlists"), page(&playlists, None));
    for id in 1..=60 {
        let body = if id == 60 { "403".to_owned() } else { page(&[track(id, 8)], Some("http://x/y?limit=200")) };
        site = site.with(&of("playlists", id, "/tracks"), body);
    }
    let mut crawl = crawl(only(urn("users", 7), &[Include::Playlists]));
    site.run(&mut crawl).expect("the start is there");
    // Each of the 59 names another host, and then leads back.
    assert_eq!(crawl.counts().warnings, 2 * 59 + 1);
    let of_kind = |ending| crawl.warnings().iter().filter(|warning| warning.ending == ending).count();
    assert_eq!([None, Some(Ending::Loop), Some(Ending::Failed)].map(of_kind), [MAX_WARNINGS, MAX_WARNINGS, 1]);
}
