//! What a scene has of its own: genre, tags, labels, tempo, cities.

use super::names::Taken;
use super::sampling::{AliasTable, Stream};
use super::words::{CITIES, GENRE_MODIFIERS, GENRES, KEYS, SHARED_TAGS, TAG_MOODS, TAG_TEXTURES};

/// Share of tracks that also carry a shared tag.
const SHARED_TAG_CHANCE: f64 = 0.55;
/// Share of tags whose letter case or blanks differ.
const UNTIDY_TAGS: f64 = 0.03;

#[derive(Debug)]
pub(super) struct Scene {
    pub(super) genre: String,
    /// The genre in lower case first, then own ones.
    tags: Vec<String>,
    tag_table: AliasTable,
    pub(super) labels: Vec<String>,
    tempo: f64,
    cities: [(&'static str, &'static str); 3],
    keys: [&'static str; 6],
}

/// All scenes; at most `MAX_SCENES`, which the word lists suffice for.
pub(super) fn plan(count: usize, taken: &mut Taken, stream: &mut Stream) -> Vec<Scene> {
    let mut genres = GENRES.to_vec();
    let mut modifiers = GENRE_MODIFIERS.to_vec();
    let mut tags: Vec<usize> = (0..TAG_MOODS.len() * TAG_TEXTURES.len()).collect();
    stream.shuffle(&mut genres);
    stream.shuffle(&mut modifiers);
    stream.shuffle(&mut tags);
    let mut tags = tags.into_iter();
    (0..count)
        .map(|scene| {
            let genre = genre_name(scene, &genres, &modifiers);
            let mut own = vec![genre.to_lowercase()];
            own.extend(tags.by_ref().take(stream.between(3, 7)).map(|pair| {
                format!("{} {}", TAG_MOODS[pair / TAG_TEXTURES.len()], TAG_TEXTURES[pair % TAG_TEXTURES.len()])
            }));
            let weights: Vec<f64> = (0..own.len()).map(|rank| 1.0 / (rank + 2) as f64).collect();
            Scene {
                genre,
                tag_table: AliasTable::new(&weights),
                tags: own,
                labels: (0..stream.between(2, 4)).map(|number| taken.label_name(number + 2, stream)).collect(),
                tempo: stream.between(70, 172) as f64,
                cities: std::array::from_fn(|_| stream.pick(CITIES)),
                keys: std::array::from_fn(|_| stream.pick(KEYS)),
            }
        })
        .collect()
}

/// Plain genres first, then each with one modifier after the other: all different.
fn genre_name(scene: usize, genres: &[&str], modifiers: &[&str]) -> String {
    let genre = genres[scene % genres.len()];
    match scene / genres.len() {
        0 => genre.to_owned(),
        round => format!("{} {genre}", modifiers[(round + scene * 7) % modifiers.len()]),
    }
}

impl Scene {
    /// Two to five different own tags, the common ones more often, and perhaps broad ones.
    pub(super) fn track_tags(&self, stream: &mut Stream) -> Vec<String> {
        let mut tags: Vec<&str> = Vec::with_capacity(6);
        for _ in 0..stream.between(2, 5) {
            push_new(&mut tags, &self.tags[self.tag_table.draw(stream)]);
        }
        if stream.chance(SHARED_TAG_CHANCE) {
            for _ in 0..stream.between(1, 2) {
                push_new(&mut tags, stream.pick(SHARED_TAGS));
            }
        }
        tags.into_iter().map(|tag| untidy(tag, stream)).collect()
    }

    /// One or two tags for a playlist.
    pub(super) fn playlist_tags(&self, stream: &mut Stream) -> Vec<String> {
        let mut tags: Vec<&str> = Vec::with_capacity(2);
        push_new(&mut tags, &self.tags[self.tag_table.draw(stream)]);
        push_new(&mut tags, stream.pick(SHARED_TAGS));
        tags.into_iter().map(str::to_owned).collect()
    }

    pub(super) fn bpm(&self, stream: &mut Stream) -> f32 {
        (self.tempo + stream.below(121) as f64 / 10.0 - 6.0) as f32
    }

    pub(super) fn key(&self, stream: &mut Stream) -> &'static str {
        if stream.chance(0.7) { stream.pick(&self.keys) } else { stream.pick(KEYS) }
    }

    /// A city and its country, mostly one of the scene's; sometimes only the country, or nothing.
    pub(super) fn home(&self, stream: &mut Stream) -> (Option<&'static str>, Option<&'static str>) {
        let (city, country) = if stream.chance(0.7) { stream.pick(&self.cities) } else { stream.pick(CITIES) };
        match stream.below(20) {
            0..3 => (None, None),
            3..5 => (None, Some(country)),
            _ => (Some(city), Some(country)),
        }
    }
}

fn push_new<'a>(tags: &mut Vec<&'a str>, tag: &'a str) {
    if !tags.contains(&tag) {
        tags.push(tag);
    }
}

fn untidy(tag: &str, stream: &mut Stream) -> String {
    if !stream.chance(UNTIDY_TAGS) {
        return tag.to_owned();
    }
    match stream.below(3) {
        0 => tag.to_uppercase(),
        1 => format!(" {tag} "),
        _ => tag.chars().take(1).flat_map(char::to_uppercase).chain(tag.chars().skip(1)).collect(),
    }
}
