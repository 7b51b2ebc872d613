//! Keys of names, tags and labels.

use proptest::prelude::*;
use sgr_engine::fuse::{label_key, name_key, tag_key};

#[test]
fn spellings_of_one_name_are_equal() {
    for (one, other) in [
        ("Beyoncé", "BEYONCE"),
        ("Beyonce\u{0301}", "beyoncé"),
        ("Guns N' Roses", "Guns N’ Roses"),
        ("Simon & Garfunkel", "simon and garfunkel"),
        ("Florence + The Machine", "Florence and the Machine"),
        ("Jean-Michel Jarre", "Jean Michel  Jarre"),
        ("Ke$ha", "Kesha"),
        ("Joey Bada$$", "joey badass"),
        ("Röyksopp", "Royksopp"),
        ("Mø", "MO"),
        ("Straße", "STRASSE"),
        ("STRAẞE", "Straße"),
        ("ＡＢＣ", "abc"),
        ("ﬁnk", "Fink"),
        ("Σωκράτης", "ΣΩΚΡΑΤΗΣ"),
        ("Кино", "КИНО"),
        ("Ёлка", "Елка"),
        ("İstanbul", "istanbul"),
        ("Error Subcut\u{200b}á\u{200b}neo", "Error Subcutáneo"),
        ("Artist™", "artist"),
        ("שָׁלוֹם", "שלום"),
        ("!!!", " !!! "),
    ] {
        assert_eq!(name_key(one), name_key(other), "{one} and {other}");
    }
}

#[test]
fn every_character_alone_has_an_idempotent_key() {
    for c in (char::MIN..=char::MAX).map(String::from) {
        for key in [name_key, tag_key, label_key] {
            let once = key(&c);
            assert_eq!(key(&once), once, "{c:?}");
        }
    }
}

#[test]
fn different_names_have_different_keys() {
    for (one, other) in [
        ("Prince", "Princess Nokia"),
        ("Blink 182", "Blink 183"),
        ("M.I.A.", "Mia"),
        ("!!!", "†††"),
        ("Кий", "Кии"),
        ("ハハ", "ババ"),
        ("क", "कि"),
        ("가", "나"),
        ("The Beatles", "Beatles"),
    ] {
        assert_ne!(name_key(one), name_key(other), "{one} and {other}");
    }
}

#[test]
fn tags_and_labels_have_keys_of_their_own() {
    for (one, other) in [
        ("hiphop", "Hip-Hop"),
        ("hip hop", "Hip-Hop"),
        ("R&B", "rnb"),
        ("r and b", "R'n'B"),
        ("Drum & Bass", "drum n bass"),
        ("drum'n'bass", "Drum and Bass"),
        ("lo-fi", "LoFi"),
        ("90s", "90's"),
        ("#techno", "Techno"),
        ("ᄀ ᅭ", "교"),
    ] {
        assert_eq!(tag_key(one), tag_key(other), "{one} and {other}");
    }
    assert_ne!(tag_key("1 2"), tag_key("12"));
    assert_ne!(tag_key("house"), tag_key("houses"));
    for (one, other) in
        [("Ninja Tune Records", "Ninja Tune"), ("XL Recordings Ltd.", "XL"), ("Domino Recording Co", "domino")]
    {
        assert_eq!(label_key(one), label_key(other), "{one} and {other}");
    }
    assert_eq!(label_key("Records"), "records");
    assert_eq!(label_key("Music Records"), "music");
    assert_ne!(label_key("ABC Records"), label_key("BC Records"));
}

proptest! {
    #[test]
    fn keys_are_idempotent_and_name_everything_visible(text in "\\PC{0,24}") {
        for key in [name_key, tag_key, label_key] {
            let once = key(&text);
            prop_assert_eq!(&key(&once), &once);
            prop_assert_eq!(once.is_empty(), text.trim().is_empty());
            prop_assert!(!once.starts_with(' ') && !once.ends_with(' ') && !once.contains("  "));
        }
    }

    #[test]
    fn keys_of_any_characters_are_idempotent(text in proptest::collection::vec(any::<char>(), 0..12)) {
        let text: String = text.into_iter().collect();
        for key in [name_key, tag_key, label_key] {
            let once = key(&text);
            prop_assert_eq!(&key(&once), &once);
        }
    }

    #[test]
    fn case_does_not_matter(text in "[a-zA-Zäöüßéèñøæœđłþ0-9 &.'-]{1,16}") {
        prop_assert_eq!(name_key(&text.to_uppercase()), name_key(&text));
    }
}
