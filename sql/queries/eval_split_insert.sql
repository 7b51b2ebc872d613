INSERT INTO sgr.eval_splits (
    name, protocol, source, kind, ratios, negatives, seed, repeats, users, items, positives, train, validation, test,
    single_users, missing_negatives, run_id, version)
VALUES (
    $1[1], $1[2], $1[3], $1[4], nullif($2, '{}'), nullif($3[1], -1), CASE WHEN $1[2] <> 'given' THEN $3[2] END, $3[3], $3[4],
    $3[5], $3[6], $3[7], $3[8], $3[9], $3[10], $3[11], $4, $5)
RETURNING split_id
