SELECT s.split_id, s.repeats, s.protocol FROM sgr.eval_splits AS s WHERE s.name = $1
