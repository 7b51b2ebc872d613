SELECT t.tag_id, t.idf, t.tracks, t.top_track_ids FROM sgr.tag_index AS t WHERE t.tag_id = ANY ($1)
