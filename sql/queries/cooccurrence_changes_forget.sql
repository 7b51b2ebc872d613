-- A change is done with when every kind that counts such baskets has seen it.
DELETE FROM sgr.cooccurrence_changes AS c
WHERE c.basket = $1
  AND NOT EXISTS (
      SELECT FROM sgr.cooccurrence_state AS s
      WHERE s.basket = $1
        AND (c.changed_by = s.seen_by OR NOT pg_catalog.pg_visible_in_snapshot(c.changed_by, s.seen)))
