-- Artist names of one to three made words; every fifth is another spelling of the one four before it.
INSERT INTO sgr.artists (artist_id, name)
SELECT n, CASE WHEN n % 5 = 0 THEN upper(name) WHEN n % 35 = 4 THEN 'The ' || name ELSE name END
FROM (SELECT n, (SELECT string_agg(initcap(translate(substr(md5(w || ' ' || k), 1, 3 + ('x' || substr(md5(k || 'l' || w), 1, 2))::bit(8)::int % 6),
                        '0123456789', 'aeiouyrlns')), ' ' ORDER BY w)
             FROM generate_series(1, 1 + k % 3) AS w) AS name
      FROM (SELECT n, CASE WHEN n % 5 = 0 THEN n - 4 ELSE n END AS k FROM generate_series(1, {rows}) AS n) AS numbers) AS names
