-- Views for people and BI tools. They read the caller's own sources: where sgr_source_set() put a relation of the
-- user's in a role, its rows come from the functions sgr.mapped_*, else from the catalogue table.

CREATE VIEW sgr.signals AS
SELECT p.profile, d.ordinal, d.signal, coalesce(w.weight, d.weight) AS weight,
       used.weight /
           CASE WHEN abs(sum(used.weight) OVER all_signals - 1) < 1e-9 THEN 1
                ELSE nullif(sum(used.weight) OVER all_signals, 0) END AS share,
       d.description
FROM (SELECT 'default' AS profile UNION SELECT profile FROM sgr.signal_weights) AS p
CROSS JOIN sgr.signal_defaults AS d
LEFT JOIN sgr.signal_weights AS w ON w.profile = p.profile AND w.signal = d.signal
CROSS JOIN LATERAL (
    SELECT CASE WHEN d.signal <> 'embedding' OR EXISTS (SELECT FROM sgr.models AS m WHERE m.is_active AND m.graph_id = 0)
                THEN coalesce(w.weight, d.weight) ELSE 0 END) AS used (weight)
WINDOW all_signals AS (PARTITION BY p.profile ORDER BY d.ordinal
    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING);
COMMENT ON VIEW sgr.signals IS 'The weights in force, per profile';
COMMENT ON COLUMN sgr.signals.share IS 'The weight divided by the sum of the profile''s weights: what a contribution is computed with; 0 for embedding where no model is active';

CREATE VIEW sgr.cooccurrence_pairs AS
SELECT c.kind, s.basket, s.item, c.item_id AS item_id_a, n.item_id_b, n.together,
       n.together / sqrt(c.baskets::double precision * coalesce(d.baskets, n.baskets_b)) AS cosine,
       n.together / (c.baskets::double precision + coalesce(d.baskets, n.baskets_b) - n.together) AS jaccard,
       n.together * s.total_baskets::double precision
           / (c.baskets::double precision * coalesce(d.baskets, n.baskets_b)) AS lift,
       n.ordinal AS place
FROM sgr.cooccurrence AS c
JOIN sgr.cooccurrence_state AS s ON s.kind = c.kind AND s.generation = c.generation
CROSS JOIN LATERAL unnest(c.neighbours, c.together, c.neighbour_baskets)
    WITH ORDINALITY AS n (item_id_b, together, baskets_b, ordinal)
LEFT JOIN sgr.cooccurrence_drift AS d ON d.kind = c.kind AND d.item_id = n.item_id_b;
COMMENT ON VIEW sgr.cooccurrence_pairs IS 'Co-occurrence of all four kinds as pairs; each pair stands in both directions unless one list was cut at top_k';
COMMENT ON COLUMN sgr.cooccurrence_pairs.together IS 'Distinct baskets that hold both';
COMMENT ON COLUMN sgr.cooccurrence_pairs.cosine IS 'together / sqrt(baskets of a * baskets of b), in [0,1]';
COMMENT ON COLUMN sgr.cooccurrence_pairs.jaccard IS 'together / (baskets of a + baskets of b - together), in [0,1]';
COMMENT ON COLUMN sgr.cooccurrence_pairs.lift IS 'together * all baskets / (baskets of a * baskets of b); 1 means independent';
COMMENT ON COLUMN sgr.cooccurrence_pairs.place IS 'Place in the list of a, from 1, by the measure of the refresh';

CREATE VIEW sgr.track_cooccurrence AS
SELECT item_id_a AS track_id_a, item_id_b AS track_id_b, together, cosine, jaccard, lift
FROM sgr.cooccurrence_pairs WHERE kind = 1;
COMMENT ON VIEW sgr.track_cooccurrence IS 'Pairs of tracks that stand in playlists together; by likes: sgr.cooccurrence_pairs';
COMMENT ON COLUMN sgr.track_cooccurrence.together IS 'Distinct playlists that hold both';
COMMENT ON COLUMN sgr.track_cooccurrence.cosine IS 'together / sqrt(playlists of a * playlists of b), in [0,1]';
COMMENT ON COLUMN sgr.track_cooccurrence.jaccard IS 'together / (playlists of a + playlists of b - together), in [0,1]';
COMMENT ON COLUMN sgr.track_cooccurrence.lift IS 'together * all playlists / (playlists of a * playlists of b); 1 means independent';

-- One function per role: rows of the user's own relation, none where nothing is mapped.
CREATE FUNCTION sgr.mapped_query(role text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$ SELECT s.query FROM sgr.sources AS s WHERE s.role = mapped_query.role $$;
COMMENT ON FUNCTION sgr.mapped_query(text) IS 'The SELECT that stands in for a role, or NULL';

CREATE FUNCTION sgr.mapped_tracks()
RETURNS TABLE (track_id bigint, artist_id bigint, title text, genre text, released_on date,
               playback_count bigint, likes_count bigint, reposts_count bigint, comment_count bigint)
LANGUAGE plpgsql STABLE ROWS 10000
AS $$
BEGIN
    IF sgr.mapped_query('tracks') IS NOT NULL THEN
        RETURN QUERY EXECUTE 'SELECT track_id::bigint, artist_id::bigint, title, genre, released_on,
            playback_count::bigint, likes_count::bigint, reposts_count::bigint, comment_count::bigint
            FROM (' || sgr.mapped_query('tracks') || ') AS m';
    END IF;
END
$$;
COMMENT ON FUNCTION sgr.mapped_tracks() IS 'Rows of the relation that stands in for tracks; none where sgr.tracks is read';

CREATE FUNCTION sgr.mapped_artists() RETURNS TABLE (artist_id bigint, name text, followers_count bigint)
LANGUAGE plpgsql STABLE ROWS 10000
AS $$
BEGIN
    IF sgr.mapped_query('artists') IS NOT NULL THEN
        RETURN QUERY EXECUTE 'SELECT artist_id::bigint, name, followers_count::bigint
            FROM (' || sgr.mapped_query('artists') || ') AS m';
    END IF;
END
$$;
COMMENT ON FUNCTION sgr.mapped_artists() IS 'Rows of the relation that stands in for artists; none where sgr.artists is read';

CREATE FUNCTION sgr.mapped_playlists()
RETURNS TABLE (playlist_id bigint, owner_id bigint, title text, is_album boolean, is_public boolean,
               created_at timestamptz, likes_count bigint)
LANGUAGE plpgsql STABLE ROWS 10000
AS $$
BEGIN
    IF sgr.mapped_query('playlists') IS NOT NULL THEN
        RETURN QUERY EXECUTE 'SELECT playlist_id::bigint, owner_id::bigint, title, is_album, is_public, created_at,
            likes_count::bigint FROM (' || sgr.mapped_query('playlists') || ') AS m';
    END IF;
END
$$;
COMMENT ON FUNCTION sgr.mapped_playlists() IS 'Rows of the relation that stands in for playlists; none where sgr.playlists is read';

CREATE FUNCTION sgr.mapped_playlist_tracks() RETURNS TABLE (playlist_id bigint, track_id bigint)
LANGUAGE plpgsql STABLE ROWS 10000
AS $$
BEGIN
    IF sgr.mapped_query('playlist_tracks') IS NOT NULL THEN
        RETURN QUERY EXECUTE 'SELECT playlist_id::bigint, track_id::bigint
            FROM (' || sgr.mapped_query('playlist_tracks') || ') AS m';
    END IF;
END
$$;
COMMENT ON FUNCTION sgr.mapped_playlist_tracks() IS 'Rows of the relation that stands in for playlist_tracks; none where sgr.playlist_tracks is read';

CREATE FUNCTION sgr.mapped_interactions() RETURNS TABLE (user_id bigint, track_id bigint, kind text)
LANGUAGE plpgsql STABLE ROWS 10000
AS $$
BEGIN
    IF sgr.mapped_query('interactions') IS NOT NULL THEN
        RETURN QUERY EXECUTE 'SELECT user_id::bigint, track_id::bigint, kind
            FROM (' || sgr.mapped_query('interactions') || ') AS m';
    END IF;
END
$$;
COMMENT ON FUNCTION sgr.mapped_interactions() IS 'Rows of the relation that stands in for interactions; none where sgr.interactions is read';

CREATE FUNCTION sgr.mapped_users() RETURNS TABLE (user_id bigint, name text)
LANGUAGE plpgsql STABLE ROWS 10000
AS $$
BEGIN
    IF sgr.mapped_query('users') IS NOT NULL THEN
        RETURN QUERY EXECUTE 'SELECT user_id::bigint, name FROM (' || sgr.mapped_query('users') || ') AS m';
    END IF;
END
$$;
COMMENT ON FUNCTION sgr.mapped_users() IS 'Rows of the relation that stands in for users; none where sgr.users is read';

CREATE VIEW sgr.source_tracks AS
SELECT track_id, artist_id, title, genre, released_on, playback_count, likes_count, reposts_count, comment_count
FROM sgr.tracks WHERE NOT EXISTS (SELECT FROM sgr.sources WHERE role = 'tracks')
UNION ALL SELECT * FROM sgr.mapped_tracks();
COMMENT ON VIEW sgr.source_tracks IS 'The tracks that are read: sgr.tracks, or the relation that stands in for it';

CREATE VIEW sgr.source_artists AS
SELECT artist_id, name, followers_count FROM sgr.artists
WHERE NOT EXISTS (SELECT FROM sgr.sources WHERE role = 'artists')
UNION ALL SELECT * FROM sgr.mapped_artists();
COMMENT ON VIEW sgr.source_artists IS 'The artists that are read: sgr.artists, or the relation that stands in for it';

CREATE VIEW sgr.source_playlists AS
SELECT playlist_id, owner_id, title, is_album, is_public, created_at, likes_count FROM sgr.playlists
WHERE NOT EXISTS (SELECT FROM sgr.sources WHERE role = 'playlists')
UNION ALL SELECT * FROM sgr.mapped_playlists();
COMMENT ON VIEW sgr.source_playlists IS 'The playlists that are read: sgr.playlists, or the relation that stands in for it';

CREATE VIEW sgr.source_playlist_tracks AS
SELECT playlist_id, track_id FROM sgr.playlist_tracks
WHERE NOT EXISTS (SELECT FROM sgr.sources WHERE role = 'playlist_tracks')
UNION ALL SELECT * FROM sgr.mapped_playlist_tracks();
COMMENT ON VIEW sgr.source_playlist_tracks IS 'The playlist entries that are read: sgr.playlist_tracks, or the relation that stands in for it';

CREATE VIEW sgr.source_interactions AS
SELECT user_id, track_id, kind FROM sgr.interactions
WHERE NOT EXISTS (SELECT FROM sgr.sources WHERE role = 'interactions')
UNION ALL SELECT * FROM sgr.mapped_interactions();
COMMENT ON VIEW sgr.source_interactions IS 'The interactions that are read: sgr.interactions, or the relation that stands in for it';

CREATE VIEW sgr.source_users AS
SELECT user_id, name FROM sgr.users WHERE NOT EXISTS (SELECT FROM sgr.sources WHERE role = 'users')
UNION ALL SELECT * FROM sgr.mapped_users();
COMMENT ON VIEW sgr.source_users IS 'The users that are read: sgr.users, or the relation that stands in for it';

CREATE VIEW sgr.track_stats AS
SELECT t.track_id, t.title, t.artist_id, a.name AS artist, t.genre, t.released_on,
       coalesce(f.playlists, 0) AS playlists, coalesce(f.likes, 0) AS likes,
       f.popularity, t.playback_count, t.likes_count, t.reposts_count, t.comment_count
FROM sgr.source_tracks AS t
LEFT JOIN sgr.source_artists AS a ON a.artist_id = t.artist_id
LEFT JOIN sgr.track_features AS f ON f.track_id = t.track_id;
COMMENT ON VIEW sgr.track_stats IS 'One row per track, for BI tools';
COMMENT ON COLUMN sgr.track_stats.playlists IS 'Counted playlists that hold the track, as of the last refresh';
COMMENT ON COLUMN sgr.track_stats.likes IS 'Counted users of this database who like the track, as of the last refresh';
COMMENT ON COLUMN sgr.track_stats.popularity IS 'ln(1+n)/ln(1+max n) with n = playlists + likes, in [0,1]; NULL before a refresh';
COMMENT ON COLUMN sgr.track_stats.playback_count IS 'Plays at the source; NULL where the source hides them';
COMMENT ON COLUMN sgr.track_stats.likes_count IS 'Likes at the source; NULL where the source hides them';

CREATE VIEW sgr.artist_stats AS
SELECT a.artist_id, a.name, a.followers_count, count(t.track_id) AS tracks,
       coalesce(sum(f.playlists), 0) AS playlist_entries, coalesce(sum(f.likes), 0) AS likes,
       max(f.popularity) AS top_popularity, sum(t.playback_count) AS playback_count
FROM sgr.source_artists AS a
LEFT JOIN sgr.source_tracks AS t ON t.artist_id = a.artist_id
LEFT JOIN sgr.track_features AS f ON f.track_id = t.track_id
GROUP BY a.artist_id, a.name, a.followers_count;
COMMENT ON VIEW sgr.artist_stats IS 'One row per artist, for BI tools';
COMMENT ON COLUMN sgr.artist_stats.playlist_entries IS 'Sum of the playlists over the artist''s tracks';
COMMENT ON COLUMN sgr.artist_stats.likes IS 'Sum of the users who like each track';
COMMENT ON COLUMN sgr.artist_stats.playback_count IS 'Sum over the tracks whose plays are known; NULL where none is';

CREATE VIEW sgr.playlist_stats AS
SELECT e.playlist_id, p.title, p.owner_id, p.is_album, p.is_public, p.created_at,
       count(*) AS entries, count(DISTINCT e.track_id) AS tracks, count(DISTINCT t.artist_id) AS artists,
       avg(f.popularity)::real AS mean_popularity
FROM sgr.source_playlist_tracks AS e
LEFT JOIN sgr.source_playlists AS p ON p.playlist_id = e.playlist_id
LEFT JOIN sgr.source_tracks AS t ON t.track_id = e.track_id
LEFT JOIN sgr.track_features AS f ON f.track_id = e.track_id
GROUP BY e.playlist_id, p.title, p.owner_id, p.is_album, p.is_public, p.created_at;
COMMENT ON VIEW sgr.playlist_stats IS 'One row per playlist that has entries, for BI tools';
COMMENT ON COLUMN sgr.playlist_stats.entries IS 'Rows, repeated tracks included';
COMMENT ON COLUMN sgr.playlist_stats.tracks IS 'Distinct tracks';
COMMENT ON COLUMN sgr.playlist_stats.artists IS 'Distinct known artists';

CREATE VIEW sgr.catalogue_counts AS
SELECT 'tracks' AS what, (SELECT count(*) FROM sgr.source_tracks) AS rows
UNION ALL SELECT 'artists', (SELECT count(*) FROM sgr.source_artists)
UNION ALL SELECT 'playlists', (SELECT count(*) FROM sgr.source_playlists)
UNION ALL SELECT 'playlist entries', (SELECT count(*) FROM sgr.source_playlist_tracks)
UNION ALL SELECT 'interactions', (SELECT count(*) FROM sgr.source_interactions)
UNION ALL SELECT 'users', (SELECT count(*) FROM sgr.source_users);
COMMENT ON VIEW sgr.catalogue_counts IS 'How many rows each source has';

CREATE VIEW sgr.top_pairs AS
SELECT p.track_id_a, ta.title AS title_a, p.track_id_b, tb.title AS title_b, p.together, p.cosine, p.jaccard, p.lift
FROM (SELECT DISTINCT least(track_id_a, track_id_b) AS track_id_a, greatest(track_id_a, track_id_b) AS track_id_b,
             together, cosine, jaccard, lift
      FROM (SELECT * FROM sgr.track_cooccurrence
            -- A pair stands in one list or in both: twice as many rows hold all of the pairs wanted.
            ORDER BY together DESC, cosine DESC, least(track_id_a, track_id_b), greatest(track_id_a, track_id_b)
            LIMIT 2000) AS listed
      ORDER BY together DESC, cosine DESC, 1, 2
      LIMIT 1000) AS p
LEFT JOIN sgr.source_tracks AS ta ON ta.track_id = p.track_id_a
LEFT JOIN sgr.source_tracks AS tb ON tb.track_id = p.track_id_b
ORDER BY p.together DESC, p.cosine DESC, p.track_id_a, p.track_id_b;
COMMENT ON VIEW sgr.top_pairs IS 'The 1,000 pairs of tracks that most playlists hold together';

COMMENT ON COLUMN sgr.artist_stats.followers_count IS 'Followers at the source; NULL where the source hides them';
COMMENT ON COLUMN sgr.artist_stats.top_popularity IS 'Popularity of the artist''s most popular track, in [0,1]';
COMMENT ON COLUMN sgr.artist_stats.tracks IS 'Tracks whose main artist this is';
COMMENT ON COLUMN sgr.catalogue_counts.rows IS 'Rows of the source, which may be a relation of your own';
COMMENT ON COLUMN sgr.playlist_stats.mean_popularity IS 'Mean popularity of the entries, in [0,1]; NULL before a refresh';
COMMENT ON COLUMN sgr.top_pairs.together IS 'Distinct playlists that hold both';
COMMENT ON COLUMN sgr.top_pairs.cosine IS 'together / sqrt(playlists of a * playlists of b), in [0,1]';
COMMENT ON COLUMN sgr.top_pairs.jaccard IS 'together / (playlists of a + playlists of b - together), in [0,1]';
COMMENT ON COLUMN sgr.top_pairs.lift IS 'together * all playlists / (playlists of a * playlists of b); 1 means independent';
COMMENT ON COLUMN sgr.track_stats.reposts_count IS 'Reposts at the source; NULL where the source hides them';
COMMENT ON COLUMN sgr.track_stats.comment_count IS 'Comments at the source; NULL where the source hides them';
