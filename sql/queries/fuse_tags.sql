SELECT s.spelling, pg_catalog.count(*)
FROM (SELECT pg_catalog.lower(pg_catalog.btrim(g.tag)) COLLATE "C" AS spelling
      FROM {tracks} AS t CROSS JOIN LATERAL unnest(t.tags) AS g (tag)) AS s
WHERE s.spelling <> ''
GROUP BY s.spelling ORDER BY s.spelling
