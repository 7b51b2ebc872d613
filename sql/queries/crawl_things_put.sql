INSERT INTO sgr.crawl_things AS t (job_id, kind, thing_id, level, mentions, met, flags, track_count)
SELECT $1, n.kind, n.thing_id, n.level, n.mentions, n.met, n.flags, nullif(n.track_count, -1)
FROM unnest($2, $3, $4, $5, $6, $7, $8) AS n (kind, thing_id, level, mentions, met, flags, track_count)
ON CONFLICT (job_id, kind, thing_id) DO UPDATE SET
    level = EXCLUDED.level, mentions = EXCLUDED.mentions, flags = EXCLUDED.flags, track_count = EXCLUDED.track_count
