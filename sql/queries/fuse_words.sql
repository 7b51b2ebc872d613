-- One value that changes with the users' tables of words.
SELECT pg_catalog.md5(coalesce(pg_catalog.string_agg(w.word, E'\n' ORDER BY w.word COLLATE "C"), ''))
FROM (SELECT a.alias || E'\t' || a.tag AS word FROM sgr.tag_aliases AS a
      UNION ALL SELECT n.name FROM sgr.known_artist_names AS n) AS w
