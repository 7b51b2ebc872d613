//! Credits: the cases that everybody knows, and hand-labelled artist fields against the rules.

// The lint spares test functions, but not what they call.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use sgr_engine::fuse::credits::{KnownNames, Role, WELL_KNOWN_NAMES, artist_credits, title_credits};
use sgr_engine::fuse::name_key;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

mod fuse_csv;

fn credits(field: &str, known: &KnownNames) -> Vec<String> {
    artist_credits(field, known).into_iter().map(|credit| format!("{}:{}", credit.role.as_str(), credit.name)).collect()
}

fn in_title(title: &str, known: &KnownNames) -> Vec<String> {
    title_credits(title, known).into_iter().map(|credit| format!("{}:{}", credit.role.as_str(), credit.name)).collect()
}

#[test]
fn names_that_hold_separators_stay_whole() {
    let known = KnownNames::new();
    for name in [
        "Simon & Garfunkel",
        "Simon and Garfunkel",
        "SIMON & GARFUNKEL",
        "Earth, Wind & Fire",
        "Tyler, The Creator",
        "tyler, the creator",
        "AC/DC",
        "10,000 Maniacs",
        "Sly & The Family Stone",
        "King Sunny Adé and His African Beats",
        "Grover Washington, Jr.",
        "Malcolm X",
        "Man With A Mission",
        "Mel & Tim",
        "Mitch & Mitch",
        "Florence and the Machine",
        "Booker T. & The M.G.'s",
        "Carlos Niño & Friends",
        "X Ambassadors",
        "BadBadNotGood",
        "DeAndre McCoy",
        "&",
        "feat.",
        "!!!",
    ] {
        assert_eq!(credits(name, &known), [format!("main:{name}")]);
    }
    for name in WELL_KNOWN_NAMES {
        assert_eq!(credits(name, &known), [format!("main:{name}")]);
    }
    assert!(credits(" \t ", &known).is_empty());
}

#[test]
fn the_shipped_list_holds_only_names_that_could_be_split_and_none_twice() {
    let keys: BTreeSet<String> = WELL_KNOWN_NAMES.iter().map(|name| name_key(name)).collect();
    // "Dan & Shay" and "Dan + Shay" are one key, and so are the two ways to write Peter, Bjorn and John.
    assert!(keys.len() + 2 >= WELL_KNOWN_NAMES.len());
    for name in WELL_KNOWN_NAMES {
        assert!(name.contains(['&', ',', '+', '/']) || name.contains(" and ") || name.contains(" y "), "{name}");
    }
}

#[test]
fn strong_separators_split_and_give_roles() {
    let known = KnownNames::from_counts([("Jimi Tenor", 4), ("Damon Locks", 1)]);
    for (field, expected) in [
        ("A feat. B", vec!["main:A", "featured:B"]),
        ("A ft B and C", vec!["main:A", "featured:B and C"]),
        ("Foo Bar FEATURING Baz", vec!["main:Foo Bar", "featured:Baz"]),
        ("Foo (feat. Bar Baz)", vec!["main:Foo", "featured:Bar Baz"]),
        (
            "Foo [ft. Bar Baz, Qux Quux & Corge Grault]",
            vec!["main:Foo", "featured:Bar Baz", "featured:Qux Quux", "featured:Corge Grault"],
        ),
        ("Foo vs. Bar", vec!["main:Foo", "main:Bar"]),
        ("Foo x Bar", vec!["main:Foo", "main:Bar"]),
        ("Foo × Bar", vec!["main:Foo", "main:Bar"]),
        ("Foo pres. Bar", vec!["main:Foo", "main:Bar"]),
        ("Foo presents Bar feat. Baz", vec!["main:Foo", "main:Bar", "featured:Baz"]),
        ("Foo; Bar", vec!["main:Foo", "main:Bar"]),
        ("Jimi Tenor with Cold Diamond", vec!["main:Jimi Tenor", "featured:Cold Diamond"]),
        ("Damon Locks meets Parker", vec!["main:Damon Locks", "main:Parker"]),
        ("Simon & Garfunkel feat. Earth, Wind & Fire", vec!["main:Simon & Garfunkel", "featured:Earth, Wind & Fire"]),
        ("Foo feat. Foo", vec!["main:Foo"]),
    ] {
        assert_eq!(credits(field, &known), expected, "{field}");
    }
}

#[test]
fn weak_separators_split_on_evidence_only() {
    let nothing = KnownNames::new();
    let known =
        KnownNames::from_counts([("Coldcut", 3), ("Steinski", 1), ("Sly & Robbie", 12), ("Sly", 1), ("Robbie", 1)]);
    assert_eq!(credits("Coldcut & Steinski", &nothing), ["main:Coldcut & Steinski"]);
    assert_eq!(credits("Coldcut & Steinski", &known), ["main:Coldcut", "main:Steinski"]);
    // Far more often together than alone.
    assert_eq!(credits("Sly & Robbie", &known), ["main:Sly & Robbie"]);
    assert_eq!(credits("Ana Roe & Bo Doe", &nothing), ["main:Ana Roe", "main:Bo Doe"]);
    assert_eq!(credits("Ana Roe, Bo Doe and Cy Poe", &nothing), ["main:Ana Roe", "main:Bo Doe", "main:Cy Poe"]);
    assert_eq!(credits("Blue, Green & Red", &nothing), ["main:Blue, Green & Red"]);
    let pairs = KnownNames::from_counts([("Delfonic & Kapote", 1), ("Kapote & Delfonic", 1)]);
    assert_eq!(credits("Kapote & Delfonic", &pairs), ["main:Kapote", "main:Delfonic"]);
    let mut titled = KnownNames::from_counts([("Jo Doe & Eomac", 1), ("Jo Doe & Pressure", 1), ("Jo Doe & Phenix", 7)]);
    titled.add_title("Under Pressure");
    assert_eq!(credits("Jo Doe & Eomac", &titled), ["main:Jo Doe", "main:Eomac"]);
    assert_eq!(credits("Jo Doe & Pressure", &titled), ["main:Jo Doe & Pressure"]);
    assert_eq!(credits("Jo Doe & Phenix", &titled), ["main:Jo Doe & Phenix"]);
    let mut declared = known.clone();
    declared.add("Coldcut & Steinski");
    assert_eq!(credits("Coldcut & Steinski", &declared), ["main:Coldcut & Steinski"]);
    assert_eq!(credits("Coldcut & Steinski & Ana Roe", &declared), ["main:Coldcut & Steinski", "main:Ana Roe"]);
}

#[test]
fn glued_names_split_only_where_a_name_is_known() {
    let known = KnownNames::from_counts([("Busta Rhymes", 2), ("GloRilla", 1), ("Hitkidd", 1)]);
    assert_eq!(credits("GloRillaBusta Rhymes", &known), ["main:GloRilla", "main:Busta Rhymes"]);
    assert_eq!(credits("GloRillaBusta Rhymes", &KnownNames::new()), ["main:GloRillaBusta Rhymes"]);
    assert_eq!(credits("GloRilla", &known), ["main:GloRilla"]);
    // A source that is seen to lose separators: full names are told apart though neither is known.
    let glued: Vec<String> = (b'A'..b'P').map(|n| format!("{0}lfa Bravo{0}harlie Delta", char::from(n))).collect();
    let alone = (b'A'..b'P').flat_map(|n| ["lfa Bravo", "harlie Delta"].map(|name| format!("{}{name}", char::from(n))));
    let alone: Vec<String> = alone.collect();
    let known = KnownNames::from_counts(glued.iter().chain(&alone).map(|name| (name.as_str(), 1)));
    assert_eq!(credits("Derek CannonHardy Thrower", &known), ["main:Derek Cannon", "main:Hardy Thrower"]);
    assert_eq!(credits("Derek CannonHardy Thrower", &KnownNames::new()), ["main:Derek CannonHardy Thrower"]);
    for name in ["Ron McDonald", "Jack DeJohnette", "The Notorious B.I.G.", "POiSON ANNA", "BadBadNotGood"] {
        assert_eq!(credits(name, &known), [format!("main:{name}")]);
    }
    let mut known = known;
    known.add_label("Columbia/Legacy");
    assert_eq!(credits("Alfa BravoColumbia/Legacy", &known), ["main:Alfa Bravo"]);
}

#[test]
fn titles_name_features_and_remixers() {
    let known = KnownNames::from_counts([("Larry Levan", 3), ("François K", 9), ("Kelsey Lu", 1)]);
    let nobody: [&str; 0] = [];
    for (title, expected) in [
        ("Pots (feat. Abraham Parker)", &["featured:Abraham Parker"][..]),
        ("Pots feat. Abraham Parker", &["featured:Abraham Parker"]),
        ("Pots ft. Ana Roe & Bo Doe", &["featured:Ana Roe", "featured:Bo Doe"]),
        ("Run (Floating Points Remix)", &["remixer:Floating Points"]),
        ("Run - Floating Points Remix", &["remixer:Floating Points"]),
        ("Run (Floating Points Extended Remix)", &["remixer:Floating Points"]),
        ("Run [Larry's Dub]", &["remixer:Larry"]),
        ("Run (Larry Levan Mix)", &["remixer:Larry Levan"]),
        ("#5 Go Bang! (François K Mix)", &["remixer:François K"]),
        ("Run (Remixed by Larry Levan)", &["remixer:Larry Levan"]),
        ("Run (with Kelsey Lu)", &["featured:Kelsey Lu"]),
        ("Run (feat. Ana Roe) [Floating Points Remix]", &["featured:Ana Roe", "remixer:Floating Points"]),
        ("With or Without You", &nobody),
        ("Song (With or Without You)", &nobody),
        ("Run (Original Mix)", &nobody),
        ("Run (Radio Edit)", &nobody),
        ("Run (Live)", &nobody),
        ("Run - 2011 Remaster", &nobody),
        ("Run (Extended Remix)", &nobody),
        ("Run (Club Mix)", &nobody),
        ("Run (12\" Mix)", &nobody),
        ("Run (Sunset Mix)", &nobody),
        ("Run (Taylor's Version)", &nobody),
        ("Ignition (Remix)", &nobody),
        ("Remix", &nobody),
        ("Foot Ft", &nobody),
        ("", &nobody),
        ("Jam - Jam", &nobody),
    ] {
        assert_eq!(in_title(title, &known), expected, "{title}");
    }
}

/// A labelled field: its part of the sample, whether its separators are all there, the field, its credits.
struct Labelled {
    part: String,
    is_sound: bool,
    field: String,
    credits: BTreeSet<(String, Role)>,
}

fn labelled() -> Vec<Labelled> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/fuse/credits.tsv");
    let text = std::fs::read_to_string(path).unwrap();
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let [part, state, field, labels] = line.split('\t').collect::<Vec<_>>().try_into().unwrap();
            let labels = labels.split('|').map(|label| {
                let (role, name) = label.split_once(':').unwrap();
                let role = [Role::Main, Role::Featured].into_iter().find(|known| known.as_str() == role).unwrap();
                (name_key(name), role)
            });
            let (part, field) = (part.to_owned(), field.to_owned());
            Labelled { part, is_sound: state == "sound", field, credits: labels.collect() }
        })
        .collect()
}

fn known_from_track_lists() -> Option<KnownNames> {
    let records = fuse_csv::track_lists()?;
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for record in &records {
        if let Some(artist) = record.first().map(|artist| artist.trim()).filter(|artist| !artist.is_empty()) {
            *counts.entry(artist.to_owned()).or_default() += 1;
        }
    }
    let mut known = KnownNames::from_counts(counts.iter().map(|(name, &count)| (name.as_str(), count)));
    for title in records.iter().filter_map(|record| record.get(1)) {
        known.add_title(title);
    }
    for label in records.iter().filter_map(|record| record.get(3)).filter(|label| !label.is_empty()) {
        known.add_label(label);
    }
    Some(known)
}

#[test]
fn labelled_fields_are_split_with_precision_and_recall() {
    let labelled = labelled();
    assert!(labelled.len() >= 150, "only {} labelled fields", labelled.len());
    let Some(known) = known_from_track_lists() else {
        println!("{}", fuse_csv::SKIPPED);
        return;
    };
    for part in ["dev", "test"] {
        let mut scores: [(&str, Score); 4] = Default::default();
        let names = ["sound fields, split", "sound fields, all", "all fields, split", "all fields, all"];
        scores.iter_mut().zip(names).for_each(|(score, name)| score.0 = name);
        for labelled in labelled.iter().filter(|labelled| labelled.part == part) {
            let Labelled { field, credits: wanted, .. } = labelled;
            let found: BTreeSet<(String, Role)> =
                artist_credits(field, &known).iter().map(|credit| (name_key(&credit.name), credit.role)).collect();
            // A field that nobody splits is no success of splitting: it counts in the second and fourth score only.
            let split = |credits: &BTreeSet<(String, Role)>| {
                if credits.len() > 1 { credits.clone() } else { BTreeSet::new() }
            };
            for (at, (_, score)) in scores.iter_mut().enumerate().filter(|(at, _)| labelled.is_sound || *at > 1) {
                if at % 2 == 0 {
                    score.add(&split(&found), &split(wanted));
                } else {
                    score.add(&found, wanted);
                }
            }
            // The errors of `test` stay unseen while rules are tuned, unless asked for.
            if found != *wanted && (part == "dev" || std::env::var_os("SGR_SHOW_TEST").is_some()) {
                println!("{part}: {field:?} gives {found:?}, labelled {wanted:?}");
            }
        }
        for (name, score) in &scores {
            println!("{part}, credits of {name}: {score}");
        }
        if part == "test" {
            let [(_, sound), _, (_, all), _] = &scores;
            // The aim is a precision of 0.98 and a recall of 0.90. What is missed for the latter are pairs of stage names
            // that nothing in the catalogue tells from a duo ("Hitkidd & GloRilla").
            assert!(sound.precision() >= 0.98 && sound.recall() >= 0.88, "{sound}");
            assert!(all.precision() >= 0.93 && all.recall() >= 0.86, "{all}");
        }
    }
}

/// Counts of credits.
#[derive(Default)]
struct Score {
    found: usize,
    right: usize,
    wanted: usize,
}

impl Score {
    fn add(&mut self, found: &BTreeSet<(String, Role)>, wanted: &BTreeSet<(String, Role)>) {
        self.found += found.len();
        self.wanted += wanted.len();
        self.right += found.intersection(wanted).count();
    }

    fn precision(&self) -> f64 {
        self.right as f64 / self.found as f64
    }

    fn recall(&self) -> f64 {
        self.right as f64 / self.wanted as f64
    }
}

impl std::fmt::Display for Score {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Score { found, right, wanted } = self;
        let (precision, recall) = (self.precision(), self.recall());
        write!(f, "precision {precision:.3}, recall {recall:.3} ({right} right, {found} found, {wanted} labelled)")
    }
}

proptest! {
    #[test]
    fn any_field_gives_credits_that_are_parts_of_it(field in "\\PC{0,40}", known in proptest::collection::vec("[A-C ]{1,5}", 0..5)) {
        let known = KnownNames::from_counts(known.iter().map(|name| (name.as_str(), 1)));
        let credits = artist_credits(&field, &known);
        prop_assert_eq!(credits.is_empty(), field.trim().is_empty());
        for credit in &credits {
            prop_assert!(!credit.name.trim().is_empty());
            prop_assert_eq!(credit.name.trim(), &credit.name);
        }
        title_credits(&field, &known);
    }

    #[test]
    fn pieces_of_credit_grammar_never_panic(pieces in proptest::collection::vec(
        prop_oneof![
            Just("feat."), Just("ft"), Just("&"), Just(","), Just(" "), Just("x"), Just("X"), Just("vs."), Just("("), Just(")"),
            Just("["), Just("]"), Just("A"), Just("Bo Doe"), Just("with"), Just("The"), Just("and"), Just("/"), Just(";"),
            Just("Remix"), Just("'s"), Just("Dub"), Just(" - "), Just("É"), Just("İ"), Just("ß"), Just("工"), Just("pres."),
        ], 0..12)) {
        let text: String = pieces.concat();
        let spaced = pieces.join(" ");
        let known = KnownNames::from_counts([("A", 1), ("Bo Doe", 2)]);
        for text in [&text, &spaced] {
            let credits = artist_credits(text, &known);
            prop_assert_eq!(credits.is_empty(), text.trim().is_empty());
            title_credits(text, &known);
        }
    }
}
