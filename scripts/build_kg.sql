CREATE EXTENSION sgr_graph;
SELECT sum(rows_loaded) AS rows_of_the_catalogue FROM sgr_demo_load();
\echo
\echo The graph of the demo catalogue: SELECT * FROM sgr_build_kg()
SELECT stage, outcome, rows_in, rows_out, rejected, round(elapsed_ms::numeric) AS ms, detail FROM sgr_build_kg();
\echo Again: nothing changed
SELECT stage, outcome, rows_out, round(elapsed_ms::numeric) AS ms FROM sgr_build_kg();
\echo The triples of one track: sgr.kg_triples
SELECT head, relation, tail, weight, stage, source FROM sgr.kg_triples
WHERE head_id = (SELECT entity_id FROM sgr.entities WHERE graph_id = 0 AND kind = 'track' AND key = '42')
ORDER BY relation, weight DESC, tail LIMIT 12;
\echo The report: sgr_kg_report()
\pset format unaligned
\pset tuples_only on
SELECT sgr_kg_report();
