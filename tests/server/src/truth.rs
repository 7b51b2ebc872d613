//! Co-occurrence as a plain SQL self-join over the catalogue, and how the product's answer differs from it.

use postgres::{Client, Row};

/// Arguments of `sgr_cooccur_refresh` for one kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// "playlist" or "like".
    pub basket: &'static str,
    /// "track" or "artist".
    pub item: &'static str,
    /// Neighbours kept.
    pub top_k: Option<i32>,
    /// The measure that orders them.
    pub rank_by: &'static str,
    /// Fewest common baskets.
    pub min_together: i32,
    /// Longer baskets are skipped.
    pub max_basket_len: Option<i32>,
    /// Cap per owner.
    pub max_per_owner: Option<i32>,
    /// Only entries added at this time or later.
    pub since: Option<&'static str>,
    /// Threads; must not matter.
    pub threads: i32,
    /// Only public playlists count.
    pub public_only: bool,
}

impl Parameters {
    /// All pairs of one kind by "together".
    pub fn all_pairs(basket: &'static str, item: &'static str) -> Self {
        Parameters {
            basket,
            item,
            top_k: None,
            rank_by: "together",
            min_together: 1,
            max_basket_len: None,
            max_per_owner: None,
            since: None,
            threads: 2,
            public_only: false,
        }
    }

    /// The number in `sgr.cooccurrence.kind`.
    pub fn kind(&self) -> i32 {
        match (self.basket, self.item) {
            ("playlist", "track") => 1,
            ("like", "track") => 2,
            ("playlist", _) => 3,
            _ => 4,
        }
    }

    /// The call.
    pub fn refresh_sql(&self, mode: &str) -> String {
        fn or_null(value: Option<impl ToString>) -> String {
            value.map_or_else(|| "NULL".to_owned(), |value| value.to_string())
        }
        format!(
            "SELECT * FROM sgr_cooccur_refresh('{}', '{}', top_k => {}, rank_by => '{}', min_together => {}, \
             max_basket_len => {}, max_per_owner => {}, since => {}, threads => {}, public_only => {}, \
             mode => '{mode}')",
            self.basket,
            self.item,
            or_null(self.top_k),
            self.rank_by,
            self.min_together,
            or_null(self.max_basket_len),
            or_null(self.max_per_owner),
            or_null(self.since.map(|time| format!("'{time}'"))),
            self.threads,
            self.public_only,
        )
    }

    /// Calls it and returns the row of the kind.
    pub fn refresh(&self, client: &mut Client, mode: &str) -> Row {
        let sql = self.refresh_sql(mode);
        let rows = client.query(&sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
        rows.into_iter().find(|row| row.get::<_, &str>("basket") == self.basket).unwrap()
    }

    /// Fills the temporary tables `truth_entries`, `truth_items (item, baskets)` and `truth_pairs (a, b, together,
    /// cosine, jaccard, lift, weighted_cosine)` from the catalogue tables, and nothing else of the product.
    pub fn compute_truth(&self, client: &mut Client) {
        let (relation, basket, time, only, owner) = if self.basket == "playlist" {
            let owner = "LEFT JOIN sgr.playlists o ON o.playlist_id = d.basket";
            let only = if self.public_only {
                "EXISTS (SELECT FROM sgr.playlists l WHERE l.playlist_id = e.playlist_id AND l.is_public)"
            } else {
                "true"
            };
            ("sgr.playlist_tracks", "playlist_id", "added_at", only, owner)
        } else {
            let owner = "LEFT JOIN LATERAL (SELECT d.basket AS owner_id) o ON true";
            ("sgr.interactions", "user_id", "occurred_at", "e.kind = 'like'", owner)
        };
        let item = if self.item == "track" { "e.track_id" } else { "t.artist_id" };
        let join = if self.item == "track" { "" } else { "JOIN sgr.tracks t USING (track_id)" };
        let since = self.since.map_or_else(|| "true".to_owned(), |since| format!("e.{time} >= timestamptz '{since}'"));
        let longest = self.max_basket_len.map_or_else(|| "NULL".to_owned(), |n| n.to_string());
        let min_together = self.min_together;
        // With a cap, baskets are counted owner by owner; a basket without owner stands for itself.
        let (group, sum) = match self.max_per_owner {
            None => ("", "sum(baskets::int)".to_owned()),
            Some(cap) => (", owner, ownerless", format!("sum(least(baskets, {cap})::int)")),
        };
        let sql = format!(
            "SET client_min_messages = warning; SET jit = off; SET work_mem = '256MB';
             DROP TABLE IF EXISTS truth_entries, truth_items, truth_pairs;
             CREATE TEMP TABLE truth_entries AS
             WITH entries AS (
                 SELECT DISTINCT e.{basket} AS basket, {item} AS item
                 FROM {relation} e {join} WHERE {only} AND {since} AND {item} IS NOT NULL),
             counted AS (
                 SELECT basket, count(*) AS len FROM entries GROUP BY basket
                 HAVING count(*) <= {longest} OR {longest} IS NULL)
             SELECT d.basket, d.item, 1 / ln(1 + c.len::float8) AS weight, o.owner_id AS owner,
                    CASE WHEN o.owner_id IS NULL THEN d.basket END AS ownerless
             FROM entries d JOIN counted c USING (basket) {owner};
             ANALYZE truth_entries;

             CREATE TEMP TABLE truth_items AS
             SELECT item, {sum} AS baskets, sum(weight) AS weight
             FROM (SELECT item, count(*) AS baskets, sum(weight) AS weight
                   FROM truth_entries GROUP BY item {group}) per_owner
             GROUP BY item;
             ANALYZE truth_items;

             CREATE TEMP TABLE truth_pairs AS
             SELECT p.a, p.b, p.together,
                    p.together / sqrt(a.baskets::float8 * b.baskets) AS cosine,
                    p.together / (a.baskets + b.baskets - p.together)::float8 AS jaccard,
                    p.together * n.n::float8 / (a.baskets * b.baskets) AS lift,
                    p.weight / sqrt(a.weight * b.weight) AS weighted_cosine
             FROM (SELECT a, b, {sum} AS together, sum(weight) AS weight
                   FROM (SELECT a, b, count(*) AS baskets, sum(weight) AS weight
                         FROM (SELECT x.item AS a, y.item AS b, x.owner, x.ownerless, x.weight
                               FROM truth_entries x JOIN truth_entries y ON x.basket = y.basket AND x.item <> y.item) both_in
                         GROUP BY a, b {group}) per_owner
                   GROUP BY a, b
                   HAVING {sum} >= {min_together}) p
             JOIN truth_items a ON a.item = p.a
             JOIN truth_items b ON b.item = p.b
             CROSS JOIN (SELECT count(DISTINCT basket) AS n FROM truth_entries) n;
             ANALYZE truth_pairs;"
        );
        client.batch_execute(&sql).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }

    /// How a full refresh differs from the truth: rows of items, the lists with their order, every measure.
    pub fn differences_of_full(&self, client: &mut Client) -> Vec<String> {
        let mut found = self.differences_of_items(client);
        found.extend(self.differences_of_scores(client));
        if self.rank_by == "weighted_cosine" {
            found.extend(self.differences_of_weighted_lists(client));
            return found;
        }
        let measure = self.rank_by;
        let top_k = self.top_k.unwrap_or(i32::MAX);
        // Rounded to 12 digits: the measures of different fractions are farther apart, those of equal ones nearer.
        found.extend(differences(
            client,
            &format!(
                "WITH product AS (SELECT * FROM sgr.cooccurrence_pairs WHERE kind = {}),
                      expected AS (
                          SELECT * FROM (
                              SELECT *, row_number() OVER (PARTITION BY a ORDER BY round({measure}::numeric, 12) DESC,
                                                           together DESC, b) AS place
                              FROM truth_pairs) r
                          WHERE place <= {top_k})
                 SELECT 'list of ' || coalesce(p.item_id_a, t.a) || ' place ' || coalesce(p.place, t.place)
                        || ': is ' || coalesce(p.item_id_b || ' together ' || p.together, 'empty')
                        || ', should be ' || coalesce(t.b || ' together ' || t.together, 'empty')
                 FROM product p
                 FULL JOIN expected t ON t.a = p.item_id_a AND t.place = p.place
                 WHERE p.item_id_b IS DISTINCT FROM t.b OR p.together IS DISTINCT FROM t.together",
                self.kind()
            ),
        ));
        found
    }

    /// How the pairs that are listed, in whatever order, differ from the truth; with every pair kept, also which are
    /// missing.
    pub fn differences_of_scores(&self, client: &mut Client) -> Vec<String> {
        let join = if self.top_k.is_none() { "FULL" } else { "LEFT" };
        differences(
            client,
            &format!(
                "WITH product AS (SELECT * FROM sgr.cooccurrence_pairs WHERE kind = {})
                 SELECT format('pair %s %s: together %s, should be %s; cosine %s, %s; jaccard %s, %s; lift %s, %s',
                               coalesce(p.item_id_a, t.a), coalesce(p.item_id_b, t.b), p.together, t.together,
                               p.cosine, t.cosine, p.jaccard, t.jaccard, p.lift, t.lift)
                 FROM product p {join} JOIN truth_pairs t ON t.a = p.item_id_a AND t.b = p.item_id_b
                 WHERE p.together IS DISTINCT FROM t.together
                    OR (abs(p.cosine - t.cosine) <= 1e-12) IS NOT TRUE
                    OR (abs(p.jaccard - t.jaccard) <= 1e-12) IS NOT TRUE
                    OR (abs(p.lift - t.lift) <= 1e-12 * t.lift) IS NOT TRUE",
                self.kind()
            ),
        )
    }

    /// How the items' own counts and the number of baskets differ from the truth.
    pub fn differences_of_items(&self, client: &mut Client) -> Vec<String> {
        let kind = self.kind();
        let mut found = differences(
            client,
            &format!(
                "SELECT format('item %s: in %s baskets, should be %s', coalesce(c.item_id, t.item), c.baskets, t.baskets)
                 FROM (SELECT * FROM sgr.cooccurrence WHERE kind = {kind}) c
                 FULL JOIN truth_items t ON t.item = c.item_id
                 WHERE c.baskets IS DISTINCT FROM t.baskets"
            ),
        );
        found.extend(differences(
            client,
            &format!(
                "SELECT format('%s baskets in all, should be %s', s.total_baskets, t.n)
                 FROM sgr.cooccurrence_state s, (SELECT count(DISTINCT basket) AS n FROM truth_entries) t
                 WHERE s.kind = {kind} AND s.total_baskets <> t.n"
            ),
        ));
        found
    }

    /// Lists by the weighted cosine are stored as `real`: equal values at each place, and the right value for each.
    fn differences_of_weighted_lists(&self, client: &mut Client) -> Vec<String> {
        let top_k = self.top_k.unwrap_or(i32::MAX);
        differences(
            client,
            &format!(
                "WITH product AS (
                     SELECT c.item_id AS a, n.b, n.value, n.place
                     FROM sgr.cooccurrence c
                     CROSS JOIN unnest(c.neighbours, c.weighted) WITH ORDINALITY AS n (b, value, place)
                     WHERE c.kind = {}),
                 expected AS (
                     SELECT * FROM (SELECT a, weighted_cosine AS value, row_number() OVER (
                                        PARTITION BY a ORDER BY weighted_cosine DESC) AS place FROM truth_pairs) r
                     WHERE place <= {top_k})
                 SELECT format('list of %s place %s: %s with %s, should have %s; truly has %s', coalesce(p.a, e.a),
                               coalesce(p.place, e.place), p.b, p.value, e.value, t.weighted_cosine)
                 FROM product p
                 FULL JOIN expected e ON e.a = p.a AND e.place = p.place
                 LEFT JOIN truth_pairs t ON t.a = p.a AND t.b = p.b
                 WHERE (abs(p.value - e.value) <= 1e-6) IS NOT TRUE
                    OR (abs(p.value - t.weighted_cosine) <= 1e-6) IS NOT TRUE",
                self.kind()
            ),
        )
    }

    /// How what is stored now differs, row for row, from what a full refresh stores; that refresh is rolled back.
    pub fn differences_from_full(&self, client: &mut Client) -> Vec<String> {
        let kind = self.kind();
        let rows = format!(
            "SELECT c.item_id, c.baskets, c.neighbours, c.together, s.total_baskets,
                    (SELECT array_agg(coalesce(d.baskets, n.baskets) ORDER BY n.place)
                     FROM unnest(c.neighbours, c.neighbour_baskets) WITH ORDINALITY AS n (id, baskets, place)
                     LEFT JOIN sgr.cooccurrence_drift d ON d.kind = c.kind AND d.item_id = n.id) AS neighbour_baskets
             FROM sgr.cooccurrence c JOIN sgr.cooccurrence_state s USING (kind) WHERE c.kind = {kind}"
        );
        client
            .batch_execute(&format!(
                "BEGIN; CREATE TEMP TABLE incremental ON COMMIT DROP AS {rows};
                 {};
                 CREATE TEMP TABLE whole ON COMMIT DROP AS {rows};",
                self.refresh_sql("full")
            ))
            .unwrap();
        let found = differences(
            client,
            "SELECT format(E'item %s\n  is        %s\n  should be %s', coalesce(i.item_id, w.item_id), i, w)
             FROM incremental i FULL JOIN whole w USING (item_id)
             WHERE i IS DISTINCT FROM w",
        );
        client.batch_execute("ROLLBACK").unwrap();
        found
    }
}

/// Stands for all that `sgr.cooccurrence` holds, of whichever refresh.
pub fn checksum(client: &mut Client) -> String {
    let sql = "SELECT concat(count(*), ' ', sum(hash_record_extended(ROW (kind, item_id, baskets, neighbours, together,
                                                                      neighbour_baskets, weighted), 0)))
               FROM sgr.cooccurrence";
    client.query_one(sql, &[]).unwrap_or_else(|error| panic!("{error:?}")).get(0)
}

/// At most ten of the texts that a query returns.
fn differences(client: &mut Client, sql: &str) -> Vec<String> {
    let rows = client.query(&format!("{sql} LIMIT 10"), &[]).unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    rows.iter().map(|row| row.get::<_, Option<String>>(0).unwrap_or_default()).collect()
}
