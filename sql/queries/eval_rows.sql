SELECT r.repeat, r.user_id, r.train, r.train_negatives, r.validation, r.validation_negatives, r.test, r.test_negatives
FROM sgr.eval_rows AS r WHERE r.split_id = $1
