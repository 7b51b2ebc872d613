//! Sums of absolute differences and of complex moduli, a tile of results at a time in registers.

use crate::kge::simd::dispatch;

/// Candidates side by side in a tile: two AVX2 registers.
pub(super) const PANEL: usize = 16;
/// Queries in a tile.
const TILE_ROWS: usize = 4;
/// Numbers of a vector that are worked on at once, backward.
const STRIP: usize = 8;
/// What a modulus is at least, where it divides.
const MIN_MODULUS: f32 = 1e-6;

/// Candidates in panels: number `k` of all candidates of a panel, then number `k + 1`; the last panel is filled up
/// with zeros.
fn pack(candidates: &[f32], dim: usize, packed: &mut Vec<f32>) {
    let count = candidates.len() / dim;
    packed.clear();
    packed.resize(count.next_multiple_of(PANEL) * dim, 0.0);
    for (at, candidate) in candidates.chunks_exact(dim).enumerate() {
        let panel = &mut packed[at / PANEL * PANEL * dim..];
        for (k, &number) in candidate.iter().enumerate() {
            panel[k * PANEL + at % PANEL] = number;
        }
    }
}

/// Up to [`TILE_ROWS`] rows; the last stands in for those that are missing.
#[inline(always)]
fn tile_rows(rows: &[f32], dim: usize) -> [&[f32]; TILE_ROWS] {
    let last = rows.len() / dim - 1;
    std::array::from_fn(|row| &rows[row.min(last) * dim..][..dim])
}

/// Copies a tile to its place in the scores, as far as it is inside, with the sign reversed.
#[inline(always)]
fn put(tile: &[[f32; PANEL]; TILE_ROWS], rows: usize, columns: usize, column: usize, to: &mut [f32]) {
    let width = PANEL.min(columns - column);
    for (sums, row) in tile.iter().zip(to.chunks_exact_mut(columns)).take(rows) {
        for (number, sum) in row[column..column + width].iter_mut().zip(sums) {
            *number = -sum;
        }
    }
}

dispatch! {
    fn l1_tiles(queries: &[f32], packed: &[f32], dim: usize, columns: usize, scores: &mut [f32]) {
        for (panel, column) in packed.chunks_exact(PANEL * dim).zip((0..columns).step_by(PANEL)) {
            let (panel, _) = panel.as_chunks::<PANEL>();
            for (rows, scores) in queries.chunks(TILE_ROWS * dim).zip(scores.chunks_mut(TILE_ROWS * columns)) {
                let [a, b, c, d] = tile_rows(rows, dim);
                let mut tile = [[0.0_f32; PANEL]; TILE_ROWS];
                for ((((candidates, a), b), c), d) in panel.iter().zip(a).zip(b).zip(c).zip(d) {
                    for (sums, query) in tile.iter_mut().zip([a, b, c, d]) {
                        for lane in 0..PANEL {
                            sums[lane] += (query - candidates[lane]).abs();
                        }
                    }
                }
                put(&tile, rows.len() / dim, columns, column, scores);
            }
        }
    }
}

dispatch! {
    fn modulus_tiles(queries: &[f32], packed: &[f32], dim: usize, columns: usize, scores: &mut [f32]) {
        let half = dim / 2;
        for (panel, column) in packed.chunks_exact(PANEL * dim).zip((0..columns).step_by(PANEL)) {
            let (real, imaginary) = panel.split_at(half * PANEL);
            let ((real, _), (imaginary, _)) = (real.as_chunks::<PANEL>(), imaginary.as_chunks::<PANEL>());
            for (rows, scores) in queries.chunks(TILE_ROWS * dim).zip(scores.chunks_mut(TILE_ROWS * columns)) {
                let rows_of = tile_rows(rows, dim);
                let mut tile = [[0.0_f32; PANEL]; TILE_ROWS];
                for (row, sums) in rows_of.iter().zip(&mut tile) {
                    let (query_real, query_imaginary) = row.split_at(half);
                    let queries = query_real.iter().zip(query_imaginary);
                    for ((reals, imaginaries), (x, y)) in real.iter().zip(imaginary).zip(queries) {
                        for lane in 0..PANEL {
                            let (dx, dy) = (x - reals[lane], y - imaginaries[lane]);
                            sums[lane] += (dx * dx + dy * dy).sqrt();
                        }
                    }
                }
                put(&tile, rows.len() / dim, columns, column, scores);
            }
        }
    }
}

/// `-sum of |q - c|`.
pub(super) fn l1(queries: &[f32], candidates: &[f32], dim: usize, packed: &mut Vec<f32>, scores: &mut [f32]) {
    pack(candidates, dim, packed);
    l1_tiles(queries, packed, dim, candidates.len() / dim, scores);
}

/// `-sum of |q - c|` over complex numbers.
pub(super) fn modulus(queries: &[f32], candidates: &[f32], dim: usize, packed: &mut Vec<f32>, scores: &mut [f32]) {
    pack(candidates, dim, packed);
    modulus_tiles(queries, packed, dim, candidates.len() / dim, scores);
}

dispatch! {
    /// Adds the gradients of [`l1`]: `-g sign(q - c)` for the query and its opposite for the candidate; 0 where both are
    /// equal.
    pub(super) fn l1_backward(
        queries: &[f32],
        candidates: &[f32],
        dim: usize,
        weights: &[f32],
        d_queries: &mut [f32],
        d_candidates: &mut [f32],
    ) {
        let columns = candidates.len() / dim;
        let strips = dim / STRIP * STRIP;
        let rows = queries.chunks_exact(dim).zip(d_queries.chunks_exact_mut(dim));
        for ((query, d_query), weights) in rows.zip(weights.chunks_exact(columns)) {
            for start in (0..strips).step_by(STRIP) {
                let q: [f32; STRIP] = std::array::from_fn(|lane| query[start + lane]);
                let mut sums = [0.0_f32; STRIP];
                let pairs = candidates.chunks_exact(dim).zip(d_candidates.chunks_exact_mut(dim));
                for ((candidate, d_candidate), weight) in pairs.zip(weights) {
                    let (c, d_c) = (&candidate[start..start + STRIP], &mut d_candidate[start..start + STRIP]);
                    for lane in 0..STRIP {
                        let difference = q[lane] - c[lane];
                        let step = if difference == 0.0 { 0.0 } else { weight * 1.0_f32.copysign(difference) };
                        sums[lane] -= step;
                        d_c[lane] += step;
                    }
                }
                for lane in 0..STRIP {
                    d_query[start + lane] += sums[lane];
                }
            }
            for k in strips..dim {
                let pairs = candidates.chunks_exact(dim).zip(d_candidates.chunks_exact_mut(dim));
                for ((candidate, d_candidate), weight) in pairs.zip(weights) {
                    let difference = query[k] - candidate[k];
                    let step = if difference == 0.0 { 0.0 } else { weight * 1.0_f32.copysign(difference) };
                    d_query[k] -= step;
                    d_candidate[k] += step;
                }
            }
        }
    }
}

dispatch! {
    /// Adds the gradients of [`modulus`].
    pub(super) fn modulus_backward(
        queries: &[f32],
        candidates: &[f32],
        dim: usize,
        weights: &[f32],
        d_queries: &mut [f32],
        d_candidates: &mut [f32],
    ) {
        let (columns, half) = (candidates.len() / dim, dim / 2);
        let rows = queries.chunks_exact(dim).zip(d_queries.chunks_exact_mut(dim));
        for ((query, d_query), weights) in rows.zip(weights.chunks_exact(columns)) {
            let (x, y) = query.split_at(half);
            let (d_x, d_y) = d_query.split_at_mut(half);
            let pairs = candidates.chunks_exact(dim).zip(d_candidates.chunks_exact_mut(dim));
            for ((candidate, d_candidate), weight) in pairs.zip(weights) {
                let (real, imaginary) = candidate.split_at(half);
                let (d_real, d_imaginary) = d_candidate.split_at_mut(half);
                let rest = x.iter().zip(y).zip(d_x.iter_mut().zip(d_y.iter_mut()));
                let candidate = real.iter().zip(imaginary).zip(d_real.iter_mut().zip(d_imaginary));
                for (((x, y), (d_x, d_y)), ((real, imaginary), (d_real, d_imaginary))) in rest.zip(candidate) {
                    let (dx, dy) = (x - real, y - imaginary);
                    let modulus = (dx * dx + dy * dy).sqrt();
                    let modulus = if modulus < MIN_MODULUS { MIN_MODULUS } else { modulus };
                    let scale = weight / modulus;
                    *d_x -= scale * dx;
                    *d_y -= scale * dy;
                    *d_real += scale * dx;
                    *d_imaginary += scale * dy;
                }
            }
        }
    }
}
