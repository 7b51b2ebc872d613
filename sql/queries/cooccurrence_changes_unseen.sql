SELECT c.basket_id, c.track_id
FROM sgr.cooccurrence_state AS s
JOIN sgr.cooccurrence_changes AS c ON c.basket = s.basket
WHERE s.kind = $1
  AND (NOT c.publicity OR s.parameters->'public_only' = 'true')
  AND (c.changed_by = s.seen_by OR NOT pg_catalog.pg_visible_in_snapshot(c.changed_by, s.seen))
