(SELECT CASE WHEN pg_catalog.count(*) <= 50000 THEN pg_catalog.array_agg(c.id) END
        FROM (SELECT DISTINCT x.id FROM (
                  SELECT p.head AS id FROM put AS p UNION ALL SELECT p.tail FROM put AS p
                  UNION ALL SELECT g.head FROM gone AS g UNION ALL SELECT g.tail FROM gone AS g) AS x
              LIMIT 50001) AS c)
