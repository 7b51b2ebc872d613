SELECT t.tag_id, t.tag, t.idf, t.track_ids, t.track_norms FROM sgr.tag_index AS t WHERE t.tag_id = ANY ($1)
