//! The words that names and titles are built from. Changing one changes the catalogue of every seed.

/// Genres of scenes; further scenes put a [`GENRE_MODIFIERS`] word in front.
pub(super) const GENRES: &[&str] = &[
    "Deep House", "Lo-Fi Hip Hop", "Drum & Bass", "Ambient", "Indie Folk", "Synthwave", "Afrobeat", "Dub Techno",
    "Future Garage", "Neo Soul", "Post-Rock", "Trap", "Melodic Techno", "Dream Pop", "Jazz Fusion", "UK Garage",
    "Dubstep", "Bossa Nova", "Shoegaze", "Grime", "Tropical House", "Math Rock", "Cumbia", "Chillwave", "Boom Bap",
    "Minimal", "Hyperpop", "Trip Hop", "Psytrance", "Amapiano", "Nu Disco", "Breakbeat", "Modern Classical",
    "Garage Rock", "Reggae", "Footwork", "Vaporwave", "Electro Swing", "Baile Funk", "Doom Metal",
];

/// Words in front of a genre.
pub(super) const GENRE_MODIFIERS: &[&str] = &[
    "Nordic", "Dark", "Sunset", "Liquid", "Cosmic", "Coastal", "Organic", "Midnight", "Tape", "Slow", "Analog",
    "Desert", "Alpine", "Broken", "Velvet", "Island", "Acid", "Rainy", "Soulful", "Industrial",
];

/// Tags that every scene uses.
pub(super) const SHARED_TAGS: &[&str] = &[
    "chill", "night", "summer", "instrumental", "vocal", "party", "focus", "live", "remaster", "underground", "new",
    "free download",
];

/// First words of a scene's own tags.
pub(super) const TAG_MOODS: &[&str] = &[
    "dusty", "warm", "broken", "glassy", "hazy", "rolling", "grainy", "floating", "heavy", "hushed", "wonky", "silky",
    "frozen", "molten", "crisp", "muddy", "airy", "murky", "golden", "hollow", "jagged", "lush", "mellow", "misty",
    "neon", "pastel", "rusty", "salty", "shimmering", "skipping", "sleepy", "smoky", "snappy", "soft", "sparse",
    "spiral", "steely", "stormy", "sunlit", "swaying", "tangled", "tender", "tidal", "twisted", "woozy", "woven",
    "bitter", "bouncy", "brassy", "breezy", "bright", "burnt", "chunky", "crackling", "drifting", "echoing", "electric",
    "feral", "fluid", "weightless",
];

/// Second words of a scene's own tags.
pub(super) const TAG_TEXTURES: &[&str] = &[
    "drums", "chords", "pads", "keys", "strings", "vocals", "bass", "bells", "loops", "guitars", "percussion", "horns",
    "synths", "samples", "harmonies", "arps", "kicks", "hats", "organs", "flutes", "drones", "breaks", "riffs", "claps",
    "textures", "melodies", "grooves", "swells", "plucks", "stabs", "choirs", "marimbas", "whistles", "reverbs",
    "delays", "tape", "vinyl", "piano", "cello", "rhodes", "snares", "toms", "shakers", "leads", "noise", "fields",
    "echoes", "pulses", "waves", "sirens", "bongos", "congas", "clavs", "harps", "kalimbas", "mallets", "sitars",
    "banjos", "trumpets", "subs",
];

/// Beginnings of invented names.
pub(super) const NAME_STARTS: &[&str] = &[
    "Vel", "Tor", "Mar", "Ken", "Ori", "Sal", "Lum", "Bri", "Cas", "Dov", "El", "Fen", "Gal", "Hal", "Ist", "Jor",
    "Kel", "Lor", "Mer", "Nor", "Ost", "Pel", "Quin", "Ros", "Sor", "Tam", "Ulm", "Var", "Wend", "Yar", "Zel", "Ald",
    "Bor", "Cor", "Dal", "Est", "Fal", "Gren", "Hol", "Ild", "Jun", "Kor", "Lin", "Mon", "Nev", "Olm", "Pav", "Ral",
];

/// Middles of invented names.
pub(super) const NAME_MIDDLES: &[&str] = &[
    "a", "e", "i", "o", "u", "ari", "ovi", "ine", "anda", "esti", "oru", "ela", "imo", "uma", "ave", "ond", "ekla",
    "isa", "otte", "ura", "envi", "amba", "olke", "iri",
];

/// Ends of invented names.
pub(super) const NAME_ENDS: &[&str] = &[
    "ra", "lind", "vane", "sk", "no", "mir", "den", "lo", "th", "ri", "ston", "va", "ren", "kai", "nd", "ska", "mo",
    "dal", "lis", "ta", "vik", "rell", "nau", "bek", "lune", "tis", "gard", "lax", "sen", "mond", "ryn", "dora", "quist",
    "low", "nova", "pell", "rix", "zane",
];

/// Ends of short invented names, straight behind a beginning.
pub(super) const SHORT_NAME_ENDS: &[&str] = &[
    "vane", "lind", "dal", "vik", "gard", "mond", "dora", "quist", "low", "nova", "pell", "zane", "lune", "bek", "mir",
    "den", "va", "kai", "sen", "rix",
];

/// First names of artists and users.
pub(super) const FIRST_NAMES: &[&str] = &[
    "Mara", "Ivo", "Noor", "Tomasz", "Leila", "Kofi", "Sanne", "Yuki", "Diego", "Amara", "Petra", "Ravi", "Ines",
    "Mateo", "Freya", "Samir", "Olena", "Jonas", "Priya", "Luca", "Zanele", "Emre", "Astrid", "Bao", "Carla", "Dmitri",
    "Esra", "Felipe", "Greta", "Hana", "Idris", "Jana", "Kwame", "Lotte", "Milan", "Nadia", "Otto", "Paloma", "Quincy",
    "Rosa", "Sven", "Tariq", "Uma", "Vera", "Wanda", "Xenia", "Yasmin", "Zoltan", "Aiko", "Bram",
];

/// What invented bands are called after.
pub(super) const BAND_NOUNS: &[&str] = &[
    "Signals", "Committee", "Antlers", "Weather", "Machines", "Gardens", "Orchestra", "Society", "Tapes", "Lanterns",
    "Choir", "Harbours", "Satellites", "Brothers", "Sisters", "Cabinet", "Trio", "Union", "Foxes", "Archive", "Motel",
    "Parade", "Ensemble", "Pilots", "Telegraph", "Sound System", "Ghosts", "Rivers", "Radio", "Collective",
];

/// Katakana for invented Japanese artist names.
pub(super) const KATAKANA: &[&str] = &[
    "ミ", "ラ", "ノ", "カ", "ソ", "ユ", "リ", "モ", "ナ", "セ", "ト", "ハ", "ル", "キ",
];

/// Syllables for invented Cyrillic artist names.
pub(super) const CYRILLIC: &[&str] = &[
    "Ве", "ло", "ра", "ми", "но", "ста", "ку", "ли", "Зо", "Та", "рим", "ден",
];

/// What labels are called.
pub(super) const LABEL_KINDS: &[&str] = &[
    "Records", "Recordings", "Tapes", "Music", "Sound", "Editions", "Discs", "Audio", "Works", "Imprint",
];

/// Adjectives of titles.
pub(super) const TITLE_ADJECTIVES: &[&str] = &[
    "Quiet", "Golden", "Broken", "Electric", "Hidden", "Distant", "Paper", "Silver", "Lonely", "Endless", "Crimson",
    "Hollow", "Velvet", "Frozen", "Restless", "Wild", "Fading", "Second", "Last", "Secret", "Burning", "Sleeping",
    "Empty", "Northern", "Southern", "Little", "Slow", "Sudden", "Borrowed", "Crooked", "Invisible", "Weightless",
    "Honest", "Static", "Sunken", "Plastic", "Magnetic", "Midnight", "Early", "Late", "Blue", "Amber", "Green",
    "Violet", "Ordinary", "Perfect", "Tangled", "Unsent", "Forgotten", "Familiar", "Foreign", "Half", "Open", "Narrow",
    "Loud", "Gentle", "Strange", "Sweet", "Bitter", "Analog",
];

/// Nouns of titles.
pub(super) const TITLE_NOUNS: &[&str] = &[
    "Harbour", "Window", "Letters", "Signal", "River", "Lantern", "Garden", "Highway", "Mirror", "Summer", "Winter",
    "Station", "Ceiling", "Ocean", "Staircase", "Telephone", "Orbit", "Shadow", "Fever", "Postcard", "Circle", "Engine",
    "Feather", "Compass", "Tide", "Balcony", "Thunder", "Satellite", "Echo", "Forest", "Motel", "Rooftop", "Carousel",
    "Island", "Static", "Gravity", "Candle", "Curtain", "Elevator", "Anchor", "Atlas", "Bridge", "Canyon", "Dust",
    "Ember", "Frost", "Glass", "Hunter", "Ivory", "Jungle", "Kite", "Ladder", "Meadow", "Neon", "Orchid", "Parade",
    "Quarry", "Ribbon", "Sailor", "Temple", "Umbrella", "Valley", "Whisper", "Yard", "Zenith", "Basement", "Concrete",
    "Daylight", "Evening", "Fountain", "Ghost", "Horizon", "Iceberg", "Jacket", "Kitchen", "Lighthouse", "Machine",
    "Needle", "Oasis", "Planet", "Question", "Radio", "Season", "Ticket", "Universe", "Voltage", "Waterfall", "Morning",
    "Pavement", "Skyline", "Tunnel", "Traffic", "Honey", "Smoke", "Silence", "Stranger", "Weekend", "Vapour",
    "Distance", "Rain",
];

/// Places of titles.
pub(super) const TITLE_PLACES: &[&str] = &[
    "the City", "the Kitchen", "Lisbon", "Berlin", "the Backseat", "Room 9", "the Dark", "Osaka", "the Suburbs",
    "the Rain", "Marseille", "the Mountains", "the Garage", "Accra", "the Basement", "Reykjavik", "Sunday", "the Water",
    "Terminal 2", "Slow Motion", "July", "November", "the Afterhours", "Valparaíso", "Kraków", "the Arcade",
];

/// Verbs of titles.
pub(super) const TITLE_VERBS: &[&str] = &[
    "Wait", "Follow", "Forget", "Call", "Chase", "Carry", "Hold", "Lose", "Leave", "Hear", "Keep", "Break", "Catch",
    "Cross", "Draw", "Paint", "Remember", "Miss", "Burn", "Trust",
];

/// First and second words of titles in other scripts.
pub(super) const FOREIGN_TITLES: &[([&str; 4], &str, [&str; 4])] = &[
    (["夜の", "青い", "静かな", "真夏の"], "", ["街", "海", "電車", "月"]),
    (["Ночной", "Тихий", "Последний", "Северный"], " ", ["город", "поезд", "снег", "ветер"]),
    (["Νύχτα", "Βροχή", "Σιωπή", "Μνήμη"], " ", ["στην πόλη", "τον Μάη", "και φως", "του νερού"]),
    (["밤의", "푸른", "조용한", "마지막"], " ", ["거리", "바다", "기차", "여름"]),
    (["ليل", "مطر", "صمت", "ضوء"], " ", ["المدينة", "البحر", "الصيف", "القمر"]),
    (["שקט", "לילה", "אור", "גשם"], " ", ["בעיר", "בים", "אחרון", "לבן"]),
    (["रात", "बारिश", "नीला", "आख़िरी"], " ", ["का शहर", "और चाँद", "सपना", "गीत"]),
];

/// Emoji of titles.
pub(super) const EMOJI: &[&str] = &[
    "🔥", "🌙", "🌊", "✨", "🎧", "💔", "🌴", "🚀", "👽", "🎹", "👩‍🚀", "🇵🇹",
];

/// Words in front of a genre in playlist titles.
pub(super) const PLAYLIST_MOODS: &[&str] = &[
    "Late Night", "Sunday Morning", "Rainy Day", "Summer", "After Hours", "Golden Hour", "Slow", "Peak Time", "Rooftop",
    "Underground", "Fresh", "Classic", "Warm-up", "Winter", "Sunset", "Early Hours",
];

/// Activities of playlist titles.
pub(super) const PLAYLIST_ACTIVITIES: &[&str] = &[
    "Study", "Workout", "Road Trip", "Cooking", "Focus", "Running", "Coffee", "Coding", "Commute", "Reading", "Party",
    "Sleep", "Gaming", "Painting", "Walking",
];

/// First halves of user names.
pub(super) const HANDLE_STARTS: &[&str] = &[
    "night", "moss", "velvet", "paper", "cloud", "neon", "tape", "river", "static", "luna", "vinyl", "echo", "pixel",
    "rain", "solar", "bass", "honey", "ghost", "copper", "mellow", "ultra", "tiny", "lazy", "cosmic", "salt",
];

/// Second halves of user names.
pub(super) const HANDLE_ENDS: &[&str] = &[
    "owl", "runner", "fox", "listener", "head", "digger", "heron", "walker", "dreamer", "crate", "kid", "moth", "pilot",
    "collector", "hunter", "drifter", "cat", "wolf", "signal", "garden",
];

/// Cities with their countries.
pub(super) const CITIES: &[(&str, &str)] = &[
    ("Berlin", "DE"), ("Leipzig", "DE"), ("London", "GB"), ("Bristol", "GB"), ("Glasgow", "GB"), ("Paris", "FR"),
    ("Lyon", "FR"), ("Amsterdam", "NL"), ("Rotterdam", "NL"), ("Lisbon", "PT"), ("Barcelona", "ES"), ("Kraków", "PL"),
    ("Kyiv", "UA"), ("Oslo", "NO"), ("Reykjavík", "IS"), ("Detroit", "US"), ("Atlanta", "US"), ("Portland", "US"),
    ("Montréal", "CA"), ("São Paulo", "BR"), ("Bogotá", "CO"), ("Buenos Aires", "AR"), ("Lagos", "NG"), ("Accra", "GH"),
    ("Johannesburg", "ZA"), ("Istanbul", "TR"), ("Tel Aviv", "IL"), ("Mumbai", "IN"), ("Seoul", "KR"), ("Tokyo", "JP"),
    ("Osaka", "JP"), ("Melbourne", "AU"),
];

/// Musical keys.
pub(super) const KEYS: &[&str] = &[
    "C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B", "Cm", "C#m", "Dm", "Ebm", "Em", "Fm", "F#m", "Gm",
    "G#m", "Am", "Bbm", "Bm",
];
