SELECT t.kind, t.thing_id, t.level, t.mentions, t.met, t.flags, t.track_count FROM sgr.crawl_things AS t WHERE t.job_id = $1
