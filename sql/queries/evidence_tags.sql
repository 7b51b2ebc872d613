-- Tags and genres that both tracks have, the rarest first.
SELECT a.relation, a.tail
FROM sgr.triples AS a
JOIN sgr.triples AS b ON b.head = $2 AND b.relation = a.relation AND b.tail = a.tail
JOIN sgr.entities AS n ON n.entity_id = a.tail
LEFT JOIN sgr.tag_index AS i ON i.tag = n.key
WHERE a.head = $1 AND a.relation IN (1, 5)
ORDER BY i.idf DESC NULLS LAST, a.relation DESC, a.tail
LIMIT $3
