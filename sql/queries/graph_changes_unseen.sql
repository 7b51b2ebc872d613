SELECT DISTINCT c.what, c.id
FROM sgr.stage_state AS s
CROSS JOIN sgr.graph_changes AS c
WHERE s.stage = $1 AND NOT (pg_catalog.pg_visible_in_snapshot(c.changed_by, s.seen)
                            OR c.changed_by = s.seen_by AND c.change_id <= s.seen_up_to)
