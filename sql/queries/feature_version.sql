SELECT v.version::pg_catalog.text, v.tracks_source FROM sgr.feature_state AS v
