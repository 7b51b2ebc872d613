//! The engine's state machines over real sockets against the mock, with every hazard on.
//!
//! Client and mock share a clock that only pauses move: the pauses take no time, and when a request came is exact.

use rand::{Rng, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use sgr_engine::catalog::{Cleaned, Document, InteractionKind, clean};
use sgr_engine::demo::{DEMO_EPOCH, DemoConfig, generate};
use sgr_engine::soundcloud::{
    CLIENT_ID_MASK, Client, ClientConfig, Crawl, CrawlConfig, CrawledDocument, Credentials, DailyBudget, Endpoints,
    Include, Known, Micros, Request, Response, SECOND, Search, SoundcloudError, Start, Thing, TransportError,
    WaitReason,
};
use sgr_http::{Exchange, Host, Transport, TransportConfig, crawl};
use sgr_soundcloud_mock::{
    ARTISTS_FROM, CLIENT_ID, CLIENT_SECRET, Clock, Entry, Fate, Hazards, Mock, MockConfig, Site,
};
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use url::Position;

const START: i64 = DEMO_EPOCH * SECOND;

/// Requests per second, and how many at once.
const RATE: f64 = 2.0;
const BURST: u32 = 3;

fn mock(hazards: Hazards) -> (Mock, Clock) {
    let demo = DemoConfig { tracks: 120, playlists: 40, users: 25, scenes: 4, seed: 7 };
    let site = Site::new(&generate(&demo).expect("a small catalogue"));
    let clock = Clock::manual(START);
    let config = MockConfig { hazards, clock: clock.clone(), page_size: 10, ..MockConfig::default() };
    (Mock::start(site, config).expect("a socket on the loopback interface"), clock)
}

fn endpoints(mock: &Mock) -> Endpoints {
    Endpoints::new(&mock.api_url(), &mock.token_url()).expect("good URLs")
}

fn client(mock: &Mock, seed: u64) -> Client {
    let config = ClientConfig {
        rate: RATE,
        burst: BURST,
        daily_requests: 1_000_000,
        seed,
        ..ClientConfig::new(endpoints(mock))
    };
    let credentials = Credentials { client_id: CLIENT_ID.to_owned(), client_secret: CLIENT_SECRET.into() };
    Client::new(config, credentials).expect("a good config")
}

fn transport(mock: &Mock) -> Transport {
    // Real time, and only the body that stalls needs all of it.
    let config = TransportConfig { timeout: Duration::from_secs(10), ..TransportConfig::default() };
    Transport::new(&endpoints(mock), &config).expect("a good config")
}

/// Everything that there is, in any number of steps.
fn everything(start: Start) -> CrawlConfig {
    CrawlConfig {
        depth: 100,
        max_tracks: u32::MAX,
        max_playlists: u32::MAX,
        max_users: u32::MAX,
        max_requests: u32::MAX,
        ..CrawlConfig::new(start)
    }
}

fn first_track(mock: &Mock) -> Start {
    Start::Url(mock.site().tracks[&1].permalink_url.clone())
}

#[derive(Debug)]
enum End {
    /// The test stops the crawl after a page.
    Stopped,
    /// The test stops it before the answer to a request is here.
    Killed,
    Failed(SoundcloudError),
}

impl From<SoundcloudError> for End {
    fn from(error: SoundcloudError) -> Self {
        Self::Failed(error)
    }
}

/// A table of documents, one of states and one of known things.
struct Store {
    clock: Clock,
    documents: Vec<CrawledDocument>,
    state: Option<String>,
    things: BTreeMap<Thing, Known>,
    budget: DailyBudget,
    /// Requests that it was told of before they were sent.
    announced: usize,
    stored: u32,
    /// After how many pages to stop.
    stop_after: Option<u32>,
    killed: Rc<Cell<bool>>,
    pauses: Vec<WaitReason>,
}

impl Store {
    fn new(clock: Clock) -> Self {
        Self {
            clock,
            documents: Vec::new(),
            state: None,
            things: BTreeMap::new(),
            budget: DailyBudget::default(),
            announced: 0,
            stored: 0,
            stop_after: None,
            killed: Rc::default(),
            pauses: Vec::new(),
        }
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

impl Host for Store {
    type Error = End;

    fn now(&mut self) -> Micros {
        self.clock.now()
    }

    fn pause(&mut self, until: Micros, reason: &WaitReason) -> Result<(), End> {
        if self.killed.get() {
            return Err(End::Killed);
        }
        self.pauses.push(reason.clone());
        self.clock.wait_until(until);
        Ok(())
    }

    fn sending(&mut self, budget: &DailyBudget) -> Result<(), End> {
        self.announced += 1;
        self.budget = budget.clone();
        Ok(())
    }

    fn stored(&mut self, source: &str, since: Micros) -> Result<Option<String>, End> {
        let newest = self.documents.iter().rev().find(|d| d.source == source && !d.is_assembled);
        Ok(newest.filter(|d| d.fetched_at >= since).map(|d| d.body.clone()))
    }

    fn store(&mut self, documents: &[CrawledDocument], crawl: &mut Crawl, budget: &DailyBudget) -> Result<(), End> {
        self.documents.extend_from_slice(documents);
        self.state = Some(crawl.state().expect("it is data"));
        self.things.extend(crawl.take_changed().into_iter().map(|known| (known.thing, known)));
        self.budget = budget.clone();
        self.stored += 1;
        match self.stop_after {
            Some(limit) if self.stored >= limit => Err(End::Stopped),
            _ => Ok(()),
        }
    }
}

/// Ends with a request in flight: it reaches the server, and its answer is lost with the process.
struct Severed<'t> {
    transport: &'t mut Transport,
    after: Option<u32>,
    sent: u32,
    /// Paths and parameters of what was in flight.
    lost: &'t mut Vec<String>,
    /// Seen by the host, which lets the process do nothing more.
    killed: Rc<Cell<bool>>,
}

impl Exchange for Severed<'_> {
    fn exchange(&mut self, request: &Request) -> Result<Response, TransportError> {
        self.sent += 1;
        let result = self.transport.exchange(request);
        if self.after != Some(self.sent) {
            return result;
        }
        self.killed.set(true);
        self.lost.push(request.url[Position::BeforePath..].to_owned());
        Err(TransportError::Broken)
    }
}

// What there is ---------------------------------------------------------------------------------------------------------

/// What can be reached from a track by artists, their lists and those who like or repost: worked out from the catalogue
/// alone.
fn reachable(site: &Site, start: i64) -> BTreeSet<Thing> {
    let mut known = BTreeSet::from([Thing::Track(start)]);
    let mut queue = VecDeque::from([Thing::Track(start)]);
    while let Some(thing) = queue.pop_front() {
        let many = |map: &BTreeMap<i64, Vec<i64>>, id: i64| map.get(&id).cloned().unwrap_or_default();
        let mut next: Vec<Thing> = Vec::new();
        match thing {
            Thing::Track(id) => {
                next.push(Thing::User(ARTISTS_FROM + site.tracks[&id].artist_id));
                next.extend(many(&site.likers, id).into_iter().map(Thing::User));
                next.extend(many(&site.reposters, id).into_iter().map(Thing::User));
            }
            Thing::Playlist(id) => {
                next.extend(many(&site.entries, id).into_iter().map(Thing::Track));
                next.extend(site.playlists[&id].owner_id.map(Thing::User));
            }
            Thing::User(id) => {
                next.extend(many(&site.uploads, id).into_iter().map(Thing::Track));
                next.extend(many(&site.playlists_of, id).into_iter().map(Thing::Playlist));
                next.extend(many(&site.likes, id).into_iter().map(Thing::Track));
                next.extend(many(&site.reposts, id).into_iter().map(Thing::Track));
            }
        }
        queue.extend(next.into_iter().filter(|thing| known.insert(*thing)));
    }
    known
}

fn trimmed(text: &Option<String>) -> Option<String> {
    text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned)
}

fn tags(tags: &Option<Vec<String>>) -> Vec<String> {
    let mut kept: Vec<String> = Vec::new();
    for tag in tags.iter().flatten() {
        let tag = tag.trim().to_owned();
        if !tag.is_empty() && !kept.contains(&tag) {
            kept.push(tag);
        }
    }
    kept
}

/// The records equal the catalogue, field by field.
fn assert_equal(site: &Site, cleaned: &Cleaned, known: &BTreeSet<Thing>) {
    let tracks: Vec<i64> =
        known.iter().filter_map(|thing| if let Thing::Track(id) = thing { Some(*id) } else { None }).collect();
    assert_eq!(cleaned.tracks.iter().map(|track| track.id).collect::<Vec<_>>(), tracks);
    for track in &cleaned.tracks {
        let truth = &site.tracks[&track.id];
        let id = track.id;
        assert_eq!(track.urn, truth.urn);
        assert_eq!(track.artist_id, Some(ARTISTS_FROM + truth.artist_id), "{id}");
        assert_eq!(track.title, trimmed(&truth.title), "{id}");
        assert_eq!(track.genre, trimmed(&truth.genre), "{id}");
        assert_eq!(track.tags.clone().unwrap_or_default(), tags(&truth.tags), "{id}");
        assert_eq!(track.permalink_url.as_deref(), Some(truth.permalink_url.as_str()), "{id}");
        assert_eq!(track.duration_ms, Some(truth.duration_ms), "{id}");
        assert_eq!(track.label, trimmed(&truth.label), "{id}");
        assert_eq!(track.isrc, truth.isrc, "{id}");
        assert_eq!(track.bpm, truth.bpm, "{id}");
        assert_eq!(track.key_signature.as_deref(), truth.key_signature, "{id}");
        assert_eq!(track.released_on, truth.released_on, "{id}");
        assert_eq!(track.created_at, Some(truth.created_at * SECOND), "{id}");
        assert_eq!(
            (track.playback_count, track.likes_count, track.reposts_count, track.comment_count),
            (truth.playback_count, truth.likes_count, truth.reposts_count, truth.comment_count),
            "{id}"
        );
    }
    let playlists: Vec<i64> =
        known.iter().filter_map(|thing| if let Thing::Playlist(id) = thing { Some(*id) } else { None }).collect();
    assert_eq!(cleaned.playlists.iter().map(|playlist| playlist.id).collect::<Vec<_>>(), playlists);
    for playlist in &cleaned.playlists {
        let truth = &site.playlists[&playlist.id];
        let id = playlist.id;
        assert_eq!(playlist.owner_id, truth.owner_id, "{id}");
        assert_eq!(playlist.title, trimmed(&truth.title), "{id}");
        assert_eq!(playlist.is_album, Some(truth.is_album), "{id}");
        assert_eq!(playlist.tags.clone().unwrap_or_default(), tags(&truth.tags), "{id}");
        assert_eq!(playlist.permalink_url.as_deref(), Some(truth.permalink_url.as_str()), "{id}");
        assert_eq!(playlist.created_at, Some(truth.created_at * SECOND), "{id}");
        assert_eq!(playlist.modified_at, Some(truth.modified_at * SECOND), "{id}");
        assert_eq!((playlist.track_count, playlist.likes_count), (truth.track_count, truth.likes_count), "{id}");
        let entries: Vec<i64> = playlist.entries.iter().flatten().map(|entry| entry.track_id).collect();
        assert_eq!(entries, site.entries.get(&id).cloned().unwrap_or_default(), "entries of {id}");
        assert!(playlist.entries.is_some(), "entries of {id}");
    }
    let found: BTreeSet<(i64, i64, &str)> =
        cleaned.interactions.iter().map(|i| (i.user_id, i.track_id, i.kind.as_str())).collect();
    let mut truth = BTreeSet::new();
    for (kind, map) in [(InteractionKind::Like, &site.likes), (InteractionKind::Repost, &site.reposts)] {
        for (user, tracks) in map {
            if known.contains(&Thing::User(*user)) {
                truth.extend(tracks.iter().map(|track| (*user, *track, kind.as_str())));
            }
        }
    }
    assert_eq!(found, truth);
    for account in cleaned.artists.iter().chain(&cleaned.users) {
        let truth = &site.users[&account.id];
        let id = account.id;
        assert_eq!(account.name.as_deref(), Some(truth.name.trim()), "{id}");
        assert_eq!(account.permalink_url.as_deref(), Some(truth.permalink_url.as_str()), "{id}");
        assert_eq!(
            (account.city.as_deref(), account.country_code.as_deref()),
            (truth.city, truth.country_code),
            "{id}"
        );
        assert_eq!(account.followers_count, truth.followers_count, "{id}");
    }
    let accounts: BTreeSet<i64> = cleaned.artists.iter().chain(&cleaned.users).map(|account| account.id).collect();
    let users: BTreeSet<i64> =
        known.iter().filter_map(|thing| if let Thing::User(id) = thing { Some(*id) } else { None }).collect();
    assert_eq!(accounts, users);
}

// What was asked --------------------------------------------------------------------------------------------------------

/// In any span of time the bucket was kept. Each restart of a client may begin with a full bucket.
fn assert_polite(log: &[Entry]) {
    for (first, from) in log.iter().enumerate() {
        for (last, to) in log.iter().enumerate().skip(first) {
            let allowed = f64::from(BURST) + RATE * ((to.at - from.at) as f64 / 1e6) + 1e-6;
            assert!((last - first + 1) as f64 <= allowed, "{} requests in {} µs", last - first + 1, to.at - from.at);
            // Beyond that the bucket is long full again.
            if to.at - from.at > 600 * SECOND {
                break;
            }
        }
    }
}

/// How often each request was answered as it should be.
fn answered(log: &[Entry]) -> BTreeMap<&str, u32> {
    let mut times = BTreeMap::new();
    for entry in log.iter().filter(|entry| entry.method == "GET" && entry.fate == Fate::Answered) {
        *times.entry(entry.target.as_str()).or_default() += 1;
    }
    times
}

fn spoilt(log: &[Entry]) -> BTreeMap<&str, u32> {
    let mut kinds = BTreeMap::new();
    for entry in log {
        if let Fate::Spoilt(kind) = entry.fate {
            *kinds.entry(kind).or_default() += 1;
        }
    }
    kinds
}

#[test]
fn with_all_hazards_on_the_documents_equal_the_catalogue_and_no_page_is_asked_for_twice() {
    let (mock, clock) = mock(Hazards::ALL);
    let mut store = Store::new(clock);
    let mut whole = Crawl::new(everything(first_track(&mock))).expect("a good config");
    crawl(&mut whole, &mut client(&mock, 1), &mut transport(&mock), &mut store).expect("it reaches its end");

    let known = reachable(mock.site(), 1);
    // The test itself: it is most of the catalogue, with everything in it.
    assert!(known.len() > 150, "{}", known.len());
    assert_equal(mock.site(), &store.cleaned(), &known);

    let log = mock.log();
    assert_polite(&log);
    assert_eq!(store.announced, log.len());
    let answered = answered(&log);
    assert!(answered.values().all(|times| *times == 1), "{answered:#?}");
    let spoilt = spoilt(&log);
    for kind in ["rate limit", "expired token", "server error", "half body", "wrong type", "stall"] {
        assert!(spoilt.contains_key(kind), "{kind} never struck: {spoilt:?}");
    }
    // The hazards that a client overcomes without asking again struck as well.
    let endings: BTreeSet<String> = whole.warnings().iter().map(|warning| format!("{:?}", warning.ending)).collect();
    assert_eq!(Vec::from_iter(&endings), ["None", "Some(CursorRefused)", "Some(Loop)"], "{:?}", whole.warnings());
    let any = |what: fn(&CrawledDocument) -> bool| store.documents.iter().any(what);
    assert!(any(|document| document.is_assembled));
    assert!(any(|document| document.body.starts_with('[')), "no bare array came");
    assert!(any(|document| document.body.starts_with(r#"{"collection":[],"next_href":"h"#)), "no empty page came");
    assert!(any(|document| document.body.len() > 10 << 20), "no big page came");
    assert!(any(|document| document.body.contains("1e400")), "nothing unknown came");
    assert!(any(|document| document.body.contains(&format!("client_id={CLIENT_ID_MASK}"))), "no client id came");
    assert!(any(|document| document.body.contains("NOT_APPLICABLE")), "no stub came");
    assert!(log.iter().any(|entry| entry.target.contains("cursor=10&") && entry.fate == Fate::Refused));
    for name in ["plays", "search"] {
        let met = |reason: &WaitReason| matches!(reason, WaitReason::RateLimit(Some(limit)) if limit == name);
        assert!(store.pauses.iter().any(met), "the limit {name} was never met");
    }
    // What must not be in what is stored.
    let state = store.state.expect("it was stored");
    let sources: Vec<&str> = store.documents.iter().map(|document| document.source.as_str()).collect();
    let stored = format!("{state} {}", sources.join(" "));
    for secret in [CLIENT_SECRET, "mock-access", "mock-refresh", CLIENT_ID] {
        assert!(!stored.contains(secret), "{secret}");
    }
}

#[test]
fn each_hazard_alone_changes_nothing() {
    let run = |hazards| {
        let (mock, clock) = mock(hazards);
        let mut store = Store::new(clock);
        let start = Start::Urn("soundcloud:playlists:1".to_owned());
        let config = CrawlConfig { depth: 0, ..everything(start) };
        let mut one = Crawl::new(config).expect("a good config");
        crawl(&mut one, &mut client(&mock, 1), &mut transport(&mock), &mut store).expect("it reaches its end");
        assert_polite(&mock.log());
        let mut cleaned = store.cleaned();
        // What differs by the way.
        cleaned.documents.clear();
        cleaned.rejections.clear();
        let without = |fetched_at: &mut i64, source: &mut std::sync::Arc<str>| {
            *fetched_at = 0;
            *source = "".into();
        };
        cleaned.tracks.iter_mut().for_each(|t| without(&mut t.fetched_at, &mut t.source));
        cleaned.playlists.iter_mut().for_each(|t| without(&mut t.fetched_at, &mut t.source));
        cleaned.artists.iter_mut().for_each(|t| without(&mut t.fetched_at, &mut t.source));
        cleaned.users.iter_mut().for_each(|t| without(&mut t.fetched_at, &mut t.source));
        cleaned
    };
    let plain = run(Hazards::default());
    assert!(plain.tracks.len() > 10, "{}", plain.tracks.len());
    for name in Hazards::NAMES {
        let mut hazards = Hazards::default();
        assert!(hazards.switch_on(name));
        assert!(run(hazards) == plain, "{name}");
    }
}

#[test]
fn a_crawl_that_is_stopped_at_random_points_loses_nothing_and_repeats_only_what_was_in_flight() {
    let (mock, clock) = mock(Hazards { stall: false, big_pages: false, token_limit: false, ..Hazards::ALL });
    let mut store = Store::new(clock);
    let mut random = Xoshiro256PlusPlus::seed_from_u64(5);
    let mut transport = transport(&mock);
    let fresh = Crawl::new(everything(first_track(&mock))).expect("a good config");
    let mut state = fresh.state().expect("it is data");
    let mut stops = 0;
    let mut lost: Vec<String> = Vec::new();
    loop {
        // A new process: all that it has is what was stored.
        let mut resumed = Crawl::restore(&state, store.things.values().copied()).expect("what was stored");
        let mut client = client(&mock, 100 + stops);
        client.set_budget(store.budget.clone());
        // The bucket of the dead one is forgotten, so it is filled by waiting.
        store.clock.wait_until(store.clock.now() + 2 * SECOND);
        let ends_in_flight = random.random_bool(0.5);
        let length = random.random_range(1..25);
        store.stop_after = (!ends_in_flight && stops < 60).then_some(store.stored + length);
        let after = (ends_in_flight && stops < 60).then_some(length);
        store.killed.set(false);
        let killer = Rc::clone(&store.killed);
        let mut severed = Severed { transport: &mut transport, after, sent: 0, lost: &mut lost, killed: killer };
        let result = crawl(&mut resumed, &mut client, &mut severed, &mut store);
        if let Some(stored) = &store.state {
            state.clone_from(stored);
        }
        match result {
            Ok(()) => break,
            Err(End::Stopped | End::Killed) => stops += 1,
            Err(End::Failed(error)) => panic!("{error}"),
        }
    }
    assert!(stops >= 50 && lost.len() >= 20, "{stops} stops, {} in flight", lost.len());
    assert_equal(mock.site(), &store.cleaned(), &reachable(mock.site(), 1));
    let log = mock.log();
    assert_polite(&log);
    let answered = answered(&log);
    for (target, times) in answered {
        let in_flight = lost.iter().filter(|lost| *lost == target).count() as u32;
        assert!(
            times <= 1 + in_flight,
            "{target} was answered {times} times, and {in_flight} times in flight at a stop"
        );
    }
    let documents: BTreeSet<&str> = store.documents.iter().map(|document| document.source.as_str()).collect();
    assert_eq!(documents.len(), store.documents.len(), "a document was stored twice");
}

#[test]
fn an_outage_opens_the_breaker_and_nothing_is_lost() {
    let demo = DemoConfig { tracks: 120, playlists: 40, users: 25, scenes: 4, seed: 7 };
    let site = || Site::new(&generate(&demo).expect("a small catalogue"));
    let run = |outage| {
        let clock = Clock::manual(START);
        let config = MockConfig { clock: clock.clone(), page_size: 10, outage, ..MockConfig::default() };
        let mock = Mock::start(site(), config).expect("a socket on the loopback interface");
        let mut store = Store::new(clock);
        let mut one = Crawl::new(CrawlConfig { depth: 0, ..everything(first_track(&mock)) }).expect("a good config");
        crawl(&mut one, &mut client(&mock, 1), &mut transport(&mock), &mut store).expect("it reaches its end");
        let log = mock.log();
        let paths: Vec<String> = answered(&log).keys().map(|path| (*path).to_owned()).collect();
        let met = log.iter().filter(|entry| entry.fate == Fate::Spoilt("outage")).count();
        (paths.into_iter().filter(|path| !path.contains("q=music")).collect::<Vec<_>>(), one, store.pauses, met)
    };
    let (paths, whole, ..) = run(0..0);
    assert!(paths.len() > 5, "{paths:?}");
    // Longer than the attempts of a call take, so that the breaker decides.
    let (survived, crawl, pauses, met) = run(START + 3 * SECOND..START + 600 * SECOND);
    assert_eq!((&survived, crawl.warnings()), (&paths, whole.warnings()));
    assert!(pauses.iter().any(|reason| matches!(reason, WaitReason::Breaker { .. })), "{pauses:?}");
    // Five failures, and one request each after 1, 2 and 4 minutes.
    assert_eq!(met, 8);
}

#[test]
fn a_second_crawl_fetches_only_what_is_missing_or_old() {
    let (mock, clock) = mock(Hazards { stubs: true, drift: true, short_pages: true, ..Hazards::default() });
    let mut store = Store::new(clock);
    let hour = 3600 * SECOND;
    let config = CrawlConfig { refresh_after: Some(24 * hour), ..everything(first_track(&mock)) };
    let run = |store: &mut Store| {
        let before = mock.log().len();
        let mut next = Crawl::new(config.clone()).expect("a good config");
        crawl(&mut next, &mut client(&mock, 1), &mut transport(&mock), store).expect("it reaches its end");
        mock.log().split_off(before)
    };
    let first = run(&mut store);
    // Resolving, which leaves no document, and the token for it.
    store.clock.wait_until(store.clock.now() + hour);
    let second: Vec<String> = run(&mut store).into_iter().map(|entry| entry.target).collect();
    assert_eq!(second.len(), 2, "{second:?}");
    // Three documents are lost.
    for _ in 0..3 {
        let at = store.documents.iter().position(|document| !document.is_assembled).expect("there are some");
        store.documents.remove(at);
    }
    store.clock.wait_until(store.clock.now() + hour);
    assert_eq!(run(&mut store).len(), 5);
    store.clock.wait_until(store.clock.now() + 48 * hour);
    assert!(run(&mut store).len() + 3 >= first.len());
    assert_equal(mock.site(), &store.cleaned(), &reachable(mock.site(), 1));
}

#[test]
fn a_search_finds_what_the_catalogue_has() {
    let (mock, clock) = mock(Hazards { stall: false, big_pages: false, ..Hazards::ALL });
    let genre = mock.site().tracks[&1].genre.clone().expect("the first track has a genre");
    let mut store = Store::new(clock);
    let search = Search { genres: vec![genre.clone()], ..Search::default() };
    let mut one = Crawl::new(CrawlConfig::search(search, 1000)).expect("a good config");
    crawl(&mut one, &mut client(&mock, 3), &mut transport(&mock), &mut store).expect("it reaches its end");
    let found: Vec<i64> = store.cleaned().tracks.iter().map(|track| track.id).collect();
    let truth: Vec<i64> =
        mock.site().tracks.values().filter(|t| t.genre.as_ref() == Some(&genre)).map(|t| t.track_id).collect();
    assert!(truth.len() > 20);
    assert_eq!(found, truth);
}

#[test]
fn wrong_credentials_and_a_start_that_is_not_there_are_errors() {
    let (mock, clock) = mock(Hazards::default());
    let mut store = Store::new(clock);
    let credentials = Credentials { client_id: CLIENT_ID.to_owned(), client_secret: "wrong-secret-9".into() };
    let mut stranger = Client::new(ClientConfig::new(endpoints(&mock)), credentials).expect("a good config");
    let mut one = Crawl::new(everything(first_track(&mock))).expect("a good config");
    match crawl(&mut one, &mut stranger, &mut transport(&mock), &mut store) {
        Err(End::Failed(error @ SoundcloudError::Credentials { .. })) => {
            assert!(!error.to_string().contains("wrong-secret-9"));
        }
        other => panic!("{other:?}"),
    }
    let nowhere = Start::Url("https://soundcloud.example/nobody/nothing".to_owned());
    let mut one = Crawl::new(everything(nowhere)).expect("a good config");
    let result = crawl(&mut one, &mut client(&mock, 1), &mut transport(&mock), &mut store);
    assert!(matches!(result, Err(End::Failed(SoundcloudError::Start { .. }))), "{result:?}");
}

#[test]
fn budgets_are_kept() {
    let (mock, clock) = mock(Hazards { stall: false, big_pages: false, ..Hazards::ALL });
    let mut store = Store::new(clock);
    let config = CrawlConfig {
        max_tracks: 60,
        max_playlists: 3,
        max_users: 4,
        include: [Include::Playlists, Include::Likes, Include::Tracks].into(),
        ..everything(first_track(&mock))
    };
    let mut one = Crawl::new(config).expect("a good config");
    crawl(&mut one, &mut client(&mock, 1), &mut transport(&mock), &mut store).expect("it reaches its end");
    let counts = one.counts();
    assert!(counts.playlists <= 3 && counts.users <= 4, "{counts:?}");
    let longest = mock.site().entries.values().map(Vec::len).max().unwrap_or(0) as u32;
    assert!(counts.tracks < 60 + longest, "{counts:?}");
}
