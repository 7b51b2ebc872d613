-- Counting: equal to a plain self-join for every kind, measure and parameter.
\set SHOW_CONTEXT never
CALL test.reset();
CALL test.load_small();
-- Tracks are repeated within playlists, and count once.
SELECT count(*) > 0 AS has_repeats FROM (SELECT FROM sgr.playlist_tracks GROUP BY playlist_id, track_id HAVING count(*) > 1) AS d;

SELECT basket, item, mode, entries, baskets, baskets_skipped, rows_written, pairs_written, memory_bytes > 0 AS has_memory,
       elapsed_ms >= 0 AS has_time, run_id
FROM sgr_cooccur_refresh(top_k => NULL);

-- Rows that only the self-join has, rows that only the extension has, for each kind.
SELECT s.kind, s.basket, s.item,
       (SELECT count(*) FROM (SELECT * FROM test.pairs(s.basket, s.item) EXCEPT ALL SELECT * FROM test.stored(s.kind)) AS d) AS missing,
       (SELECT count(*) FROM (SELECT * FROM test.stored(s.kind) EXCEPT ALL SELECT * FROM test.pairs(s.basket, s.item)) AS d) AS wrong,
       (SELECT count(*) FROM test.stored(s.kind)) AS pairs
FROM sgr.cooccurrence_state AS s ORDER BY s.kind;
SELECT (SELECT count(*) FROM sgr.track_cooccurrence) = (SELECT count(*) FROM test.stored(1::smallint)) AS view_has_all;

-- The numbers of baskets per item.
SELECT count(*) AS differing
FROM sgr.cooccurrence AS c
JOIN (SELECT track_id, count(DISTINCT playlist_id) AS n FROM sgr.playlist_tracks GROUP BY track_id) AS p ON p.track_id = c.item_id
WHERE c.kind = 1 AND c.baskets <> p.n;

-- max_basket_len, min_together, since.
SELECT baskets, baskets_skipped, rows_written FROM sgr_cooccur_refresh('playlist', 'track', top_k => NULL, max_basket_len => 8);
SELECT (SELECT count(*) FROM (SELECT * FROM test.pairs(max_basket_len => 8) EXCEPT ALL SELECT * FROM test.stored()) AS d) AS missing,
       (SELECT count(*) FROM (SELECT * FROM test.stored() EXCEPT ALL SELECT * FROM test.pairs(max_basket_len => 8)) AS d) AS wrong;
SELECT baskets, baskets_skipped FROM sgr_cooccur_refresh('playlist', 'track', top_k => NULL, max_basket_len => NULL, min_together => 3);
SELECT (SELECT count(*) FROM (SELECT * FROM test.pairs(min_together => 3) EXCEPT ALL SELECT * FROM test.stored()) AS d) AS missing,
       (SELECT count(*) FROM (SELECT * FROM test.stored() EXCEPT ALL SELECT * FROM test.pairs(min_together => 3)) AS d) AS wrong;
SELECT entries, baskets FROM sgr_cooccur_refresh('playlist', 'track', top_k => NULL, since => '2024-02-20 00:00+00');
SELECT (SELECT count(*) FROM (SELECT * FROM test.pairs(since => '2024-02-20 00:00+00') EXCEPT ALL SELECT * FROM test.stored()) AS d) AS missing,
       (SELECT count(*) FROM (SELECT * FROM test.stored() EXCEPT ALL SELECT * FROM test.pairs(since => '2024-02-20 00:00+00')) AS d) AS wrong;
SELECT baskets FROM sgr_cooccur_refresh('like', 'artist', top_k => NULL, since => '2024-01-21 00:00+00');
SELECT (SELECT count(*) FROM (SELECT * FROM test.pairs('like', 'artist', since => '2024-01-21 00:00+00') EXCEPT ALL SELECT * FROM test.stored(4::smallint)) AS d) AS missing,
       (SELECT count(*) FROM (SELECT * FROM test.stored(4::smallint) EXCEPT ALL SELECT * FROM test.pairs('like', 'artist', since => '2024-01-21 00:00+00')) AS d) AS wrong;

-- max_per_owner: an owner adds to a pair, and to an item, at most so many of his playlists.
SELECT baskets FROM sgr_cooccur_refresh('playlist', 'track', top_k => NULL, max_per_owner => 2);
WITH entries AS (
    SELECT DISTINCT e.playlist_id, e.track_id, coalesce(p.owner_id, -e.playlist_id) AS owner
    FROM sgr.playlist_tracks AS e JOIN sgr.playlists AS p USING (playlist_id)
), plain AS (
    SELECT a, b, sum(least(n, 2))::bigint AS together
    FROM (SELECT x.track_id AS a, y.track_id AS b, x.owner, count(*) AS n
          FROM entries AS x JOIN entries AS y ON y.playlist_id = x.playlist_id AND y.track_id <> x.track_id
          GROUP BY x.track_id, y.track_id, x.owner) AS by_owner
    GROUP BY a, b
), items AS (
    SELECT track_id, sum(least(n, 2))::bigint AS baskets
    FROM (SELECT track_id, owner, count(*) AS n FROM entries GROUP BY track_id, owner) AS by_owner GROUP BY track_id
)
SELECT (SELECT count(*) FROM (SELECT * FROM plain EXCEPT ALL SELECT a, b, together FROM test.stored()) AS d) AS missing,
       (SELECT count(*) FROM (SELECT a, b, together FROM test.stored() EXCEPT ALL SELECT * FROM plain) AS d) AS wrong,
       (SELECT count(*) FROM items JOIN sgr.cooccurrence AS c ON c.kind = 1 AND c.item_id = track_id WHERE c.baskets <> items.baskets) AS wrong_items,
       (SELECT count(*) FROM test.stored() WHERE cosine > 1) AS cosines_over_1;

-- top_k with each rank_by: the best by measure, then by together, then by id.
CREATE FUNCTION pg_temp.ranked(rank_by text) RETURNS TABLE (item_id bigint, neighbours bigint[]) LANGUAGE sql AS $$
    SELECT a, array_agg(b ORDER BY place)
    FROM (SELECT a, b, row_number() OVER (PARTITION BY a ORDER BY
              CASE ranked.rank_by WHEN 'cosine' THEN cosine WHEN 'jaccard' THEN jaccard WHEN 'lift' THEN lift ELSE together END DESC,
              together DESC, b) AS place
          FROM test.pairs()) AS p
    WHERE place <= 7 GROUP BY a
$$;
DO $$
DECLARE
    measure text;
    differing bigint;
BEGIN
    FOREACH measure IN ARRAY '{cosine,together,jaccard,lift}'::text[] LOOP
        PERFORM sgr_cooccur_refresh('playlist', 'track', top_k => 7, rank_by => measure);
        SELECT count(*) INTO differing
        FROM sgr.cooccurrence AS c FULL JOIN pg_temp.ranked(measure) AS r USING (item_id)
        WHERE coalesce(c.kind, 1) = 1 AND c.neighbours IS DISTINCT FROM r.neighbours;
        RAISE INFO '%: % of % rows differ', measure, differing, (SELECT count(*) FROM sgr.cooccurrence WHERE kind = 1);
    END LOOP;
END
$$;

-- The cosine weighted by 1/ln(1 + length of the playlist).
SELECT mode, rows_written FROM sgr_cooccur_refresh('playlist', 'track', top_k => NULL, rank_by => 'weighted_cosine');
WITH entries AS (
    SELECT DISTINCT playlist_id, track_id FROM sgr.playlist_tracks
), weights AS (
    SELECT playlist_id, 1 / ln(1 + count(*)::double precision) AS w FROM entries GROUP BY playlist_id
), items AS (
    SELECT track_id, sum(w) AS w FROM entries JOIN weights USING (playlist_id) GROUP BY track_id
), plain AS (
    SELECT x.track_id AS a, y.track_id AS b, sum(w.w) AS w
    FROM entries AS x JOIN entries AS y ON y.playlist_id = x.playlist_id AND y.track_id <> x.track_id
    JOIN weights AS w ON w.playlist_id = x.playlist_id GROUP BY 1, 2
)
SELECT count(*) AS pairs, count(*) FILTER (WHERE abs(stored.weighted - plain.w / sqrt(ia.w * ib.w)) > 1e-6) AS wrong
FROM plain
JOIN items AS ia ON ia.track_id = a JOIN items AS ib ON ib.track_id = b
JOIN (SELECT c.item_id, n.* FROM sgr.cooccurrence AS c, unnest(c.neighbours, c.weighted) AS n (neighbour, weighted) WHERE c.kind = 1) AS stored
    ON stored.item_id = a AND stored.neighbour = b;
SELECT bool_and(weighted = (SELECT array_agg(w ORDER BY w DESC) FROM unnest(weighted) AS w)) AS ranked FROM sgr.cooccurrence WHERE kind = 1;

-- After a full refresh of one kind the next of all brings what the signals read up to date.
INSERT INTO sgr.playlist_tracks VALUES (900, 60, 1), (901, 60, 1);
SELECT mode FROM sgr_cooccur_refresh('playlist', 'track', mode => 'full');
SELECT basket, item, mode FROM sgr_cooccur_refresh(top_k => NULL);
SELECT f.playlists = c.baskets AS same FROM sgr.track_features AS f JOIN sgr.cooccurrence AS c ON c.kind = 1 AND c.item_id = f.track_id WHERE track_id = 60;
DELETE FROM sgr.playlist_tracks WHERE playlist_id >= 900;

-- Threads do not matter.
SELECT count(*) AS kinds FROM sgr_cooccur_refresh(threads => 1, mode => 'full');
CREATE TEMP TABLE one_thread AS SELECT kind, item_id, baskets, neighbours, together, neighbour_baskets FROM sgr.cooccurrence;
SELECT count(*) AS kinds FROM sgr_cooccur_refresh(threads => 4, mode => 'full');
SELECT count(*) AS differing FROM (SELECT kind, item_id, baskets, neighbours, together, neighbour_baskets FROM sgr.cooccurrence EXCEPT ALL TABLE one_thread) AS d;
DROP TABLE one_thread;

-- The runs: every parameter, every count.
SELECT task, parameters - 'threads' AS parameters, result - 'memory_bytes' AS result, version = sgr_version() AS version, run_by = current_user AS run_by,
       started_at <= clock_timestamp() AS started, elapsed_ms >= 0 AS took
FROM sgr.runs WHERE run_id IN (1, 5, 10) ORDER BY run_id;
SELECT s.kind, s.basket, s.item, s.total_baskets, s.drifted, r.run_id = s.run_id AS run_known, s.parameters = r.parameters - '{mode,threads}'::text[] AS same_parameters
FROM sgr.cooccurrence_state AS s LEFT JOIN sgr.runs AS r USING (run_id) ORDER BY s.kind;

-- The estimate: exact but for memory and pairs; it writes nothing.
SELECT count(*) AS runs FROM sgr.runs;
SELECT basket, item, entries, baskets, baskets_skipped, items, pair_increments, memory_bytes > 0 AS memory, expected_rows, expected_pairs
FROM sgr_cooccur_estimate(max_basket_len => 9);
SELECT count(*) AS runs FROM sgr.runs;
SELECT entries, baskets, baskets_skipped, rows_written, pairs_written FROM sgr_cooccur_refresh('playlist', 'track', max_basket_len => 9);
WITH lens AS (SELECT count(DISTINCT track_id) AS n FROM sgr.playlist_tracks GROUP BY playlist_id)
SELECT sum(n * (n - 1)) AS pair_increments FROM lens WHERE n <= 9;

-- A demo catalogue against the self-join; its longest playlists are left out.
CALL test.reset();
SELECT count(*) AS tables FROM sgr_demo_load(tracks => 1500, playlists => 250, users => 100);
SELECT basket, mode, baskets_skipped FROM sgr_cooccur_refresh('playlist', 'track', top_k => NULL, max_basket_len => 60);
SELECT (SELECT count(*) FROM (SELECT * FROM test.pairs(max_basket_len => 60) EXCEPT ALL SELECT * FROM test.stored()) AS d) AS missing,
       (SELECT count(*) FROM (SELECT * FROM test.stored() EXCEPT ALL SELECT * FROM test.pairs(max_basket_len => 60)) AS d) AS wrong;
SELECT basket, entries FROM sgr_cooccur_refresh('like', 'artist', top_k => NULL);
SELECT (SELECT count(*) FROM (SELECT * FROM test.pairs('like', 'artist') EXCEPT ALL SELECT * FROM test.stored(4::smallint)) AS d) AS missing,
       (SELECT count(*) FROM (SELECT * FROM test.stored(4::smallint) EXCEPT ALL SELECT * FROM test.pairs('like', 'artist')) AS d) AS wrong;
CALL test.reset();
