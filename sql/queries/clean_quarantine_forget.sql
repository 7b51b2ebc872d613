DELETE FROM sgr.quarantine WHERE stage = 'clean' AND document_id = ANY ($1)
