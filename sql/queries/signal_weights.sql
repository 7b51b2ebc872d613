-- Without a model there is no proximity of embeddings, and the other signals share all of the weight.
SELECT d.signal, coalesce(w.weight, d.weight)
FROM sgr.signal_defaults AS d
LEFT JOIN sgr.signal_weights AS w ON w.profile = $1 AND w.signal = d.signal
WHERE ($1 = 'default' OR EXISTS (SELECT FROM sgr.signal_weights AS p WHERE p.profile = $1))
  AND (d.signal <> 'embedding' OR EXISTS (SELECT FROM sgr.models AS m WHERE m.is_active AND m.graph_id = 0))
