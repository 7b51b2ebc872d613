#!/usr/bin/env bash
# The ablation of the joint model on MKR's Last.FM files, by SQL alone, with raw output on standard output.
#
#   bench/joint.sh FOLDER [REPEATS [THREADS]]      FOLDER holds ratings_final.mcclk.txt and kg_final.mcclk.txt
#
# It needs the installed extension and no running server: scripts/server.sh starts one and throws it away.

set -euo pipefail
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
folder=${1:?name the folder of the files}
repeats=${2:-5}
threads=${3:-1}
if [ -z "${PGHOST:-}" ]; then exec "$ROOT/scripts/server.sh" run -- "$0" "$folder" "$repeats" "$threads"; fi

psql -X -v ON_ERROR_STOP=1 -v repeats="$repeats" -v threads="$threads" <<SQL
CREATE EXTENSION sgr_graph;
CREATE TABLE ratings (user_id integer, item_id integer, label integer);
CREATE TABLE facts (head integer, relation integer, tail integer);
\copy ratings FROM '$folder/ratings_final.mcclk.txt'
\copy facts FROM '$folder/kg_final.mcclk.txt'
SELECT version(), (SELECT extversion FROM pg_extension WHERE extname = 'sgr_graph') AS sgr_graph;
SELECT users, items, positives, train, validation, test FROM sgr_eval_split('lastfm', relation => 'ratings', repeats => :repeats);
\timing on
\echo popularity and what the protocol gives away
SELECT model, metric, round(value::numeric, 4) AS value, round(spread::numeric, 4) AS spread,
       round(low::numeric, 4) AS low, round(high::numeric, 4) AS high
FROM sgr_eval('lastfm', metrics => '{auc,user_auc,accuracy,ndcg}', threads => :threads);
\echo MMSS-style: both mixtures
SELECT variant, metric, round(value::numeric, 4) AS value, round(spread::numeric, 4) AS spread,
       round(low::numeric, 4) AS low, round(high::numeric, 4) AS high, round(difference::numeric, 4) AS difference,
       round(difference_low::numeric, 4) AS diff_low, round(difference_high::numeric, 4) AS diff_high, trainings,
       mean_epoch, round(elapsed_ms) AS ms
FROM sgr_ablate('lastfm', triples => 'facts', threads => :threads);
\echo MKR: neither mixture
SELECT variant, metric, round(value::numeric, 4) AS value, round(spread::numeric, 4) AS spread,
       round(low::numeric, 4) AS low, round(high::numeric, 4) AS high, round(difference::numeric, 4) AS difference,
       round(difference_low::numeric, 4) AS diff_low, round(difference_high::numeric, 4) AS diff_high, trainings,
       mean_epoch, round(elapsed_ms) AS ms
FROM sgr_ablate('lastfm', '{full,no_cross,no_kge,random_kg}', triples => 'facts', threads => :threads,
                params => '{"single_activation": true, "single_pred": true}');
SELECT task, parameters FROM sgr.runs WHERE task = 'ablate' ORDER BY run_id;
SQL
