-- What `make demo` shows. The extension exists; with own_data set the catalogue is loaded already.

\if :{?own_data}
\else
\echo '- loading the demo catalogue: sgr_demo_load()'
SELECT * FROM sgr_demo_load();
\endif

\echo '- counting what stands together: sgr_cooccur_refresh()'
SELECT * FROM sgr_cooccur_refresh();

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM sgr.playlist_tracks) AND NOT EXISTS (SELECT FROM sgr.interactions) THEN
        RAISE EXCEPTION 'the catalogue holds no playlist entries and no interactions';
    END IF;
END
$$;

-- The track that stands in most playlists; without playlists, the one that most users like.
SELECT track_id AS track
  FROM (SELECT track_id, count(DISTINCT playlist_id) AS playlists, 0 AS users
          FROM sgr.playlist_tracks GROUP BY track_id
        UNION ALL
        SELECT track_id, 0, count(DISTINCT user_id) FROM sgr.interactions GROUP BY track_id) AS t
 ORDER BY playlists DESC, users DESC, track_id
 LIMIT 1
\gset

\echo '- SELECT rank, track_id, title, artist, score, confidence, because FROM sgr_recommend(':track', 10)'
SELECT rank, track_id, title, artist, round(score::numeric, 3) AS score, round(confidence::numeric, 2) AS confidence,
       because
  FROM sgr_recommend(:track, 10)
 ORDER BY rank;

\echo '- SELECT sgr_unveil(':track')'
\pset format unaligned
\pset tuples_only on
SELECT sgr_unveil(:track);
