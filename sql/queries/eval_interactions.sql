SELECT i.user_id, i.track_id,
       CASE WHEN pg_catalog.isfinite(i.occurred_at)
            THEN (pg_catalog.date_part('epoch', i.occurred_at) * 1e6)::pg_catalog.int8 END
FROM {interactions} AS i WHERE $1 = '' OR i.kind = $1
