//! `sgr_triples_refresh`: the catalogue as entities and triples.
//!
//! Each relation is one SQL statement: what the catalogue says (`rows_*.sql`) is compared with what the graph holds
//! (`triples_put.sql`), and only the difference is written. After the first run the triggers' notes
//! (`sgr.graph_changes`) tell which ids to look at; relations of the user's own have no triggers and are compared whole.

use crate::adjacency;
use crate::error::{Error, Result};
use crate::kind::{Kind, one_of};
use crate::load::{self, Entries, Part};
use crate::run::{self, milliseconds};
use crate::sources::Sources;
use crate::spi::{self, Arg};
use crate::worker;
use crate::{interrupt, settings};
use serde_json::json;
use sgr_engine::cooccurrence::{CooccurrenceConfig, Counter};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

/// Users that like a track beyond this many say little about each other, and there are many pairs of them.
const MAX_LISTENERS: usize = 1000;

/// The arguments of `sgr_triples_refresh`.
pub struct Request {
    /// How many of a track's most similar tracks become triples.
    pub co_occurs_limit: i32,
    /// How many of a user's most similar users become triples.
    pub similar_taste_limit: i32,
    /// "auto", "full" or "incremental".
    pub mode: String,
}

/// What happened to one relation, or to the entities.
pub struct Outcome {
    pub relation: &'static str,
    /// "full", "incremental" or "unchanged".
    pub mode: &'static str,
    /// Triples that the catalogue says, as far as it was looked at.
    pub considered: i64,
    pub inserted: i64,
    pub updated: i64,
    pub deleted: i64,
    pub elapsed_ms: f64,
}

/// What a run did.
pub struct Refreshed {
    pub run_id: i64,
    pub outcomes: Vec<Outcome>,
}

/// Which ids of the catalogue to look at.
#[derive(Clone, Copy)]
enum Scope<'a> {
    Everything,
    Ids(&'a [i64]),
    Nothing,
}

/// Which end of a triple the ids of the scope are, and which notes they come from.
#[derive(Clone, Copy)]
enum Follows {
    /// Heads of the relation, by the notes of this name.
    Heads(&'static str),
    /// Tails.
    Tails(&'static str),
    /// Made from other tables of the extension: all or nothing.
    Derived,
}

struct Relation {
    id: i32,
    name: &'static str,
    head_kind: &'static str,
    tail_kind: &'static str,
    role: &'static str,
    follows: Follows,
    everything: String,
    some: String,
}

/// Heads and tails of what a statement changed, unless they are too many to be worth listing.
const TOUCHED: &str = include_str!("../sql/queries/triples_touched.sql");

/// A statement for everything and one for the ids $1: one plan for both could not use an index.
fn both(rows: &str, put: &str, scope: &str) -> (String, String) {
    let text = format!("{rows}{put}");
    let mut everything = text.replace("{scope}", "true").replace("{touched}", "NULL::bigint[]");
    let mut some = text.replace("{scope}", scope).replace("{touched}", TOUCHED);
    for (text, narrowed) in [(&mut everything, false), (&mut some, true)] {
        while let Some(start) = text.find("{only ") {
            let Some(length) = text[start..].find('}') else { break };
            let column = &text[start + "{only ".len()..start + length];
            let condition = if narrowed { format!("{column} = ANY ($1)") } else { "true".to_owned() };
            text.replace_range(start..=start + length, &condition);
        }
    }
    (everything, some)
}

macro_rules! relation {
    ($id:literal, $name:literal, $head:literal, $tail:literal, $role:literal, $follows:expr) => {{
        let scope = match $follows {
            Follows::Heads(_) => {
                "t.head IN (SELECT k.entity_id FROM sgr.entity_keys AS k WHERE k.kind = $4 AND k.key = ANY ($1::text[]))"
            }
            Follows::Tails(_) => {
                "t.tail IN (SELECT k.entity_id FROM sgr.entity_keys AS k WHERE k.kind = $5 AND k.key = ANY ($1::text[]))"
            }
            Follows::Derived => "true",
        };
        let rows = concat!("WITH found AS (\n", include_str!(concat!("../sql/queries/rows_", $name, ".sql")));
        let (everything, some) = both(rows, include_str!("../sql/queries/triples_put.sql"), scope);
        Relation {
            id: $id,
            name: $name,
            head_kind: $head,
            tail_kind: $tail,
            role: $role,
            follows: $follows,
            everything,
            some,
        }
    }};
}

/// The relations of `sgr.relations`, each after those that it is made from.
static RELATIONS: LazyLock<[Relation; 13]> = LazyLock::new(|| {
    [
        relation!(1, "has_genre", "track", "genre", "tracks", Follows::Heads("track")),
        relation!(2, "by_artist", "track", "artist", "tracks", Follows::Heads("track")),
        relation!(3, "in_playlist", "track", "playlist", "playlist_tracks", Follows::Tails("entries")),
        relation!(4, "collab_with", "artist", "artist", "tracks", Follows::Derived),
        relation!(5, "has_tag", "track", "tag", "tracks", Follows::Heads("track")),
        relation!(6, "released_on", "track", "date", "tracks", Follows::Heads("track")),
        relation!(7, "on_label", "track", "label", "tracks", Follows::Heads("track")),
        relation!(8, "created_by", "playlist", "user", "playlists", Follows::Heads("playlist")),
        relation!(9, "liked_by", "track", "user", "interactions", Follows::Tails("likes")),
        relation!(10, "reposted_by", "track", "user", "interactions", Follows::Tails("likes")),
        relation!(11, "follows", "user", "user", "follows", Follows::Heads("follows")),
        relation!(12, "co_occurs_with", "track", "track", "playlist_tracks", Follows::Derived),
        relation!(13, "similar_taste", "user", "user", "interactions", Follows::Derived),
    ]
});

/// Names of the catalogue's rows: the notes they follow and the statements.
static NAMES: LazyLock<[(&str, (String, String)); 4]> = LazyLock::new(|| {
    let put = include_str!("../sql/queries/entities_put.sql");
    [
        ("track", both(include_str!("../sql/queries/names_track.sql"), put, "true")),
        ("artist", both(include_str!("../sql/queries/names_artist.sql"), put, "true")),
        ("playlist", both(include_str!("../sql/queries/names_playlist.sql"), put, "true")),
        ("user", both(include_str!("../sql/queries/names_user.sql"), put, "true")),
    ]
});

/// What changed since the last run.
#[derive(Default)]
struct Changes {
    /// By kind of note; `None` is everything.
    noted: HashMap<String, Option<Vec<i64>>>,
    /// Nothing is known of the last run, or it does not count.
    everything: bool,
    /// The co-occurrence lists are others.
    cooccurrence: bool,
}

impl Changes {
    fn scope(&self, what: &str) -> Scope<'_> {
        if self.everything {
            return Scope::Everything;
        }
        match self.noted.get(what) {
            None => Scope::Nothing,
            Some(None) => Scope::Everything,
            Some(Some(ids)) => Scope::Ids(ids),
        }
    }

    fn note(&mut self, what: &str, id: Option<i64>) {
        match (self.noted.entry(what.to_owned()).or_insert_with(|| Some(Vec::new())), id) {
            (Some(ids), Some(id)) => ids.push(id),
            (all, None) => *all = None,
            (None, Some(_)) => {}
        }
    }
}

/// Refreshes the graph in the caller's transaction.
///
/// Errors: 22023 for arguments out of range, 53000 over the memory limit.
pub fn refresh(request: &Request) -> Result<Refreshed> {
    one_of("mode", Some(&request.mode), &["auto", "full", "incremental"])?;
    for (name, limit) in
        [("co_occurs_limit", request.co_occurs_limit), ("similar_taste_limit", request.similar_taste_limit)]
    {
        if !(0..=1000).contains(&limit) {
            return Err(Error::invalid(format!("{name} must be between 0 and 1000, not {limit}")));
        }
    }
    let started = Instant::now();
    worker::phase("triples");
    run::lock_graph()?;
    let sources = Sources::load()?;
    let seen = run::seen(run::LAST_CHANGE)?;
    let parameters = parameters(request, &sources)?;
    let changes = changes(request, &sources, &parameters)?;
    let run_id = run::note("triples_refresh", &parameters, &json!({}), 0.0)?;
    let mut graph = Graph { request, sources: &sources, run_id, outcomes: Vec::new(), touched: Some(Vec::new()) };
    graph.entities(&changes)?;
    for relation in RELATIONS.iter() {
        graph.relation(relation, &changes)?;
    }
    graph.remove_entities()?;
    graph.adjacency()?;
    let outcomes = graph.outcomes;
    let sum = |count: fn(&Outcome) -> i64| outcomes.iter().map(count).sum::<i64>();
    let result = json!({
        "considered": sum(|o| o.considered), "inserted": sum(|o| o.inserted),
        "updated": sum(|o| o.updated), "deleted": sum(|o| o.deleted),
    });
    run::complete(run_id, &result, milliseconds(started))?;
    run::save_stage("triples", run_id, &seen, &parameters)?;
    Ok(Refreshed { run_id, outcomes })
}

fn parameters(request: &Request, sources: &Sources) -> Result<serde_json::Value> {
    let mut cooccurrence = json!(null);
    spi::select_fresh(
        "SELECT run_id, generation FROM sgr.cooccurrence_state WHERE kind = 1",
        &Sources::NONE,
        &[],
        |row| {
            cooccurrence = json!([row.int(0), row.int(1)]);
            Ok(())
        },
    )?;
    Ok(json!({
        "co_occurs_limit": request.co_occurs_limit,
        "similar_taste_limit": request.similar_taste_limit,
        "sources": sources.expand("{playlist_tracks} {playlists} {interactions} {tracks} {artists} {users}"),
        "cooccurrence": cooccurrence,
    }))
}

fn changes(request: &Request, sources: &Sources, parameters: &serde_json::Value) -> Result<Changes> {
    let mut changes = Changes::default();
    let Some(before) = run::stage_state("triples")? else {
        if request.mode == "incremental" {
            return Err(Error::not_ready("there is no graph yet that an incremental refresh could go on from")
                .hint("use mode => 'auto' or 'full'"));
        }
        return Ok(Changes { everything: true, ..changes });
    };
    let same = |name: &str| before.parameters[name] == parameters[name];
    changes.cooccurrence = !same("cooccurrence") || !same("co_occurs_limit");
    changes.everything = request.mode == "full" || !same("sources") || !same("similar_taste_limit");
    if sources.any_mapped() && request.mode == "auto" {
        changes.everything = true;
    }
    spi::select_fresh(
        include_str!("../sql/queries/graph_changes_unseen.sql"),
        &Sources::NONE,
        &[Arg::Text("triples")],
        |row| {
            changes.note(&row.text(0).unwrap_or_default(), row.int(1));
            Ok(())
        },
    )?;
    // Which rows of the catalogue an alias touches is not noted.
    changes.everything |= changes.noted.contains_key("alias");
    Ok(changes)
}

struct Graph<'a> {
    request: &'a Request,
    sources: &'a Sources,
    run_id: i64,
    outcomes: Vec<Outcome>,
    /// Heads and tails of the triples that changed; `None` if not all of them were listed.
    touched: Option<Vec<i64>>,
}

impl Graph<'_> {
    /// Entities of the catalogue's rows, with their names; the others come with their triples.
    fn entities(&mut self, changes: &Changes) -> Result<()> {
        let started = Instant::now();
        let mut outcome = outcome("entities", Scope::Nothing);
        for (what, (everything, some)) in NAMES.iter() {
            let scope = changes.scope(what);
            let (sql, ids): (&'static str, &[i64]) = match scope {
                Scope::Nothing => continue,
                Scope::Everything => (everything, &[]),
                Scope::Ids(ids) => (some, ids),
            };
            outcome.mode = mode(scope);
            spi::planned(matches!(scope, Scope::Everything), || {
                spi::select_fresh(sql, self.sources, &[Arg::Bigs(ids)], |row| {
                    outcome.considered += row.int(0).unwrap_or(0);
                    outcome.inserted += row.int(1).unwrap_or(0);
                    outcome.updated += row.int(2).unwrap_or(0);
                    Ok(())
                })
            })?;
        }
        outcome.elapsed_ms = milliseconds(started);
        self.outcomes.push(outcome);
        Ok(())
    }

    fn relation(&mut self, relation: &'static Relation, changes: &Changes) -> Result<()> {
        let started = Instant::now();
        let scope = match relation.follows {
            Follows::Heads(what) | Follows::Tails(what) => changes.scope(what),
            Follows::Derived => {
                let needed = match relation.name {
                    "collab_with" => self.outcomes.iter().any(|o| o.relation == "by_artist" && o.changed() > 0),
                    "co_occurs_with" => changes.cooccurrence,
                    _ => !matches!(changes.scope("likes"), Scope::Nothing),
                };
                if needed || changes.everything { Scope::Everything } else { Scope::Nothing }
            }
        };
        let derived = matches!(relation.follows, Follows::Derived);
        let mut outcome = outcome(relation.name, scope);
        let (sql, ids): (&'static str, &[i64]) = match scope {
            Scope::Nothing => {
                self.outcomes.push(outcome);
                return Ok(());
            }
            // What is made from other tables has one scope, and few changes when the rest has few.
            Scope::Everything if derived && !changes.everything => (&relation.some, &[]),
            Scope::Everything => (&relation.everything, &[]),
            Scope::Ids(ids) => (&relation.some, ids),
        };
        let source = match relation.name {
            "follows" => "sgr.follows".to_owned(),
            _ => self.sources.relation_name(relation.role)?,
        };
        let mut args = vec![
            Arg::Bigs(ids),
            Arg::Text(&source),
            Arg::Int(relation.id),
            Arg::Text(relation.head_kind),
            Arg::Text(relation.tail_kind),
            Arg::Big(self.run_id),
        ];
        let alike;
        if relation.name == "co_occurs_with" {
            args.push(Arg::Int(self.request.co_occurs_limit));
        } else if relation.name == "similar_taste" {
            alike = similar_users(self.sources, self.request.similar_taste_limit)?;
            args.extend([Arg::Bigs(&alike.users), Arg::Bigs(&alike.others), Arg::Floats(&alike.cosines)]);
        }
        let whole = matches!(scope, Scope::Everything);
        let mut touched = None;
        spi::planned(whole, || {
            spi::select_fresh(sql, self.sources, &args, |row| {
                outcome.considered = row.int(0).unwrap_or(0);
                outcome.inserted = row.int(1).unwrap_or(0);
                outcome.updated = row.int(2).unwrap_or(0);
                outcome.deleted = row.int(3).unwrap_or(0);
                touched = row.bigints(4).map(<[i64]>::to_vec);
                Ok(())
            })
        })?;
        if outcome.changed() > 0 {
            match (&mut self.touched, touched) {
                (Some(all), Some(touched)) => all.extend(touched),
                (all, _) => *all = None,
            }
        }
        outcome.elapsed_ms = milliseconds(started);
        self.outcomes.push(outcome);
        Ok(())
    }

    /// Drops entities that nothing names any more.
    fn remove_entities(&mut self) -> Result<()> {
        let started = Instant::now();
        let anything = self.outcomes.iter().any(|o| o.deleted > 0 || o.mode == "full")
            || self.outcomes.first().is_some_and(|entities| entities.mode == "incremental");
        if !anything {
            return Ok(());
        }
        let deleted = spi::execute(include_str!("../sql/queries/entities_remove.sql"), self.sources, &[])?;
        if let Some(entities) = self.outcomes.first_mut() {
            entities.deleted = deleted as i64;
            entities.elapsed_ms += milliseconds(started);
        }
        Ok(())
    }
}

impl Graph<'_> {
    /// Brings the rows of edges up to date with the triples.
    fn adjacency(&mut self) -> Result<()> {
        if let Some(touched) = &mut self.touched {
            touched.sort_unstable();
            touched.dedup();
        }
        adjacency::update(0, self.touched.as_deref())?;
        Ok(())
    }
}

impl Outcome {
    /// Rows written or deleted.
    pub fn changed(&self) -> i64 {
        self.inserted + self.updated + self.deleted
    }
}

fn outcome(relation: &'static str, scope: Scope) -> Outcome {
    Outcome { relation, mode: mode(scope), considered: 0, inserted: 0, updated: 0, deleted: 0, elapsed_ms: 0.0 }
}

fn mode(scope: Scope) -> &'static str {
    match scope {
        Scope::Everything => "full",
        Scope::Ids(_) => "incremental",
        Scope::Nothing => "unchanged",
    }
}

/// Pairs of users with the cosine of their likes.
#[derive(Default)]
struct Alike {
    users: Vec<i64>,
    others: Vec<i64>,
    cosines: Vec<f64>,
}

/// The co-occurrence engine with the parts exchanged: tracks are the baskets, the users who like them the items.
fn similar_users(sources: &Sources, limit: i32) -> Result<Alike> {
    let config = CooccurrenceConfig {
        top_k: Some(limit.max(1) as usize),
        max_basket_len: Some(MAX_LISTENERS),
        memory_limit: settings::memory_limit(),
        ..CooccurrenceConfig::default()
    };
    let likes = load::entries(Kind::TracksByLikes, sources, Part::All, config.memory_limit)?;
    let listeners = Entries { basket_ids: likes.item_ids, item_ids: likes.basket_ids };
    let mut alike = Alike::default();
    if limit == 0 || listeners.basket_ids.is_empty() {
        return Ok(alike);
    }
    let pool = interrupt::thread_pool(settings::threads(None)?)?;
    interrupt::pipeline(
        |output| {
            let baskets = Arc::new(listeners.into_baskets(&[], &config, &pool, output.cancelled())?);
            let mut counter = Counter::new(baskets, config.clone(), &pool)?;
            while let Some(block) = counter.step(&pool) {
                if !output.send(block) {
                    break;
                }
            }
            Ok(())
        },
        |event| {
            if let interrupt::Event::Block(block) = event {
                for (row, &user) in block.item_ids.iter().enumerate() {
                    for at in block.offsets[row]..block.offsets[row + 1] {
                        let likes = f64::from(block.baskets[row]) * f64::from(block.neighbour_baskets[at]);
                        alike.users.push(user);
                        alike.others.push(block.neighbours[at]);
                        alike.cosines.push(f64::from(block.together[at]) / likes.sqrt());
                    }
                }
            }
            Ok(())
        },
    )?;
    Ok(alike)
}
