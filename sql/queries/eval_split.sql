SELECT s.split_id, s.repeats FROM sgr.eval_splits AS s WHERE s.name = $1
