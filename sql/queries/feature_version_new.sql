INSERT INTO sgr.feature_state AS v (tracks_source) VALUES ($1)
ON CONFLICT (only_row) DO UPDATE SET
    version = excluded.version,
    tracks_source = excluded.tracks_source,
    behind = CASE WHEN $2 THEN false ELSE v.behind END
