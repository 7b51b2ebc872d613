//! The generated catalogue has scenes planted in it; recommendations must find them.
#![allow(clippy::unwrap_used, reason = "in tests a panic with the error is the report")]

use postgres::Client;
use sgr_server_tests::Database;
use sgr_server_tests::tell;

/// (seeds, recommendations, share of them in the seed's scene) over the seeds that a query selects.
fn share(client: &mut Client, scenes: i64, seeds: &str) -> (i64, i64, f64) {
    let row = client
        .query_one(
            &format!(
                "SELECT count(DISTINCT s.track_id), count(*),
                        avg(((r.track_id - 1) % {scenes} = (s.track_id - 1) % {scenes})::int)::float8
                 FROM ({seeds}) AS s CROSS JOIN LATERAL sgr_recommend(s.track_id, 10) AS r"
            ),
            &[],
        )
        .unwrap();
    (row.get(0), row.get(1), row.get(2))
}

#[test]
fn recommendations_lie_in_the_scene_of_the_seed() {
    let database = Database::create("scenes");
    let client = &mut database.connect();
    // Sizes and scenes: as make demo has them, and two others.
    for (tracks, playlists, users, scenes) in [(5000, 2000, 1000, 10), (8000, 1500, 800, 40), (2000, 1000, 300, 4)] {
        client
            .batch_execute(&format!(
                "SELECT sgr_demo_load({tracks}, {playlists}, {users}, 42, {scenes}, replace => true);
                 SELECT sgr_cooccur_refresh(mode => 'full');"
            ))
            .unwrap();
        let any = "SELECT track_id FROM sgr.tracks ORDER BY md5(track_id::text) LIMIT 400";
        let (seeds, rows, warm) = share(client, scenes, any);
        assert!(seeds >= 300 && rows == 10 * seeds, "{seeds} seeds, {rows} rows");
        let cold = "SELECT track_id FROM sgr.tracks t
                    WHERE NOT EXISTS (SELECT FROM sgr.playlist_tracks e WHERE e.track_id = t.track_id)
                      AND NOT EXISTS (SELECT FROM sgr.interactions i WHERE i.track_id = t.track_id AND i.kind = 'like')
                    ORDER BY md5(track_id::text) LIMIT 300";
        let known = "SELECT c.track_id FROM (@) c JOIN sgr.tracks t USING (track_id)
                     WHERE t.genre IS NOT NULL OR cardinality(t.tags) > 0"
            .replace('@', cold);
        let unlisted = "SELECT track_id FROM sgr.tracks t
                        WHERE NOT EXISTS (SELECT FROM sgr.playlist_tracks e WHERE e.track_id = t.track_id)
                        ORDER BY md5(track_id::text) LIMIT 300";
        tell!(
            "{tracks} tracks in {scenes} scenes: {:.1} % of the top 10 of {seeds} seeds lie in the seed's scene",
            100.0 * warm
        );
        for (what, sql) in [
            ("in no playlist", unlisted),
            ("in no playlist, liked by nobody", cold),
            ("the same, with tags or genre", &known),
        ] {
            let count: i64 = client.query_one(&format!("SELECT count(*) FROM ({sql}) s"), &[]).unwrap().get(0);
            if count > 0 {
                let (seeds, _, share) = share(client, scenes, sql);
                tell!("    {what}: {:.1} % of {seeds} seeds", 100.0 * share);
                assert!(share >= 0.9, "{what}: {share}");
            }
        }
        assert!(warm >= 0.9, "only {warm} of the recommendations lie in the seed's scene");
    }
}
