-- A change is done with when both stages that read it have seen it.
DELETE FROM sgr.graph_changes AS c
WHERE NOT EXISTS (
    SELECT FROM (VALUES ('fuse'), ('triples')) AS reader (stage)
    LEFT JOIN sgr.stage_state AS s ON s.stage = reader.stage
    WHERE s.stage IS NULL
       OR NOT (pg_catalog.pg_visible_in_snapshot(c.changed_by, s.seen)
               OR c.changed_by = s.seen_by AND c.change_id <= s.seen_up_to))
