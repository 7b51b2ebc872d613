-- What pgrx cannot say about the functions of embeddings, and those that need nothing native.

CREATE FUNCTION sgr_kge_neighbors(
    track bigint, k integer DEFAULT 10, kind text DEFAULT NULL, model_id bigint DEFAULT NULL)
RETURNS TABLE (rank integer, neighbor text, name text, cosine double precision, entity_id bigint)
LANGUAGE sql STABLE PARALLEL RESTRICTED ROWS 10
AS $$
    SELECT * FROM @extschema@.sgr_kge_neighbors($1::text, $2, $3, $4)
$$;

CREATE FUNCTION sgr_kge_index_create(model_id bigint, m integer DEFAULT 16, ef_construction integer DEFAULT 64)
RETURNS regclass
LANGUAGE plpgsql VOLATILE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    schema name := (SELECT n.nspname FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
                    WHERE e.extname = 'vector');
    kind   text;
    dim    integer;
    index  name := 'entity_embeddings_hnsw_' || model_id;
BEGIN
    SELECT o.kind, o.dim INTO kind, dim FROM sgr.models AS o WHERE o.model_id = sgr_kge_index_create.model_id;
    IF kind IS NULL THEN
        RAISE undefined_object USING
            MESSAGE = format('model %s does not exist', coalesce(model_id::text, 'NULL')),
            HINT = 'SELECT * FROM sgr_models lists them';
    END IF;
    IF kind <> 'kge' THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('model %s is a recommender: it has no embeddings', model_id),
            HINT = 'SELECT model_id, name FROM sgr_models WHERE kind = ''kge'' lists those that have';
    END IF;
    IF schema IS NULL THEN
        RAISE object_not_in_prerequisite_state USING
            MESSAGE = 'extension vector (pgvector) is not installed in this database',
            HINT = 'CREATE EXTENSION vector, where it is available; without it sgr_kge_neighbors() searches exactly';
    END IF;
    IF dim > 2000 THEN
        RAISE invalid_parameter_value USING
            MESSAGE = format('model %s has vectors of %s numbers', model_id, dim),
            HINT = 'an HNSW index takes at most 2,000';
    END IF;
    EXECUTE format('DROP INDEX IF EXISTS sgr.%I', index);
    EXECUTE format(
        'CREATE INDEX %I ON sgr.entity_embeddings USING hnsw ((vector::%I.vector(%s)) %I.vector_cosine_ops)
         WITH (m = %s, ef_construction = %s) WHERE model_id = %s',
        index, schema, dim, schema, m, ef_construction, model_id);
    RETURN format('sgr.%I', index)::regclass;
END
$$;

ALTER FUNCTION sgr_kge_train(text, integer, integer, text, regclass, text[], double precision, regclass, text, integer, integer, integer, text, text, boolean, double precision, integer, text, boolean, boolean, double precision, text, text, double precision, text, text, double precision, text, double precision, integer, integer, boolean, bigint, integer, integer, text, boolean) ROWS 1 COST 1000000;
ALTER FUNCTION sgr_kge_estimate(text, integer, boolean, text, regclass, text[], double precision, regclass, text, integer, text, boolean, boolean, text, integer, boolean, integer) ROWS 1 COST 100000;
ALTER FUNCTION sgr_kge_resume(bigint, integer, integer) ROWS 1 COST 1000000;
ALTER FUNCTION sgr_kge_extend(bigint, integer) ROWS 1 COST 100000;
ALTER FUNCTION sgr_kge_eval(bigint, regclass, text, regclass, text, integer) ROWS 30 COST 100000;
ALTER FUNCTION sgr_kge_score(text, text, text, text, bigint) COST 1000;
ALTER FUNCTION sgr_kge_predict(text, text, text, integer, text, boolean, bigint) ROWS 10 COST 10000;
ALTER FUNCTION sgr_kge_neighbors(text, integer, text, bigint) ROWS 10 COST 10000;
ALTER FUNCTION sgr_kge_neighbors_refresh(bigint, integer) COST 100000;
ALTER FUNCTION sgr_embeddings_export(bigint, text) ROWS 1 COST 100000;
ALTER FUNCTION sgr_embeddings_import(text, text, text, text, integer, boolean) ROWS 1 COST 100000;

COMMENT ON FUNCTION sgr_kge_train(text, integer, integer, text, regclass, text[], double precision, regclass, text, integer, integer, integer, text, text, boolean, double precision, integer, text, boolean, boolean, double precision, text, text, double precision, text, text, double precision, text, double precision, integer, integer, boolean, bigint, integer, integer, text, boolean) IS
    'Learns vectors for the entities and relations of a graph and stores them as a model; docs/KGE.md explains every argument. model: transe, transh, transr, distmult, complex, rotate; NULL elsewhere takes the model''s default. triples: a relation with head, relation, tail that stands in for the triples of graph, which is made of it if there is none. validation, validation_graph: triples to validate by, else validation_share of the learned ones. neighbours: length of the lists of each track. Errors: 22023 a choice that is not possible, 42704 unknown graph or relation, 42710 name taken, 55000 no triples, 53000 over sgr_graph.memory_limit, 22003 diverged with nothing to keep';
COMMENT ON FUNCTION sgr_kge_estimate(text, integer, boolean, text, regclass, text[], double precision, regclass, text, integer, text, boolean, boolean, text, integer, boolean, integer) IS
    'What sgr_kge_train with these arguments would take, in bytes, without training; it reads the triples to count them';
COMMENT ON FUNCTION sgr_kge_resume(bigint, integer, integer) IS
    'Trains a model for so many more epochs, on the triples that its graph has now, as far as it has vectors for their entities. Errors: 42704 unknown model, 22023 less than one epoch, 55000 an imported model, those of sgr_kge_train';
COMMENT ON FUNCTION sgr_kge_extend(bigint, integer) IS
    'Gives vectors to the entities that are new in the graph since training, and leaves all others and the relations as they are. epochs: over the triples of the new ones, NULL as in training. Errors: 42704 unknown model, 53000 over sgr_graph.memory_limit';
COMMENT ON FUNCTION sgr_kge_eval(bigint, regclass, text, regclass, text, integer) IS
    'Ranks the triples of a relation or a graph, which should not have been learned: for each, its head and its tail among all entities of the model. Filtered metrics pass over entities that are true by the model''s graph, the triples themselves or known; ties count half. One row per relation (NULL: all) and side (both, head, tail). Errors: 22023 nothing to rank named, 42704, 55000 no triples, 53000';
COMMENT ON FUNCTION sgr_kge_score(text, text, text, text, bigint) IS
    'The model''s score of a triple, the higher the more plausible (with reciprocal relations the mean of both sides'' scores); with activation sigmoid, tanh, softsign, softplus or fusion, its plausibility in [0,1]. Entities as in sgr_paths. model_id NULL is the active model of the catalogue. Errors: 42704 unknown model, entity or relation, 55000 no active model or no vector, 22023';
COMMENT ON FUNCTION sgr_kge_predict(text, text, text, integer, text, boolean, bigint) IS
    'The k most plausible tails of (head, relation) or heads of (relation, tail): give one of the two. kind: only answers of this kind, NULL for the kind that the relation has there. is_known: the graph says so already; include_known => false leaves these out. Errors: as sgr_kge_score';
COMMENT ON FUNCTION sgr_kge_neighbors(text, integer, text, bigint) IS
    'The k entities whose vectors have the highest cosine with that of an entity, of its own kind, or of kind, or of any kind (''any''). Exact, unless sgr_kge_index_create() made an index. Errors: as sgr_kge_score';
COMMENT ON FUNCTION sgr_kge_neighbors(bigint, integer, text, bigint) IS 'sgr_kge_neighbors for a track of the catalogue';
COMMENT ON FUNCTION sgr_kge_neighbors_refresh(bigint, integer) IS
    'Writes the neighbour lists of a model''s tracks (sgr.track_neighbours) again, after a restore for example; neighbours NULL keeps their length, 0 keeps none. Returns the number of lists. Errors: 42704, 22023';
COMMENT ON FUNCTION sgr_kge_index_create(bigint, integer, integer) IS
    'Makes an HNSW index of pgvector over the vectors of a model, which sgr_kge_neighbors() then uses: faster on many entities, and not exact. Errors: 55000 without pgvector, 42704 unknown model, 22023 vectors too long, 42501 unless the role owns sgr.entity_embeddings';
COMMENT ON FUNCTION sgr_model_drop(bigint) IS 'Deletes a model with its vectors, lists and index. Errors: 42704';
COMMENT ON FUNCTION sgr_model_activate(bigint, boolean) IS
    'Makes a model the one of its graph that functions take when none is named, or a blend of all interactions the one that sgr_recommend_user takes; with active => false no longer. Errors: 42704, 22023 a recommender that cannot be active';
COMMENT ON FUNCTION sgr_embeddings_export(bigint, text) IS
    'Writes a model (NULL: the active one) into a folder of the server: entity.npy and relation.npy, 32-bit floats in C order, their rows in the order of entities.tsv and relations.tsv, and model.json, which says what they mean. Each file takes its place at the end, or none does. Errors: 42501 without the rights of pg_write_server_files, 58P01 no such folder, 53100 disk full';
COMMENT ON FUNCTION sgr_embeddings_import(text, text, text, text, integer, boolean) IS
    'Makes a model of such a folder, for the entities and relations of graph that have the names in entities.tsv and relations.tsv; the rest is left out. model is needed where there is no model.json. Errors: 42501 without the rights of pg_read_server_files, 22P04 files that cannot be used, 55000 none of the names is known, 58P01, 53000';
