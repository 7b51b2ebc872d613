SELECT t.tag_id, t.tag, t.idf, t.tracks FROM sgr.tag_index AS t WHERE t.tag_id = ANY ($1) ORDER BY t.idf DESC, t.tag_id
