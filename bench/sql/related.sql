\set id random(1, :tracks)
SELECT * FROM sgr_related(:id);
