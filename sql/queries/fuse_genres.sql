SELECT s.spelling, pg_catalog.count(*)
FROM (SELECT pg_catalog.lower(pg_catalog.btrim(t.genre)) COLLATE "C" AS spelling
      FROM {tracks} AS t) AS s
WHERE s.spelling <> ''
GROUP BY s.spelling ORDER BY s.spelling
