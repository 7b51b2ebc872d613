SELECT a.artist_id, a.name, a.urn, a.permalink_url FROM {artists} AS a
WHERE a.artist_id IS NOT NULL AND pg_catalog.btrim(a.name) <> ''
ORDER BY a.artist_id
