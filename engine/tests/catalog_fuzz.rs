//! Whatever arrives: no panic, one report per document, and what is loaded and what is rejected add up.

use proptest::prelude::*;
use sgr_engine::catalog::{
    Account, CatalogError, Cleaned, Document, MAX_DEPTH, MAX_REJECTIONS_PER_DOCUMENT, MAX_TEXT_BYTES, Reason, clean,
};
use std::sync::atomic::AtomicBool;

static GOING: AtomicBool = AtomicBool::new(false);

fn read(body: &str) -> Cleaned {
    let source = "/users/77/likes/tracks";
    clean(&[Document { document_id: 1, fetched_at: 5, source, body }], &GOING).expect("nobody cancels")
}

/// Every text that would be stored.
fn texts(cleaned: &Cleaned) -> Vec<&str> {
    fn account(one: &Account) -> Vec<Option<&str>> {
        [&one.name, &one.permalink_url, &one.city, &one.country_code]
            .into_iter()
            .map(|text| text.as_deref())
            .chain([Some(&*one.urn), Some(&*one.source)])
            .collect()
    }
    let mut texts: Vec<Option<&str>> = Vec::new();
    texts.extend(cleaned.artists.iter().chain(&cleaned.users).flat_map(account));
    for one in &cleaned.tracks {
        let fields = [&one.title, &one.genre, &one.permalink_url, &one.label, &one.isrc, &one.key_signature]
            .map(|text| text.as_deref());
        texts.extend(fields);
        texts.extend([Some(&*one.urn), Some(&*one.source)]);
        texts.extend([&one.tags, &one.machine_tags].into_iter().flatten().flatten().map(|tag| Some(tag.as_str())));
    }
    for one in &cleaned.playlists {
        texts.extend([one.title.as_deref(), one.permalink_url.as_deref(), Some(&*one.urn), Some(&*one.source)]);
        texts.extend(one.tags.iter().flatten().map(|tag| Some(tag.as_str())));
    }
    texts.extend(cleaned.documents.iter().map(|one| one.external_id.as_deref()));
    texts.extend(cleaned.rejections.iter().flat_map(|one| [Some(one.path.as_str()), one.value.as_deref()]));
    texts.into_iter().flatten().collect()
}

/// What holds for any documents.
fn check(documents: &[Document]) -> Result<Cleaned, TestCaseError> {
    let cleaned = clean(documents, &GOING).map_err(|error| TestCaseError::fail(error.to_string()))?;
    let mut ids: Vec<i64> = documents.iter().map(|document| document.document_id).collect();
    ids.sort_unstable();
    let reported: Vec<i64> = cleaned.documents.iter().map(|report| report.document_id).collect();
    prop_assert_eq!(ids, reported);
    for report in &cleaned.documents {
        prop_assert_eq!(report.found, report.loaded + report.rejected);
        let of_this = || cleaned.rejections.iter().filter(|one| one.document_id == report.document_id);
        if of_this().count() <= MAX_REJECTIONS_PER_DOCUMENT {
            prop_assert_eq!(of_this().filter(|one| one.whole).count(), report.rejected as usize);
        }
    }
    for text in texts(&cleaned) {
        prop_assert!(!text.contains('\0'));
    }
    let excerpts = cleaned.rejections.iter().filter_map(|one| one.value.as_deref());
    prop_assert!(excerpts.map(|value| value.chars().count()).max().unwrap_or(0) <= 200);
    let ranges = cleaned.tracks.iter().all(|track| {
        let counts = [track.playback_count, track.likes_count, track.reposts_count, track.comment_count];
        track.id > 0
            && counts.into_iter().flatten().all(|count| count >= 0)
            && track.duration_ms.is_none_or(|duration| duration >= 0)
            && track.bpm.is_none_or(|bpm| bpm > 0.0 && bpm <= 1000.0)
    });
    prop_assert!(ranges);
    prop_assert!(cleaned.tracks.is_sorted_by(|a, b| a.id < b.id));
    prop_assert!(cleaned.playlists.is_sorted_by(|a, b| a.id < b.id));
    prop_assert!(cleaned.users.is_sorted_by(|a, b| a.id < b.id));
    prop_assert!(cleaned.artists.is_sorted_by(|a, b| a.id < b.id));
    Ok(cleaned)
}

fn check_one(body: &str) -> Result<Cleaned, TestCaseError> {
    let cleaned = check(&[Document { document_id: 1, fetched_at: 5, source: "/playlists/3/tracks", body }])?;
    // serde_json is the judge of what is JSON; it passes over values without a limit of depth.
    let body = body.strip_prefix('\u{feff}').unwrap_or(body);
    let json = serde_json::from_str::<serde::de::IgnoredAny>(body).is_ok();
    let refused = |reason| cleaned.rejections.iter().any(|one| one.reason == reason);
    if !refused(Reason::TooDeep) {
        prop_assert_eq!(json, !refused(Reason::BadJson), "{}", body);
    }
    Ok(cleaned)
}

/// Members of tracks, playlists, users, pages and wrappers, each with a good value.
const MEMBERS: &[(&str, &str)] = &[
    ("id", "41"),
    ("urn", r#""soundcloud:tracks:41""#),
    ("kind", r#""track""#),
    ("type", r#""track-repost""#),
    ("collection", r#"[{"kind":"track","id":4,"title":"x"}]"#),
    ("next_href", r#""https://api.soundcloud.com/users/1/likes/tracks?cursor=2""#),
    ("track", r#"{"id":6,"title":"y"}"#),
    ("track_id", "6"),
    ("track_urn", r#""soundcloud:tracks:6""#),
    ("playlist", r#"{"id":7,"title":"z"}"#),
    ("origin", r#"{"kind":"playlist","id":7,"title":"z"}"#),
    ("played_at", "1600000000000"),
    ("code", "429"),
    ("message", r#""slow down""#),
    ("error", r#""slow down""#),
    ("errors", "[{}]"),
    ("user", r#"{"id":8,"username":"u"}"#),
    ("user_id", "8"),
    ("user_urn", r#""soundcloud:users:8""#),
    ("title", r#""A title""#),
    ("genre", r#""House""#),
    ("tag_list", r#""a \"b c\" d:e=f""#),
    ("tags", r#""a b""#),
    ("permalink_url", r#""https://soundcloud.com/a/b""#),
    ("created_at", r#""2019/01/15 15:40:49 +0000""#),
    ("last_modified", r#""2019-01-15T15:40:49Z""#),
    ("last_updated", r#""2019-01-15T15:40:49Z""#),
    ("likes_count", "5"),
    ("favoritings_count", "5"),
    ("favoritings", "5"),
    ("duration", "1000"),
    ("full_duration", "1000"),
    ("label_name", r#""L""#),
    ("isrc", r#""GBAYK9912345""#),
    ("publisher_metadata", r#"{"isrc":"GBAYK9912345"}"#),
    ("bpm", "120.5"),
    ("key_signature", r#""Am""#),
    ("release_date", r#""2019-01-15""#),
    ("release_year", "2019"),
    ("release_month", "1"),
    ("release_day", "15"),
    ("playback_count", "9"),
    ("reposts_count", "9"),
    ("comment_count", "9"),
    ("reveal_stats", "true"),
    ("reveal_comments", "true"),
    ("tracks", r#"[{"id":1,"title":"t"},{"id":2}]"#),
    ("track_count", "2"),
    ("added_at", r#""2019-01-15T15:40:49Z""#),
    ("is_album", "true"),
    ("set_type", r#""album""#),
    ("playlist_type", r#""ep""#),
    ("sharing", r#""public""#),
    ("public", "true"),
    ("username", r#""U""#),
    ("full_name", r#""F""#),
    ("city", r#""C""#),
    ("country_code", r#""DE""#),
    ("followers_count", "3"),
    ("description", r#""nobody reads this""#),
];

const ODD: &[&str] = &[
    "null",
    "true",
    "0",
    "-1",
    "-7",
    "1.5",
    "1e400",
    "-1e400",
    "99999999999999999999",
    "\"\"",
    "\" \"",
    "\"x\"",
    "\"\\u0000\"",
    "\"a\\u0000b\"",
    "\"\\ud800\"",
    "\"\\udc00\\ud800\"",
    "\"0000/00/00\"",
    "\"soundcloud:users:\"",
    "\"soundcloud:tracks:0\"",
    "\"soundcloud:system-playlists:x\"",
    "\"like\"",
    "\"user\"",
    "\"playlist\"",
    "\"system-playlist\"",
    "[]",
    "{}",
    "[[]]",
    "[null,1,\"x\"]",
    "{\"id\":3}",
    "{\"kind\":\"track\",\"id\":3}",
];

fn document_of(members: &[(&str, &str)]) -> String {
    let members: Vec<String> = members.iter().map(|(key, value)| format!("\"{key}\":{value}")).collect();
    format!("{{{}}}", members.join(","))
}

#[test]
fn a_wrong_value_in_any_one_field_costs_that_field_only() {
    const NAMES: [&str; 5] = ["id", "urn", "kind", "collection", "type"];
    for (kind, urn) in [("track", "tracks"), ("playlist", "playlists"), ("user", "users")] {
        for &(wrong_key, _) in MEMBERS.iter().filter(|(key, _)| !NAMES.contains(key)) {
            for odd in ODD {
                let kind_value = format!("\"{kind}\"");
                let urn_value = format!("\"soundcloud:{urn}:41\"");
                let members: Vec<(&str, &str)> = MEMBERS
                    .iter()
                    .filter(|(key, _)| *key != "collection" && *key != "type")
                    .map(|&(key, value)| match key {
                        "kind" => (key, kind_value.as_str()),
                        "urn" => (key, urn_value.as_str()),
                        _ if key == wrong_key => (key, *odd),
                        _ => (key, value),
                    })
                    .collect();
                let body = document_of(&members);
                let cleaned = check_one(&body).expect("the checks hold");
                let report = &cleaned.documents[0];
                assert_eq!(report.kind.as_str(), kind);
                assert_eq!(report.external_id.as_deref(), Some(urn_value.trim_matches('"')), "{body}");
                let titles = (&cleaned.tracks, &cleaned.playlists, &cleaned.users);
                let found = match kind {
                    "track" => titles.0.iter().any(|one| one.id == 41),
                    "playlist" => titles.1.iter().any(|one| one.id == 41),
                    _ => titles.2.iter().any(|one| one.id == 41),
                };
                assert!(found, "{body}");
            }
        }
    }
}

#[test]
fn a_number_in_place_of_a_text_is_reported_and_not_turned_into_one() {
    for key in ["title", "genre", "tag_list", "label_name", "isrc", "key_signature", "permalink_url", "created_at"] {
        let cleaned = read(&format!(r#"{{"kind":"track","id":1,"duration":5,"{key}":7}}"#));
        let [rejection] = &cleaned.rejections[..] else { panic!("{key}: {:?}", cleaned.rejections) };
        assert_eq!((rejection.reason, rejection.path.as_str(), rejection.whole), (Reason::WrongType, key, false));
        assert_eq!(rejection.value.as_deref(), Some("7"));
        assert_eq!(cleaned.tracks[0].duration_ms, Some(5));
    }
}

#[test]
fn depth_has_a_limit_and_no_stack_overflows() {
    let nested = |open: &str, close: &str, depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    for depth in [10_000, 1_000_000] {
        for (open, close) in [("[", "]"), ("{\"track\":", "}"), ("{\"collection\":[", "]}")] {
            let cleaned = read(&nested(open, close, depth));
            assert_eq!(cleaned.rejections[0].reason, Reason::TooDeep);
            assert_eq!((cleaned.documents[0].found, cleaned.documents[0].rejected), (1, 1));
            // Never closed.
            assert_eq!(read(&open.repeat(depth)).rejections[0].reason, Reason::TooDeep);
        }
    }
    let limit = MAX_DEPTH as usize;
    for (depth, reason) in [(limit, Reason::WrongType), (limit + 1, Reason::TooDeep)] {
        assert_eq!(read(&nested("[", "]", depth)).rejections[0].reason, reason);
    }
    for (depth, deep) in [(limit, false), (limit + 1, true)] {
        let body = nested("{\"x\":", "}", depth).replacen("{", "{\"kind\":\"track\",\"id\":1,\"title\":\"t\",", 1);
        let cleaned = read(&body);
        assert_eq!(cleaned.rejections.iter().any(|one| one.reason == Reason::TooDeep), deep);
        assert_eq!(cleaned.tracks.len(), usize::from(!deep));
    }
    // Wrappers in wrappers are not followed for ever.
    let wrapped = format!("{}{}{}", "{\"track\":".repeat(100), r#"{"kind":"track","id":1}"#, "}".repeat(100));
    assert_eq!(read(&wrapped).rejections[0].reason, Reason::UnsupportedKind);
}

#[test]
fn fifty_megabytes_in_one_document() {
    const SIZE: usize = 50_000_000;
    let filler = "x".repeat(SIZE);
    let cleaned = read(&format!(r#"{{"kind":"track","id":1,"title":"t","description":"{filler}"}}"#));
    assert_eq!((cleaned.tracks.len(), cleaned.rejections.len()), (1, 0));
    let cleaned = read(&format!(r#"{{"kind":"track","id":1,"genre":"g","title":"{filler}"}}"#));
    assert_eq!((cleaned.tracks.len(), cleaned.rejections[0].reason), (1, Reason::TooLarge));
    let elements = format!("[{}1]", "1,".repeat(1_000_000));
    let cleaned = read(&elements);
    assert_eq!((cleaned.documents[0].found, cleaned.documents[0].rejected), (1_000_001, 1_000_001));
    assert_eq!(cleaned.rejections.len(), MAX_REJECTIONS_PER_DOCUMENT + 1);
    let last = cleaned.rejections.last().expect("there is one");
    assert_eq!((last.reason, last.value.as_deref()), (Reason::TooManyRejections, Some("999001 more")));
}

#[test]
fn texts_have_a_limit_in_bytes() {
    for (length, known) in [(MAX_TEXT_BYTES, true), (MAX_TEXT_BYTES + 1, false)] {
        for character in ["x", "\\u0078"] {
            let cleaned =
                read(&format!(r#"{{"kind":"track","id":1,"genre":"g","title":"{}"}}"#, character.repeat(length)));
            assert_eq!(cleaned.tracks[0].title.is_some(), known);
            assert_eq!(cleaned.rejections.iter().any(|one| one.reason == Reason::TooLarge), !known);
        }
    }
}

#[test]
fn what_is_no_json_is_told_with_its_place() {
    for (body, value) in [
        ("", "line 1 column 1: the text ends early"),
        (" \n ", "line 2 column 2: the text ends early"),
        ("{\"id\": 1,\n \"ü\": tru}", "line 2 column 10: expected true, false or null"),
        ("{} {}", "line 1 column 4: expected the end of the text"),
        ("{\"id\": 01}", "line 1 column 9: expected no digit after a leading zero"),
        ("{'id': 1}", "line 1 column 2: expected a key in quotes"),
        ("{\"id\": 1,}", "line 1 column 10: expected a key in quotes"),
        ("[1 2]", "line 1 column 4: expected a comma or ]"),
        ("{\"a\" 1}", "line 1 column 6: expected a colon"),
        ("\"a\tb\"", "line 1 column 3: expected no control character in a text"),
        ("\"\\x\"", "line 1 column 3: expected an escape"),
        ("\"\\u12g4\"", "line 1 column 6: expected four hexadecimal digits"),
        ("-", "line 1 column 2: the text ends early"),
        ("NaN", "line 1 column 1: expected a value"),
        ("\0", "line 1 column 1: expected a value"),
    ] {
        let cleaned = check_one(body).expect("the checks hold");
        let [rejection] = &cleaned.rejections[..] else { panic!("{body}: {:?}", cleaned.rejections) };
        assert_eq!((rejection.reason, rejection.whole), (Reason::BadJson, true), "{body}");
        assert_eq!(rejection.value.as_deref(), Some(value), "{body}");
    }
    for body in ["null", "true", "5", "\"text\""] {
        assert_eq!(check_one(body).expect("the checks hold").rejections[0].reason, Reason::UnsupportedKind);
    }
}

#[test]
fn every_byte_at_every_place_of_a_text_is_judged_right() {
    // Texts are passed eight bytes at a time: each place in such a word, beside bytes with and without the high bit.
    for byte in 0..=127_u8 {
        for place in 0..20 {
            for filler in ["x", "é"] {
                let (before, after) = (filler.repeat(place), filler.repeat(20 - place));
                let body = format!("[\"{before}{}{after}\"]", char::from(byte));
                check_one(&body).expect("the checks hold");
            }
        }
    }
}

#[test]
fn a_raised_flag_stops_the_work() {
    let documents = [Document { document_id: 1, fetched_at: 0, source: "", body: "{}" }];
    assert_eq!(clean(&documents, &AtomicBool::new(true)), Err(CatalogError::Cancelled));
    assert_eq!(clean(&[], &GOING), Ok(Cleaned::default()));
}

/// JSON of any shape, with the keys that matter.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        proptest::sample::select(ODD).prop_map(str::to_owned),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>()
            .prop_filter("JSON has no NaN", |number| number.is_finite())
            .prop_map(|number| format!("{number:?}")),
        any::<String>().prop_map(|text| serde_json::to_string(&text).expect("a text is JSON")),
        proptest::sample::select(MEMBERS).prop_map(|(_, value)| value.to_owned()),
    ];
    leaf.prop_recursive(5, 60, 8, |inner| {
        let key = proptest::sample::select(MEMBERS).prop_map(|(key, _)| key);
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(|elements| format!("[{}]", elements.join(","))),
            proptest::collection::vec((key, inner), 0..8).prop_map(|members| {
                let members: Vec<(&str, &str)> = members.iter().map(|(key, value)| (*key, value.as_str())).collect();
                document_of(&members)
            }),
        ]
    })
}

/// A document with good members, some of them odd, some twice.
fn nearly_good() -> impl Strategy<Value = String> {
    let member = (proptest::sample::select(MEMBERS), proptest::option::weighted(0.2, proptest::sample::select(ODD)));
    proptest::collection::vec(member, 0..25).prop_map(|members| {
        let members: Vec<(&str, &str)> =
            members.into_iter().map(|((key, value), odd)| (key, odd.unwrap_or(value))).collect();
        document_of(&members)
    })
}

/// A good document with some bytes changed, cut out or doubled.
fn mutated() -> impl Strategy<Value = String> {
    let edit = (any::<proptest::sample::Index>(), 0..4_u8, any::<u8>());
    (nearly_good(), proptest::collection::vec(edit, 1..6)).prop_map(|(body, edits)| {
        let mut bytes = body.into_bytes();
        for (place, action, byte) in edits {
            if bytes.is_empty() {
                break;
            }
            let at = place.index(bytes.len());
            match action {
                0 => bytes[at] = byte,
                1 => bytes.truncate(at),
                2 => {
                    bytes.remove(at);
                }
                _ => bytes.insert(at, b"{}[],:\"\\"[usize::from(byte) % 8]),
            }
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(body in any::<String>()) {
        check_one(&body)?;
    }

    #[test]
    fn any_json_punctuation(body in "[\\[\\]{}:,\"\\\\u0-9a-fA-Ftruefalsn .eE+-]{0,60}") {
        check_one(&body)?;
    }

    #[test]
    fn any_json(body in json()) {
        let cleaned = check_one(&body)?;
        prop_assert!(cleaned.rejections.iter().all(|one| one.reason != Reason::BadJson));
    }

    #[test]
    fn nearly_good_documents(body in nearly_good()) {
        let cleaned = check_one(&body)?;
        prop_assert!(cleaned.rejections.iter().all(|one| one.reason != Reason::BadJson));
    }

    #[test]
    fn mutated_documents(body in mutated()) {
        check_one(&body)?;
    }

    #[test]
    fn any_source(source in any::<String>(), user in any::<String>()) {
        let body = r#"{"collection":[{"kind":"track","id":1,"title":"t"},{"kind":"user","id":2,"username":"u"}]}"#;
        for source in [source.clone(), format!("/users/{user}/likes/tracks?{source}"), format!("https://{source}/me/{user}")] {
            check(&[Document { document_id: 1, fetched_at: 0, source: &source, body }])?;
        }
    }

    #[test]
    fn the_same_result_on_any_number_of_threads_and_in_any_order(
        bodies in proptest::collection::vec(nearly_good(), 1..12),
        order in any::<u64>(),
    ) {
        let mut documents: Vec<Document> = bodies
            .iter()
            .enumerate()
            .map(|(at, body)| Document { document_id: at as i64 * 7 % 12, fetched_at: at as i64 / 2, source: "s", body })
            .collect();
        let on = |threads: usize, documents: &[Document]| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads start");
            pool.install(|| clean(documents, &GOING)).expect("nobody cancels")
        };
        let one = on(1, &documents);
        prop_assert_eq!(&one, &on(2, &documents));
        documents.sort_by_key(|document| (document.document_id as u64 ^ order).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        prop_assert_eq!(&one, &on(2, &documents));
        check(&documents)?;
    }
}
