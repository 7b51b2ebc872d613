//! measure
use sgr_engine::demo::*;
use std::time::Instant;
fn rss() -> String {
    std::fs::read_to_string("/proc/self/status").unwrap().lines().filter(|l| l.starts_with("VmHWM")).collect()
}
fn main() {
    let a: Vec<usize> = std::env::args().skip(1).map(|x| x.parse().unwrap()).collect();
    let config = DemoConfig { tracks: a[0], playlists: a[1], users: a[2], scenes: a[3], seed: a[4] as u64 };
    let t = Instant::now();
    let mut g = DemoGenerator::new(&config).unwrap();
    let mut worst = 0.0f64;
    let mut last = Instant::now();
    let mut steps = 0;
    loop {
        let more = g.step();
        let e = last.elapsed().as_secs_f64();
        if std::env::var("V").is_ok() {
            eprintln!("{steps} {e:.4} {:?}", g.progress());
        }
        worst = worst.max(e);
        last = Instant::now();
        steps += 1;
        if !more {
            break;
        }
    }
    let c = g.finish();
    println!("{:.3}s worst step {worst:.3} steps {steps} {}", t.elapsed().as_secs_f64(), rss());
    println!("expected rows {} bytes {}MB, rows {}", config.expected_rows(), config.expected_bytes() >> 20, c.rows());
    println!(
        "artists {} tracks {} credits {} playlists {} entries {} inter {} follows {}",
        c.artists.len(),
        c.tracks.len(),
        c.track_artists.len(),
        c.playlists.len(),
        c.playlist_tracks.len(),
        c.interactions.len(),
        c.follows.len()
    );
    let giant = if a[1] >= 10 { a[0].min(5000) } else { 0 };
    println!("mean len {:.3}", (c.playlist_tracks.len() - giant) as f64 / a[1].max(1) as f64);
    for k in ["like", "repost", "play"] {
        println!("{k} {:.2}", c.interactions.iter().filter(|i| i.kind == k).count() as f64 / a[2].max(1) as f64);
    }
    let (mut h, mut n) = (0u64, 0u64);
    let mut lens = vec![0u64; c.playlists.len()];
    let mut count = vec![0u32; c.tracks.len()];
    for e in &c.playlist_tracks {
        lens[e.playlist_id as usize - 1] += 1;
        if let Some(s) = c.playlists[e.playlist_id as usize - 1].scene {
            count[e.track_id as usize - 1] += 1;
            n += 1;
            h += (scene_of_track(e.track_id, c.scenes) == s) as u64;
        }
    }
    println!(
        "scenes {} home share {:.4} like-home {:.4}",
        c.scenes,
        h as f64 / n.max(1) as f64,
        c.interactions
            .iter()
            .filter(|i| scene_of_track(i.track_id, c.scenes) == c.users[i.user_id as usize - 1].scene)
            .count() as f64
            / c.interactions.len().max(1) as f64
    );
    println!(
        "pair increments (no giant) {:.1}M, max len {}",
        lens.iter().filter(|l| **l < 5000).map(|l| l * l.saturating_sub(1) / 2).sum::<u64>() as f64 / 1e6,
        lens.iter().filter(|l| **l < 5000).max().unwrap_or(&0)
    );
    count.sort_unstable();
    println!(
        "track in playlists: max {} median {} zero {}",
        count[count.len() - 1],
        count[count.len() / 2],
        count.iter().filter(|c| **c == 0).count()
    );
    if a[0] <= 10000 {
        println!("cosine in-scene {:?} with giant {:?}", cosine(&c, false), cosine(&c, true));
    }
    if std::env::var("S").is_ok() {
        println!("{:?}", c.scene_names.iter().take(50).collect::<Vec<_>>());
        for a in c.artists.iter().take(25) {
            println!("A {} | {} | {:?} {:?}", a.name, a.permalink_url, a.city, a.followers_count)
        }
        for a in c.users.iter().take(15) {
            println!("U {} | {} ", a.name, a.permalink_url)
        }
        for t in c.tracks.iter().take(60) {
            println!(
                "T {:?} | {:?} {:?} {:?} {} plays {:?} {:?}",
                t.title, t.genre, t.tags, t.label, t.permalink_url, t.playback_count, t.isrc
            )
        }
        for t in c.playlists.iter().take(30) {
            println!("P {:?} {} {} {:?}", t.title, t.is_album, t.permalink_url, t.tags)
        }
        println!("{:?}", c.interactions.iter().take(4).collect::<Vec<_>>());
    }
}
#[allow(dead_code)]
fn cosine(c: &DemoCatalogue, with_giant: bool) -> (f64, usize) {
    let n = c.tracks.len();
    let mut baskets: Vec<Vec<u32>> = vec![vec![]; c.playlists.len()];
    for e in &c.playlist_tracks {
        if with_giant || c.playlists[e.playlist_id as usize - 1].scene.is_some() {
            baskets[e.playlist_id as usize - 1].push(e.track_id as u32 - 1)
        }
    }
    for b in &mut baskets {
        b.sort_unstable();
        b.dedup();
    }
    let mut of: Vec<Vec<u32>> = vec![vec![]; n];
    for (i, b) in baskets.iter().enumerate() {
        for &t in b {
            of[t as usize].push(i as u32)
        }
    }
    let (mut hit, mut all) = (0usize, 0usize);
    for t in 0..n {
        let mut cnt = vec![0u32; n];
        for &b in &of[t] {
            for &u in &baskets[b as usize] {
                cnt[u as usize] += 1
            }
        }
        let mut v: Vec<(f64, usize)> = (0..n)
            .filter(|&u| u != t && cnt[u] > 0)
            .map(|u| (cnt[u] as f64 / ((of[u].len() * of[t].len()) as f64).sqrt(), u))
            .collect();
        v.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        for x in v.iter().take(10) {
            all += 1;
            hit += (x.1 % c.scenes == t % c.scenes) as usize;
        }
    }
    (hit as f64 / all as f64, all)
}
