-- The arguments of each step of a task, in order; no row where it is run as a whole, so also where one is named that is none.
SELECT ($2::pg_catalog.jsonb || pg_catalog.jsonb_build_object(t.step_argument, ARRAY[s.step]))::text
FROM sgr.tasks AS t CROSS JOIN LATERAL unnest(t.steps) WITH ORDINALITY AS s (step, place)
CROSS JOIN LATERAL (SELECT coalesce($2::pg_catalog.jsonb -> t.step_argument, pg_catalog.to_jsonb(t.steps)) AS steps) AS wanted
WHERE t.task = $1 AND wanted.steps <@ pg_catalog.to_jsonb(t.steps) AND wanted.steps ? s.step
ORDER BY s.place
