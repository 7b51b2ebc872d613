-- The triples of a graph ($2: its relations) that touch the entities $1, each once.
SELECT t.head, t.relation, t.tail, t.weight
FROM sgr.triples AS t
WHERE t.head = ANY ($1) AND t.relation = ANY ($2)
UNION ALL
SELECT t.head, t.relation, t.tail, t.weight
FROM sgr.triples AS t
WHERE t.tail = ANY ($1) AND t.relation = ANY ($2) AND NOT t.head = ANY ($1)
