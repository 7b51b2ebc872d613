-- Tables of sgr_graph. Schema "sgr" holds tables and views; functions live in the schema chosen at CREATE EXTENSION.
-- Three groups: the catalogue (user data, in pg_dump), settings (in pg_dump), derived (rebuildable, not dumped).

CREATE SCHEMA sgr;
COMMENT ON SCHEMA sgr IS 'sgr_graph: catalogue, settings and derived tables of the music graph and recommender';
GRANT USAGE ON SCHEMA sgr TO PUBLIC;

-- ---------------------------------------------------------------------------------------------------------------------
-- Catalogue. Memberships carry no foreign keys: external ids arrive in any order and half known.
-- ---------------------------------------------------------------------------------------------------------------------

CREATE TABLE sgr.artists (
    artist_id       bigint PRIMARY KEY,
    urn             text,
    name            text,
    permalink_url   text,
    city            text,
    country_code    text,
    followers_count bigint CHECK (followers_count >= 0),
    source          text,
    fetched_at      timestamptz
);
COMMENT ON TABLE sgr.artists IS 'Who makes tracks: one row per artist account or name';
COMMENT ON COLUMN sgr.artists.followers_count IS 'Followers at the source; NULL where the source hides it';
CREATE INDEX artists_permalink_url_idx ON sgr.artists (permalink_url) WHERE permalink_url IS NOT NULL;
CREATE INDEX artists_urn_idx ON sgr.artists (urn) WHERE urn IS NOT NULL;

CREATE TABLE sgr.users (
    user_id         bigint PRIMARY KEY,
    urn             text,
    name            text,
    permalink_url   text,
    city            text,
    country_code    text,
    followers_count bigint CHECK (followers_count >= 0),
    source          text,
    fetched_at      timestamptz
);
COMMENT ON TABLE sgr.users IS 'Who listens: owners of playlists, givers of likes';

CREATE FUNCTION sgr.engagement(
    plays bigint, likes bigint, reposts bigint, comments bigint, created_at timestamptz, fetched_at timestamptz)
RETURNS real
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN plays IS NULL OR coalesce(likes, reposts, comments) IS NULL THEN NULL ELSE (
    -- r/(r + 0.04), r = reactions per play after 50 plays of average response (0.04) were added
    0.75 * (1 - 0.04::float8 / (0.04::float8
        + (coalesce(likes, 0)::float8 + 2 * coalesce(reposts, 0)::float8 + 2 * coalesce(comments, 0)::float8 + 2)
            / (plays::float8 + 50)))
    -- v/(v + ln 101), v = ln(1 + plays per day)
    + 0.25 * CASE WHEN isfinite(created_at) AND isfinite(fetched_at) THEN
        1 - ln(101::float8) / (ln(101::float8)
            + ln(1 + plays::float8 / greatest(1, extract(epoch FROM fetched_at - created_at)::float8 / 86400)))
      ELSE 0.5 END)::real END;
COMMENT ON FUNCTION sgr.engagement(bigint, bigint, bigint, bigint, timestamptz, timestamptz) IS
    'How much listeners respond, in (0,1); 0.5 = 4 reactions per 100 plays and 100 plays a day: 0.75 * r/(r + 0.04) + 0.25 * v/(v + ln 101), r = (likes + 2 reposts + 2 comments + 2) / (plays + 50), v = ln(1 + plays per day between created_at and fetched_at, at least one day). Rates, so that small and large tracks compare. NULL without plays or without any reaction count; a single hidden reaction count adds nothing; without a time the second term is 0.125';

CREATE TABLE sgr.tracks (
    track_id        bigint PRIMARY KEY,
    urn             text,
    artist_id       bigint,
    title           text,
    genre           text,
    tags            text[],
    permalink_url   text,
    duration_ms     integer CHECK (duration_ms >= 0),
    label           text,
    isrc            text,
    bpm             real,
    key_signature   text,
    released_on     date,
    created_at      timestamptz,
    playback_count  bigint CHECK (playback_count >= 0),
    likes_count     bigint CHECK (likes_count >= 0),
    reposts_count   bigint CHECK (reposts_count >= 0),
    comment_count   bigint CHECK (comment_count >= 0),
    source          text,
    fetched_at      timestamptz,
    machine_tags    text[],
    engagement      real GENERATED ALWAYS AS (sgr.engagement(
        playback_count, likes_count, reposts_count, comment_count, created_at, fetched_at)) STORED
);
COMMENT ON TABLE sgr.tracks IS 'Tracks with their metadata; anything unknown is NULL';
COMMENT ON COLUMN sgr.tracks.tags IS 'Free tags, display form; compared after trimming and case folding';
COMMENT ON COLUMN sgr.tracks.machine_tags IS 'Tags for programs, as in soundcloud:source=iphone-record';
COMMENT ON COLUMN sgr.tracks.engagement IS 'sgr.engagement() of the counts: in (0,1); NULL where they are hidden';
COMMENT ON COLUMN sgr.tracks.playback_count IS 'Plays at the source; NULL where the source hides them';
CREATE INDEX tracks_artist_id_idx ON sgr.tracks (artist_id);
CREATE INDEX tracks_permalink_url_idx ON sgr.tracks (permalink_url) WHERE permalink_url IS NOT NULL;
CREATE INDEX tracks_urn_idx ON sgr.tracks (urn) WHERE urn IS NOT NULL;

CREATE TABLE sgr.track_artists (
    track_id  bigint NOT NULL,
    artist_id bigint NOT NULL,
    role      text NOT NULL DEFAULT 'featured' CHECK (role IN ('main', 'featured', 'remixer')),
    PRIMARY KEY (track_id, artist_id)
);
COMMENT ON TABLE sgr.track_artists IS
    'Credits beside tracks.artist_id: who else made a track. Two artists of one track collaborate';
CREATE INDEX track_artists_artist_id_idx ON sgr.track_artists (artist_id);

CREATE TABLE sgr.playlists (
    playlist_id   bigint PRIMARY KEY,
    urn           text,
    owner_id      bigint,
    title         text,
    is_album      boolean,
    tags          text[],
    permalink_url text,
    created_at    timestamptz,
    modified_at   timestamptz,
    is_public     boolean NOT NULL DEFAULT true,
    track_count   integer CHECK (track_count >= 0),
    likes_count   bigint CHECK (likes_count >= 0),
    source        text,
    fetched_at    timestamptz
);
COMMENT ON TABLE sgr.playlists IS 'Playlists and albums; their entries are in sgr.playlist_tracks';
COMMENT ON COLUMN sgr.playlists.track_count IS 'What the source says; the entries may be fewer';
CREATE INDEX playlists_owner_id_idx ON sgr.playlists (owner_id);

CREATE TABLE sgr.playlist_tracks (
    playlist_id bigint NOT NULL,
    track_id    bigint NOT NULL,
    position    integer NOT NULL,
    added_at    timestamptz,
    PRIMARY KEY (playlist_id, position)
);
COMMENT ON TABLE sgr.playlist_tracks IS 'Entries of playlists in their order; a track may stand in one playlist twice';
CREATE INDEX playlist_tracks_track_id_idx ON sgr.playlist_tracks (track_id);

CREATE TABLE sgr.interactions (
    user_id     bigint NOT NULL,
    track_id    bigint NOT NULL,
    kind        text NOT NULL DEFAULT 'like' CHECK (kind IN ('like', 'repost', 'play')),
    weight      real,
    occurred_at timestamptz,
    PRIMARY KEY (user_id, track_id, kind)
);
COMMENT ON TABLE sgr.interactions IS 'What users did with tracks';
COMMENT ON COLUMN sgr.interactions.weight IS 'How much, e.g. a play count; NULL means once';
-- Holds all that sgr_similar_users() reads of a track's listeners.
CREATE INDEX interactions_track_id_idx ON sgr.interactions (track_id, kind, user_id);

CREATE TABLE sgr.follows (
    user_id     bigint NOT NULL,
    followed_id bigint NOT NULL,
    PRIMARY KEY (user_id, followed_id)
);
COMMENT ON TABLE sgr.follows IS 'Who follows whom';

-- ---------------------------------------------------------------------------------------------------------------------
-- Settings
-- ---------------------------------------------------------------------------------------------------------------------

CREATE TABLE sgr.sources (
    role     text PRIMARY KEY
             CHECK (role IN ('playlist_tracks', 'playlists', 'interactions', 'tracks', 'artists', 'users')),
    relation text NOT NULL,
    query    text NOT NULL
);
COMMENT ON TABLE sgr.sources IS
    'Which relation of the user stands in for a catalogue table; set by sgr_source_set(). A role without a row reads sgr.<role>';
COMMENT ON COLUMN sgr.sources.relation IS 'Schema-qualified and quoted as in SQL';
COMMENT ON COLUMN sgr.sources.query IS 'The SELECT that gives the relation the columns of the catalogue table';

CREATE TABLE sgr.source_columns (
    role        text NOT NULL,
    ordinal     smallint NOT NULL,
    column_name name NOT NULL,
    type        text NOT NULL,
    required    boolean NOT NULL,
    if_missing  text NOT NULL DEFAULT 'NULL',
    PRIMARY KEY (role, ordinal)
);
COMMENT ON TABLE sgr.source_columns IS
    'The columns that sgr_source_set() looks for in a relation of the user; a missing optional column reads as if_missing';
INSERT INTO sgr.source_columns (role, ordinal, column_name, type, required, if_missing) VALUES
    ('playlist_tracks', 1, 'playlist_id', 'bigint', true,  'NULL'),
    ('playlist_tracks', 2, 'track_id',    'bigint', true,  'NULL'),
    ('playlist_tracks', 3, 'position',    'bigint', false, 'NULL'),
    ('playlist_tracks', 4, 'added_at',    'timestamptz', false, 'NULL'),
    ('playlists', 1, 'playlist_id',   'bigint', true,  'NULL'),
    ('playlists', 2, 'owner_id',      'bigint', false, 'NULL'),
    ('playlists', 3, 'title',         'text', false, 'NULL'),
    ('playlists', 4, 'is_album',      'boolean', false, 'NULL'),
    ('playlists', 5, 'is_public',     'boolean', false, 'true'),
    ('playlists', 6, 'created_at',    'timestamptz', false, 'NULL'),
    ('playlists', 7, 'modified_at',   'timestamptz', false, 'NULL'),
    ('playlists', 8, 'likes_count',   'bigint', false, 'NULL'),
    ('interactions', 1, 'user_id',     'bigint', true,  'NULL'),
    ('interactions', 2, 'track_id',    'bigint', true,  'NULL'),
    ('interactions', 3, 'kind',        'text', false, '''like'''),
    ('interactions', 4, 'weight',      'real', false, 'NULL'),
    ('interactions', 5, 'occurred_at', 'timestamptz', false, 'NULL'),
    ('tracks', 1,  'track_id',       'bigint', true,  'NULL'),
    ('tracks', 2,  'artist_id',      'bigint', false, 'NULL'),
    ('tracks', 3,  'title',          'text', false, 'NULL'),
    ('tracks', 4,  'genre',          'text', false, 'NULL'),
    ('tracks', 5,  'tags',           'text[]', false, 'NULL'),
    ('tracks', 6,  'urn',            'text', false, 'NULL'),
    ('tracks', 7,  'permalink_url',  'text', false, 'NULL'),
    ('tracks', 8,  'duration_ms',    'bigint', false, 'NULL'),
    ('tracks', 9,  'label',          'text', false, 'NULL'),
    ('tracks', 10, 'released_on',    'date', false, 'NULL'),
    ('tracks', 11, 'playback_count', 'bigint', false, 'NULL'),
    ('tracks', 12, 'likes_count',    'bigint', false, 'NULL'),
    ('tracks', 13, 'reposts_count',  'bigint', false, 'NULL'),
    ('tracks', 14, 'comment_count',  'bigint', false, 'NULL'),
    ('tracks', 15, 'isrc',           'text', false, 'NULL'),
    ('tracks', 16, 'source',         'text', false, 'NULL'),
    ('artists', 1, 'artist_id',       'bigint', true,  'NULL'),
    ('artists', 2, 'name',            'text', false, 'NULL'),
    ('artists', 3, 'permalink_url',   'text', false, 'NULL'),
    ('artists', 4, 'followers_count', 'bigint', false, 'NULL'),
    ('artists', 5, 'urn',             'text', false, 'NULL'),
    ('users', 1, 'user_id',       'bigint', true,  'NULL'),
    ('users', 2, 'name',          'text', false, 'NULL'),
    ('users', 3, 'permalink_url', 'text', false, 'NULL');

-- The shipped weights and the user's are two tables, so that a dump holds what the user set and nothing else.
CREATE TABLE sgr.signal_defaults (
    ordinal     smallint NOT NULL UNIQUE,
    signal      text PRIMARY KEY,
    weight      double precision NOT NULL,
    description text NOT NULL
);
COMMENT ON TABLE sgr.signal_defaults IS 'The signals of sgr_recommend() in the order of their summation, with the shipped weights';
INSERT INTO sgr.signal_defaults (ordinal, signal, weight, description) VALUES
    (1, 'playlists',  0.45, 'cosine of playlist co-occurrence, shrunk by t/(t+1) with t common playlists'),
    (2, 'likes',      0.25, 'cosine of like co-occurrence, shrunk by t/(t+1) with t common users'),
    (3, 'tags',       0.18, 'cosine of IDF-weighted tags'),
    (4, 'artist',     0.10, 'same artist, or artists who worked together'),
    (5, 'popularity', 0.02, 'logarithm of playlists and likes, relative to the most popular track');

CREATE TABLE sgr.signal_weights (
    profile text NOT NULL,
    signal  text NOT NULL,
    weight  double precision NOT NULL CHECK (weight >= 0 AND weight < 'Infinity'),
    PRIMARY KEY (profile, signal)
);
COMMENT ON TABLE sgr.signal_weights IS 'Weights set by sgr_signal_set(); a signal that a profile does not name has its shipped weight';

-- ---------------------------------------------------------------------------------------------------------------------
-- Derived tables
-- ---------------------------------------------------------------------------------------------------------------------

CREATE TABLE sgr.runs (
    run_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    task        text NOT NULL,
    parameters  jsonb NOT NULL,
    result      jsonb NOT NULL,
    started_at  timestamptz NOT NULL,
    elapsed_ms  double precision NOT NULL,
    version     text NOT NULL,
    run_by      name NOT NULL DEFAULT current_user
);
COMMENT ON TABLE sgr.runs IS 'Every refresh with all its parameters, counts, timing and version: results are reproducible';

-- What a refresh writes is mostly this table, and its time is mostly bytes: numbers are stored as narrow as a row's
-- values allow. The view sgr.cooccurrence shows one set of columns.
CREATE TABLE sgr.cooccurrence_lists (
    kind                   smallint NOT NULL,
    generation             integer NOT NULL,
    item_id                bigint NOT NULL,
    baskets                integer NOT NULL,
    neighbours             integer[],
    wide_neighbours        bigint[],
    together               smallint[],
    wide_together          integer[],
    neighbour_baskets      smallint[],
    wide_neighbour_baskets integer[],
    weighted               real[],
    PRIMARY KEY (kind, generation, item_id)
) USING heap;
COMMENT ON TABLE sgr.cooccurrence_lists IS
    'Storage of co-occurrence, one row per item with its nearest neighbours as parallel arrays; read it through sgr.cooccurrence or sgr.track_cooccurrence';
COMMENT ON COLUMN sgr.cooccurrence_lists.kind IS
    '1: tracks by playlists, 2: tracks by likes, 3: artists by playlists, 4: artists by likes';
COMMENT ON COLUMN sgr.cooccurrence_lists.generation IS
    'The full refresh that wrote the row, as in sgr.cooccurrence_state: a new one fills a fresh end of the index and need not be compared with the rows that it replaces';
COMMENT ON COLUMN sgr.cooccurrence_lists.wide_neighbours IS
    'The neighbours of a row of which one has an id over 2^31; neighbours is then NULL';
COMMENT ON COLUMN sgr.cooccurrence_lists.wide_together IS
    'The counts of a row of which one is over 32,767; together and neighbour_baskets are then NULL';
-- Rows of 100 neighbours stay whole in the heap; only those over 8 kB move out of line, and none is compressed:
-- measured, compression costs more than the reads it saves.
ALTER TABLE sgr.cooccurrence_lists SET (toast_tuple_target = 8160);
ALTER TABLE sgr.cooccurrence_lists
    ALTER COLUMN neighbours SET STORAGE EXTERNAL,
    ALTER COLUMN wide_neighbours SET STORAGE EXTERNAL,
    ALTER COLUMN together SET STORAGE EXTERNAL,
    ALTER COLUMN wide_together SET STORAGE EXTERNAL,
    ALTER COLUMN neighbour_baskets SET STORAGE EXTERNAL,
    ALTER COLUMN wide_neighbour_baskets SET STORAGE EXTERNAL,
    ALTER COLUMN weighted SET STORAGE EXTERNAL;

CREATE VIEW sgr.cooccurrence AS
SELECT kind, generation, item_id, baskets,
       coalesce(wide_neighbours, neighbours::bigint[]) AS neighbours,
       coalesce(wide_together, together::integer[]) AS together,
       coalesce(wide_neighbour_baskets, neighbour_baskets::integer[]) AS neighbour_baskets,
       weighted
FROM sgr.cooccurrence_lists;
COMMENT ON VIEW sgr.cooccurrence IS
    'Co-occurrence, one row per item with its nearest neighbours as parallel arrays; as pairs: sgr.cooccurrence_pairs';
COMMENT ON COLUMN sgr.cooccurrence.kind IS
    '1: tracks by playlists, 2: tracks by likes, 3: artists by playlists, 4: artists by likes';
COMMENT ON COLUMN sgr.cooccurrence.baskets IS 'Distinct baskets that hold the item';
COMMENT ON COLUMN sgr.cooccurrence.neighbours IS 'Item ids, best first by the measure of the refresh';
COMMENT ON COLUMN sgr.cooccurrence.together IS 'Distinct baskets that hold both, per neighbour';
COMMENT ON COLUMN sgr.cooccurrence.neighbour_baskets IS
    'Distinct baskets that hold the neighbour, as of the row''s writing; sgr.cooccurrence_drift has newer ones';
COMMENT ON COLUMN sgr.cooccurrence.weighted IS
    'Basket-length-weighted cosine per neighbour; NULL unless the refresh ranked by it';

CREATE TABLE sgr.cooccurrence_state (
    kind          smallint PRIMARY KEY,
    basket        text NOT NULL,
    item          text NOT NULL,
    run_id        bigint NOT NULL,
    generation    integer NOT NULL,
    total_baskets bigint NOT NULL,
    drifted       bigint NOT NULL DEFAULT 0,
    seen          pg_snapshot NOT NULL,
    seen_by       xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id(),
    parameters    jsonb NOT NULL,
    refreshed_at  timestamptz NOT NULL DEFAULT now()
);
COMMENT ON TABLE sgr.cooccurrence_state IS 'What each kind of sgr.cooccurrence holds: its last refresh and parameters';
COMMENT ON COLUMN sgr.cooccurrence_state.run_id IS 'The run of sgr.runs that last wrote the lists';
COMMENT ON COLUMN sgr.cooccurrence_state.seen IS
    'Transactions whose changes are counted: the others of sgr.cooccurrence_changes are still to do';
COMMENT ON COLUMN sgr.cooccurrence_state.seen_by IS
    'The refresh''s own transaction: what it changes after the refresh is still to do, though its snapshot cannot tell';
COMMENT ON COLUMN sgr.cooccurrence_state.drifted IS
    'Rows of sgr.cooccurrence_drift of this kind; 0 after a full refresh, and readers then skip that table';

CREATE TABLE sgr.cooccurrence_drift (
    kind    smallint NOT NULL,
    item_id bigint NOT NULL,
    baskets integer NOT NULL,
    PRIMARY KEY (kind, item_id)
);
COMMENT ON TABLE sgr.cooccurrence_drift IS
    'Basket counts that changed by incremental refreshes since the last full one: they overlay neighbour_baskets, so that scores of untouched rows stay exact';

CREATE TABLE sgr.cooccurrence_baskets (
    kind       smallint NOT NULL,
    first_id   bigint NOT NULL,
    basket_ids bigint[] NOT NULL,
    PRIMARY KEY (kind, first_id)
) USING heap;
COMMENT ON TABLE sgr.cooccurrence_baskets IS
    'The baskets that were counted, in chunks by id: an incremental refresh needs to know whether a changed basket was among them';

CREATE TABLE sgr.cooccurrence_changes (
    basket     text NOT NULL CHECK (basket IN ('playlist', 'like')),
    basket_id  bigint,
    track_id   bigint,
    publicity  boolean NOT NULL DEFAULT false,
    changed_by xid8 NOT NULL DEFAULT pg_catalog.pg_current_xact_id()
);
COMMENT ON TABLE sgr.cooccurrence_changes IS
    'Baskets changed since the last refresh, noted by triggers and by sgr_cooccur_touch(); a track_id is a track that left its basket; basket_id NULL means more than could be listed';
COMMENT ON COLUMN sgr.cooccurrence_changes.publicity IS
    'Not the entries changed but whether the playlist is known to be public: of no concern to counts of all playlists';

CREATE TABLE sgr.track_features (
    track_id   bigint PRIMARY KEY,
    artist_id  bigint,
    genre_id   integer,
    tag_ids    integer[] NOT NULL,
    tag_norm   double precision NOT NULL,
    playlists  integer NOT NULL,
    likes      integer NOT NULL,
    popularity real NOT NULL
) USING heap;
COMMENT ON TABLE sgr.track_features IS
    'What the signals need to know of each track: one narrow row, written by sgr_cooccur_refresh()';
COMMENT ON COLUMN sgr.track_features.tag_ids IS 'Ascending ids of sgr.tag_index; the genre counts as a tag';
COMMENT ON COLUMN sgr.track_features.tag_norm IS 'Length of the track''s IDF vector: sqrt(sum of idf^2 over its tags)';
COMMENT ON COLUMN sgr.track_features.popularity IS
    'ln(1+n)/ln(1+max n) with n = playlists + likes, in [0,1]';
CREATE INDEX track_features_popularity_idx ON sgr.track_features (popularity DESC, track_id);
CREATE INDEX track_features_artist_idx ON sgr.track_features (artist_id, popularity DESC, track_id);

CREATE TABLE sgr.feature_state (
    only_row      boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version       uuid NOT NULL DEFAULT pg_catalog.gen_random_uuid(),
    tracks_source text NOT NULL,
    behind        boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE sgr.feature_state IS
    'Version of sgr.track_features and sgr.tag_index, new with each writing: sessions keep what they read until it changes';
COMMENT ON COLUMN sgr.feature_state.tracks_source IS 'What the tracks were read from';
COMMENT ON COLUMN sgr.feature_state.behind IS
    'One kind was counted anew by itself: the next refresh of everything writes the features too';

CREATE TABLE sgr.cooccurrence_counts (
    kind     smallint NOT NULL,
    first_id bigint NOT NULL,
    item_ids bigint[] NOT NULL,
    baskets  integer[] NOT NULL,
    PRIMARY KEY (kind, first_id)
) USING heap;
COMMENT ON TABLE sgr.cooccurrence_counts IS
    'Baskets per item in chunks by item id: an incremental refresh needs the counts of thousands of items, and a probe for each would take longer than all the rest';
ALTER TABLE sgr.cooccurrence_counts SET (toast_tuple_target = 8160);
ALTER TABLE sgr.cooccurrence_counts
    ALTER COLUMN item_ids SET STORAGE EXTERNAL,
    ALTER COLUMN baskets SET STORAGE EXTERNAL;

CREATE TABLE sgr.user_features (
    user_id   bigint PRIMARY KEY,
    likes     integer NOT NULL,
    like_norm double precision NOT NULL
) USING heap;
COMMENT ON TABLE sgr.user_features IS 'Each user''s likes in numbers, for sgr_similar_users(); written by sgr_cooccur_refresh()';
COMMENT ON COLUMN sgr.user_features.like_norm IS
    'sqrt(sum of idf^2 over the liked tracks), idf = ln((1 + users) / (1 + likes of the track))';

CREATE TABLE sgr.tag_index (
    tag_id        integer PRIMARY KEY,
    tag           text NOT NULL UNIQUE,
    tracks        integer NOT NULL,
    idf           double precision NOT NULL,
    top_track_ids bigint[] NOT NULL,
    track_ids     bigint[] NOT NULL,
    track_norms   double precision[] NOT NULL
) USING heap;
COMMENT ON TABLE sgr.tag_index IS 'Each tag with its tracks, most popular first; written by sgr_cooccur_refresh()';
COMMENT ON COLUMN sgr.tag_index.tag IS 'Trimmed and case-folded';
COMMENT ON COLUMN sgr.tag_index.idf IS 'ln((1+N)/(1+tracks)), N = tracks with at least one tag';
COMMENT ON COLUMN sgr.tag_index.top_track_ids IS 'The 100 most popular of track_ids, kept in line';
ALTER TABLE sgr.tag_index
    ALTER COLUMN track_ids SET STORAGE EXTERNAL,
    ALTER COLUMN track_norms SET STORAGE EXTERNAL;

-- ---------------------------------------------------------------------------------------------------------------------
-- What pg_dump takes along: the user's data and settings, not what a refresh rebuilds.
-- ---------------------------------------------------------------------------------------------------------------------

SELECT pg_catalog.pg_extension_config_dump('sgr.artists', '');
SELECT pg_catalog.pg_extension_config_dump('sgr.users', '');
SELECT pg_catalog.pg_extension_config_dump('sgr.tracks', '');
SELECT pg_catalog.pg_extension_config_dump('sgr.track_artists', '');
SELECT pg_catalog.pg_extension_config_dump('sgr.playlists', '');
SELECT pg_catalog.pg_extension_config_dump('sgr.playlist_tracks', '');
SELECT pg_catalog.pg_extension_config_dump('sgr.interactions', '');
SELECT pg_catalog.pg_extension_config_dump('sgr.follows', '');
SELECT pg_catalog.pg_extension_config_dump('sgr.sources', '');
SELECT pg_catalog.pg_extension_config_dump('sgr.signal_weights', '');
