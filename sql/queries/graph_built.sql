SELECT FROM sgr.stage_state AS s WHERE s.stage = 'triples'
