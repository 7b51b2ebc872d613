-- The user's synonyms override the shipped ones.
SELECT d.alias, d.tag FROM sgr.tag_alias_defaults AS d
WHERE NOT EXISTS (SELECT FROM sgr.tag_aliases AS u WHERE pg_catalog.lower(u.alias) = pg_catalog.lower(d.alias))
UNION ALL
SELECT u.alias, u.tag FROM sgr.tag_aliases AS u
