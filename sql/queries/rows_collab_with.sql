-- From the triples themselves: whoever made or shaped the same track.
SELECT ha.key AS head_key, NULL::text AS head_name, hb.key AS tail_key, NULL::text AS tail_name,
       (c.tracks / (c.tracks + 1.0))::real AS weight, 'by_artist'::text AS stage, $2 AS source
FROM (SELECT a.tail AS artist_a, b.tail AS artist_b, pg_catalog.count(*)::double precision AS tracks
      FROM sgr.triples AS a
      JOIN sgr.triples AS b ON b.head = a.head AND b.relation = a.relation AND b.tail <> a.tail
      WHERE a.relation = 2
      GROUP BY a.tail, b.tail) AS c
JOIN sgr.entities AS ha ON ha.entity_id = c.artist_a
JOIN sgr.entities AS hb ON hb.entity_id = c.artist_b
