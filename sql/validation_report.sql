-- sgr_kg_report(): the checks of sgr_kg_validate() as Markdown, with text histograms.

CREATE FUNCTION sgr.kg_bar(part double precision, whole double precision, width integer) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT part > 0 OR NOT whole > 0 THEN
        RETURN '';
    END IF;
    -- Only Unicode has block characters.
    IF getdatabaseencoding() = 'UTF8' THEN
        RETURN CASE WHEN part / whole * width < 0.5 THEN chr(9615) ELSE repeat(chr(9608), round(part / whole * width)::integer) END;
    END IF;
    RETURN repeat('#', greatest(1, round(part / whole * width)::integer));
END
$$;
COMMENT ON FUNCTION sgr.kg_bar(double precision, double precision, integer) IS
    'A bar of block characters, width characters long where part = whole';

CREATE FUNCTION sgr.kg_degree_histogram(degrees jsonb) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
    WITH counted AS (
        SELECT CASE WHEN d.degree = 0 THEN -1 ELSE floor(log(2.0, d.degree::numeric))::integer END AS bucket, sum(d.entities) AS n
        FROM jsonb_to_recordset(kg_degree_histogram.degrees) AS d (degree bigint, entities bigint)
        GROUP BY 1
    ), shown AS (
        SELECT b.bucket, coalesce(c.n, 0) AS n, max(c.n) OVER () AS most,
               CASE b.bucket WHEN -1 THEN '0' WHEN 0 THEN '1'
                    ELSE format('%s-%s', (2::numeric ^ b.bucket)::bigint, (2::numeric ^ (b.bucket + 1))::bigint - 1) END AS label
        FROM generate_series((SELECT min(m.bucket) FROM counted AS m), (SELECT max(m.bucket) FROM counted AS m)) AS b (bucket)
        LEFT JOIN counted AS c ON c.bucket = b.bucket
    ), sized AS (
        SELECT s.bucket, s.label, sgr.kg_number(s.n) AS number, sgr.kg_bar(s.n, s.most, 40) AS bar,
               max(length(s.label)) OVER () AS label_width, max(length(sgr.kg_number(s.n))) OVER () AS number_width
        FROM shown AS s
    )
    SELECT string_agg(rtrim(format('%s  %s  %s', lpad(s.label, s.label_width), lpad(s.number, s.number_width), s.bar)), E'\n' ORDER BY s.bucket)
    FROM sized AS s
$$;
COMMENT ON FUNCTION sgr.kg_degree_histogram(jsonb) IS 'The rows of sgr.kg_degrees() as a text histogram, one line per doubling of the degree';

CREATE FUNCTION sgr_kg_report(graph text DEFAULT 'catalogue') RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
    checks   jsonb;
    degrees  jsonb;
    lines    text[];
    summary  text;
BEGIN
    SELECT jsonb_agg(to_jsonb(c) || jsonb_build_object('place', c.place)) INTO checks
    FROM (SELECT k.*, row_number() OVER () AS place FROM sgr.kg_checks(sgr.kg_graph_id(sgr_kg_report.graph)) AS k) AS c;
    SELECT c.data INTO degrees FROM jsonb_to_recordset(checks) AS c (name text, data jsonb) WHERE c.name = 'degree_max';

    SELECT format('%s checks: %s ok, %s warn, %s fail, %s for information.', count(*), count(*) FILTER (WHERE c.status = 'ok'),
                  count(*) FILTER (WHERE c.status = 'warn'), count(*) FILTER (WHERE c.status = 'fail'),
                  count(*) FILTER (WHERE c.status = 'info'))
    INTO summary FROM jsonb_to_recordset(checks) AS c (status text);
    lines := ARRAY['# Knowledge graph: ' || sgr.kg_cell(sgr.kg_shown(graph)), '', summary, ''];

    lines := lines || ARRAY['## Checks', '', '| check | value | warn | fail | status | detail |', '| --- | ---: | ---: | ---: | --- | --- |'] || (
        SELECT array_agg(format('| %s | %s | %s | %s | %s | %s |', c.name, sgr.kg_number(c.value),
                                CASE d.direction WHEN 'below' THEN '< ' ELSE '> ' END || sgr.kg_number(c.warn_at),
                                CASE d.direction WHEN 'below' THEN '< ' ELSE '> ' END || sgr.kg_number(c.fail_at),
                                CASE WHEN c.status IN ('warn', 'fail') THEN format('**%s**', c.status) ELSE c.status END,
                                sgr.kg_cell(c.detail)) ORDER BY c.place)
        FROM jsonb_to_recordset(checks) AS c (place integer, name text, value double precision, warn_at double precision,
                                              fail_at double precision, status text, detail text)
        JOIN sgr.check_defaults AS d ON d.name = c.name);

    lines := lines || ARRAY['', '## Entities', '', '| kind | entities | | isolated | median degree | 90 % | 99 % | most |',
                            '| --- | ---: | --- | ---: | ---: | ---: | ---: | ---: |'] || (
        SELECT array_agg(format('| %s | %s | %s | %s | %s | %s | %s | %s |', sgr.kg_cell(q.kind), sgr.kg_number(q.entities),
                                sgr.kg_bar(q.entities, q.largest, 20), sgr.kg_number(q.isolated), sgr.kg_number(q.median),
                                sgr.kg_number(q.p90), sgr.kg_number(q.p99), sgr.kg_number(q.most)) ORDER BY q.entities DESC, q.kind)
        FROM (SELECT k.*, max(k.entities) OVER () AS largest FROM sgr.kg_degree_quantiles(degrees) AS k WHERE k.kind IS NOT NULL) AS q);

    lines := lines || ARRAY['', '## Triples', '', '| relation | triples | | meaning |', '| --- | ---: | --- | --- |'] || (
        SELECT array_agg(format('| %s | %s | %s | %s |', sgr.kg_cell(substr(c.name, 9)), sgr.kg_number(c.value),
                                sgr.kg_bar(c.value, c.largest, 20), sgr.kg_cell(c.detail)) ORDER BY c.place)
        FROM (SELECT t.*, max(t.value) OVER () AS largest
              FROM jsonb_to_recordset(checks) AS t (place integer, name text, value double precision, detail text)
              WHERE starts_with(t.name, 'triples_')) AS c);

    IF jsonb_array_length(degrees) > 0 THEN
        lines := lines || ARRAY['', '## Degrees', '', 'Entities by the number of triples that touch them:', '',
                                '```text', sgr.kg_degree_histogram(degrees), '```', '',
                                '| heaviest hub | kind | degree | |', '| --- | --- | ---: | --- |'] || (
            SELECT array_agg(format('| %s | %s | %s | %s |', sgr.kg_cell(h.name), sgr.kg_cell(h.kind), sgr.kg_number(h.degree),
                                    sgr.kg_bar(h.degree, h.largest, 20)) ORDER BY h.place)
            FROM (SELECT k.*, max(k.degree) OVER () AS largest FROM sgr.kg_hubs(degrees) AS k) AS h);
    END IF;

    lines := lines || (
        SELECT ARRAY['', '## Quarantine', '', '| reason | stage | whole documents and lines | parts of documents | |', '| --- | --- | ---: | ---: | --- |']
            || array_agg(format('| %s | %s | %s | %s | %s |', sgr.kg_cell(r.reason), r.stage, sgr.kg_number(r.documents), sgr.kg_number(r.parts),
                                sgr.kg_bar(r.documents + r.parts, r.largest, 20)) ORDER BY r.documents + r.parts DESC, r.reason, r.stage)
        FROM (SELECT q.*, max(q.documents + q.parts) OVER () AS largest
              FROM jsonb_to_recordset(checks) AS c (name text, data jsonb)
              CROSS JOIN LATERAL jsonb_to_recordset(c.data) AS q (stage text, reason text, documents bigint, parts bigint)
              WHERE c.name = 'quarantine_rate') AS r
        HAVING count(*) > 0);
    RETURN array_to_string(lines, E'\n') || E'\n';
END
$$;
COMMENT ON FUNCTION sgr_kg_report(text) IS
    'What sgr_kg_validate() finds, as Markdown: the checks, rows per kind and relation, degrees with histograms, the heaviest hubs, the quarantine by reason. Errors as sgr_kg_validate()';
