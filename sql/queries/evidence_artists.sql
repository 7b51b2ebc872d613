-- Artists of the one track beside those of the other: the same, or credited on common tracks.
SELECT a.tail, b.tail, coalesce(na.name, na.key), coalesce(nb.name, nb.key)
FROM sgr.triples AS a
JOIN sgr.triples AS b ON b.head = $2 AND b.relation = a.relation
JOIN sgr.entities AS na ON na.entity_id = a.tail
JOIN sgr.entities AS nb ON nb.entity_id = b.tail
WHERE a.head = $1 AND a.relation = 2
  AND (b.tail = a.tail
       OR EXISTS (SELECT FROM sgr.triples AS c WHERE c.head = a.tail AND c.relation = 4 AND c.tail = b.tail))
ORDER BY b.tail <> a.tail, a.weight + b.weight DESC, a.tail, b.tail
LIMIT $3
