SELECT d.signal, coalesce(w.weight, d.weight)
FROM sgr.signal_defaults AS d
LEFT JOIN sgr.signal_weights AS w ON w.profile = $1 AND w.signal = d.signal
WHERE $1 = 'default' OR EXISTS (SELECT FROM sgr.signal_weights AS p WHERE p.profile = $1)
