-- What pgrx cannot say about the functions of recommenders.

ALTER FUNCTION sgr_train(text, text, text, jsonb, text, bigint, integer, boolean) ROWS 1 COST 1000000;
ALTER FUNCTION sgr_predict(bigint, bigint, text) COST 10000;
ALTER FUNCTION sgr_predict_top(bigint, text, integer, boolean) ROWS 10 COST 10000;

COMMENT ON FUNCTION sgr_train(text, text, text, jsonb, text, bigint, integer, boolean) IS
    'Trains a recommender (popularity, item_knn, rp3beta, ease, ials, bpr, lightgcn) and stores it under a name (NULL: that of the model): one per repeat of a split, on its training part, or with split NULL one on all interactions (kind: only these). params: the model''s own, docs/RECOMMENDERS.md. Errors: 22023 unknown model or parameter, a value out of range; 42704 unknown split, 42710 name taken, 55000 no interactions, 53000 over sgr_graph.memory_limit, 22003 diverged';
COMMENT ON FUNCTION sgr_predict(bigint, bigint, text) IS
    'The score that a recommender gives a track for a user, higher is better; NULL for a track that it did not learn. A user whom it did not learn is folded in by what he has now. Errors: 42704 unknown model or user, 55000 a new user and a model that cannot fold in';
COMMENT ON FUNCTION sgr_predict_top(bigint, text, integer, boolean) IS
    'The tracks that a recommender scores highest for a user, without those he has unless include_known. Errors: as sgr_predict, 22023 k';
