SELECT n.track_id, n.neighbours, n.wide_neighbours, n.cosines
FROM sgr.models AS m
JOIN sgr.track_neighbours AS n ON n.model_id = m.model_id
WHERE m.is_active AND m.graph_id = 0 AND n.track_id = ANY ($1)
