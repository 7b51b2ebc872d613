-- What pgrx cannot say about the functions that write and read files of triples.

ALTER FUNCTION sgr_triples_export(text, text, text) ROWS 1 COST 100000;
ALTER FUNCTION sgr_triples_import(text, regclass, text, text, boolean) ROWS 1 COST 100000;

COMMENT ON FUNCTION sgr_triples_export(text, text, text) IS
    'Writes the triples of a graph to a file of the server with the columns head, relation, tail, weight, source. format: parquet, tsv, NULL for what the name of the file says. The file is written beside path and takes its place at the end, or not at all. Errors: 42501 without the rights of pg_write_server_files or of the server on the folder, 22023 relative path or unknown format, 42704 unknown graph, 58P01 no such folder, 42809 a directory, 53000 over sgr_graph.memory_limit, 53100 disk full';
COMMENT ON FUNCTION sgr_triples_import(text, regclass, text, text, boolean) IS
    'Reads triples into a named graph, from a file of the server (Parquet, TSV, or a benchmark''s head<TAB>relation<TAB>tail) or from a relation with the columns head, relation, tail and, if there, weight and source. What the graph has already counts as a duplicate; replace => true empties it first. Lines that cannot be used go to sgr.quarantine. The counts are those of what was read. Errors: 22023 graph "catalogue", relative path or unknown format, 42501 without the rights of pg_read_server_files, 22P04 not such a file, 42703 missing column, 58P01 no such file, 53000 over sgr_graph.memory_limit';
COMMENT ON FUNCTION sgr_graph_drop(text) IS
    'Deletes a graph with all it holds and its models, and returns the number of its triples. Errors: 42704 unknown graph, 22023 graph "catalogue"';
