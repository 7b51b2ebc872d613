-- What pgrx cannot say of the functions of the graph: comments and row estimates.

ALTER FUNCTION sgr_clean(integer) ROWS 10;
ALTER FUNCTION sgr_fuse(double precision, integer) ROWS 6;
ALTER FUNCTION sgr_import(text, text, timestamptz) ROWS 1;
ALTER FUNCTION sgr_import_jsonl(text, text, timestamptz) ROWS 1;
ALTER FUNCTION sgr_quarantine_retry(text) ROWS 2;
ALTER FUNCTION sgr_triples_refresh(integer, integer, text) ROWS 14;

COMMENT ON FUNCTION sgr_import(text, text, timestamptz) IS
    'Stores one API document in sgr.raw_documents; text that is not JSON goes to sgr.quarantine. source is free text, or the URL of the API call; fetched_at NULL is now. Errors: 22004 body or source NULL';
COMMENT ON FUNCTION sgr_import_jsonl(text, text, timestamptz) IS
    'Stores each line of a file of the server as a document (or all of it, if it is one JSON value); broken lines go to sgr.quarantine with their number. Lines may have 128 MiB. Errors: 42501 without pg_read_server_files or without the right to read the file, 58P01 no such file, 42809 a directory, 22023 relative path';
COMMENT ON FUNCTION sgr_clean(integer) IS
    'Turns the documents that are new since the last run into rows of the catalogue: the newest known value of each field wins, unknown never overwrites known. What cannot be used goes to sgr.quarantine. One row per table: found = inserted + updated + unchanged, and for documents, the objects in them and their fields how many were rejected';
COMMENT ON FUNCTION sgr_quarantine_retry(text) IS
    'Tries again what is in sgr.quarantine, all of it or what has this reason: lines with the body as it stands there now (mend it by UPDATE), documents as they are in sgr.raw_documents. Lines that were not UTF-8 are taken with replaced characters, if the reason names them. Returns tried = solved + remaining per stage';
COMMENT ON FUNCTION sgr_fuse(double precision, integer) IS
    'Finds artists, playlists, tags, genres and labels that mean one thing, and the credits in names and titles; writes sgr.entity_aliases and sgr.credits. What users said (sgr_alias_set, sgr_alias_drop, sgr.tag_aliases) stands over what is found. min_similarity in [0.5,1], NULL for the shipped one: below it, names that are not equal are never taken for one. Errors: 22023 out of range, 53000 over sgr_graph.memory_limit';
COMMENT ON FUNCTION sgr_triples_refresh(integer, integer, text) IS
    'Makes sgr.entities and sgr.triples what the catalogue says, writing only differences; after the first time it looks only at what changed. co_occurs_limit, similar_taste_limit: how many of the most similar tracks and users become triples, 0 to 1000. mode: auto, full, incremental. Errors: 22023, 55000 incremental without a graph, 53000 over sgr_graph.memory_limit';

CREATE FUNCTION sgr_paths(
    a bigint, b bigint, k integer DEFAULT 5, max_hops integer DEFAULT 6, relations text[] DEFAULT NULL,
    kinds text[] DEFAULT NULL, relation_weights jsonb DEFAULT NULL)
RETURNS TABLE (rank integer, hops integer, cost double precision, path text, nodes jsonb, triples jsonb)
LANGUAGE sql STABLE PARALLEL SAFE ROWS 5
AS $$
    SELECT * FROM @extschema@.sgr_paths($1::text, $2::text, $3, $4, $5, $6, $7)
$$;

ALTER FUNCTION sgr_paths(text, text, integer, integer, text[], text[], jsonb, text) ROWS 5 COST 10000;
CREATE FUNCTION sgr_graph(center bigint, hops integer DEFAULT 2, "limit" integer DEFAULT 100, relations text[] DEFAULT NULL)
RETURNS jsonb
LANGUAGE sql STABLE PARALLEL SAFE
AS $$ SELECT @extschema@.sgr_graph($1::text, $2, $3, $4) $$;

ALTER FUNCTION sgr_graph(text, integer, integer, text[], text) COST 10000;
ALTER FUNCTION sgr_adjacency_refresh(text) ROWS 1 COST 100000;

COMMENT ON FUNCTION sgr_paths(text, text, integer, integer, text[], text[], jsonb, text) IS
    'The k cheapest paths without repetition between two entities, best first. a, b: kind:key (tag:jazz, playlist:7, artist:12; a name of which there is one will do), a track''s id, the urn or URL of a track or an artist. max_hops: edges of a path, 1 to 16; k: 1 to 1000; relations: only these; kinds: of the entities between the two; relation_weights: {"has_tag": 0.5}, what a relation is worth beside 1. Edges are followed both ways. cost = sum over edges of (1 - ln weight) / relation weight + sum over the entities between of ln(number of edges). No path: no row and a notice; a search over sgr_graph.path_edges or path_time: a warning. Errors: 42704 unknown entity, relation or graph, 22023 out of range, the same entity twice, a name of several, 55000 before the graph was built';
COMMENT ON FUNCTION sgr_paths(bigint, bigint, integer, integer, text[], text[], jsonb) IS 'sgr_paths between two tracks of the catalogue';
COMMENT ON FUNCTION sgr_graph(text, integer, integer, text[], text) IS
    'What lies around an entity, as Cytoscape.js takes it: {"elements": {"nodes": [{"data": {id, label, kind, key, hops, edges, hidden_edges}}], "edges": [{"data": {id, source, target, relation, weight}}]}}. center as in sgr_paths; hops 1 to 4; limit: nodes, 1 to 10,000; relations: only these. Each hop has an equal part of the places left; in it the nodes take turns, in a node its relations, and in a relation the heaviest edges come first. Errors: as sgr_paths';
COMMENT ON FUNCTION sgr_graph(bigint, integer, integer, text[]) IS 'sgr_graph around a track of the catalogue';
COMMENT ON FUNCTION sgr_adjacency_refresh(text) IS
    'Writes sgr.adjacency of a graph anew: after a restore, or after sgr.triples was changed by hand. sgr_triples_refresh() and sgr_triples_import() do it by themselves. Errors: 42704 unknown graph, 53000 over sgr_graph.memory_limit';
