-- What pgrx cannot say about the functions of recommenders.

ALTER FUNCTION sgr_train(text, text, text, jsonb, text, bigint, integer, boolean) ROWS 1 COST 1000000;
ALTER FUNCTION sgr_predict(bigint, bigint, text) COST 10000;
ALTER FUNCTION sgr_predict_top(bigint, text, integer, boolean) ROWS 10 COST 10000;

-- The terms as they stand in sgr.models: bin b of a feature is between cuts b - 1 and b, those of a pair stand row by row.
CREATE FUNCTION sgr_blend_terms(model text)
RETURNS TABLE (
    model_id bigint, repeat integer, ordinal integer, term text, lower_bound real, upper_bound real, other_lower real,
    other_upper real, weight double precision, share double precision)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 1000
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
    IF NOT EXISTS (SELECT FROM sgr.models AS m WHERE m.name = sgr_blend_terms.model AND m.model = 'blend') THEN
        RAISE undefined_object USING
            MESSAGE = format('blend %s does not exist', coalesce('"' || sgr_blend_terms.model || '"', 'NULL')),
            HINT = 'SELECT name FROM sgr_models WHERE model = ''blend'' lists them';
    END IF;
    RETURN QUERY
    SELECT m.model_id, m.repeat, 0, 'intercept', NULL::real, NULL::real, NULL::real, NULL::real,
           (m.blend ->> 'base')::double precision, 1::double precision
    FROM sgr.models AS m
    WHERE m.name = sgr_blend_terms.model AND m.model = 'blend'
    UNION ALL
    (SELECT m.model_id, m.repeat, t.ordinal::integer, t.term ->> 'term',
            CASE WHEN b.bin = 0 THEN '-Infinity' ELSE (t.term -> 'cuts' ->> b.bin - 1)::real END,
            coalesce((t.term -> 'cuts' ->> b.bin)::real, 'Infinity'),
            CASE WHEN t.term ->> 'other' IS NULL THEN NULL
                 WHEN b.other_bin = 0 THEN '-Infinity' ELSE (t.term -> 'other_cuts' ->> b.other_bin - 1)::real END,
            CASE WHEN t.term ->> 'other' IS NOT NULL
                 THEN coalesce((t.term -> 'other_cuts' ->> b.other_bin)::real, 'Infinity') END,
            w.weight::double precision, (t.term -> 'shares' ->> w.place::integer - 1)::double precision
     FROM sgr.models AS m
     CROSS JOIN LATERAL jsonb_array_elements(m.blend -> 'terms') WITH ORDINALITY AS t (term, ordinal)
     CROSS JOIN LATERAL jsonb_array_elements_text(t.term -> 'weights') WITH ORDINALITY AS w (weight, place)
     CROSS JOIN LATERAL (
         SELECT CASE WHEN t.term ->> 'other' IS NULL THEN 1 ELSE jsonb_array_length(t.term -> 'other_cuts') + 1 END) AS o (width)
     CROSS JOIN LATERAL (
         SELECT ((w.place - 1) / o.width)::integer, ((w.place - 1) % o.width)::integer) AS b (bin, other_bin)
     WHERE m.name = sgr_blend_terms.model AND m.model = 'blend')
    ORDER BY 2, 3, 5, 7;
END
$$;
COMMENT ON FUNCTION sgr_blend_terms(text) IS
    'What a blend learned, as a table: a row per bin of each term (a feature, or "feature & other" for a pair) with what it adds to the log-odds where the value is at least lower_bound and below upper_bound (the other one''s: other_lower, other_upper), and the share of the rows that it was learned from; the term "intercept" is always added. Errors: 42704 no blend of this name';

COMMENT ON FUNCTION sgr_train(text, text, text, jsonb, text, bigint, integer, boolean) IS
    'Trains a recommender (popularity, item_knn, rp3beta, ease, ials, bpr, lightgcn, blend) and stores it under a name (NULL: that of the model): one per repeat of a split, on its training part, or with split NULL one on all interactions (kind: only these). A blend learns the weights of its components on the validation part, or on a held-out share of all interactions, and becomes what sgr_recommend_user takes in the second case. params: the model''s own, docs/RECOMMENDERS.md. Errors: 22023 unknown model or parameter, a value out of range; 42704 unknown split, 42710 name taken, 55000 no interactions, no or too small a validation part, no triples in a graph that was named, 53000 over sgr_graph.memory_limit, 22003 diverged';
COMMENT ON FUNCTION sgr_predict(bigint, bigint, text) IS
    'The score that a recommender gives a track for a user, higher is better, of a blend a probability; NULL for a track that it did not learn. A user whom it did not learn is folded in by what he has now. Errors: 42704 unknown model or user, 55000 a new user and a model that cannot fold in';
COMMENT ON FUNCTION sgr_predict_top(bigint, text, integer, boolean) IS
    'The tracks that a recommender scores highest for a user, without those he has unless include_known. Errors: as sgr_predict, 22023 k';
