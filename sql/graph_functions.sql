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
