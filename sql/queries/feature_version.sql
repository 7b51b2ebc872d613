SELECT v.version::pg_catalog.text, v.tracks_source, v.behind FROM sgr.feature_state AS v
