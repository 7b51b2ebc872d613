//! Sums of absolute differences and of complex moduli, a tile of results at a time in registers.

use crate::kge::simd::dispatch;

/// Candidates side by side in a tile: two AVX2 registers.
pub(super) const PANEL: usize = 16;
/// Queries in a tile.
const TILE_ROWS: usize = 4;
/// Numbers of a vector that are worked on at once, backward.
const STRIP: usize = 16;
/// What the square of a modulus is at least, where it divides.
const MIN_SQUARE: f32 = 1e-12;

/// `1 / sqrt(square)`, to about 22 bits: the well-known guess and three steps of Newton's. Faster than root and division.
#[inline(always)]
fn inverse_root(square: f32) -> f32 {
    let square = if square < MIN_SQUARE { MIN_SQUARE } else { square };
    let half = 0.5 * square;
    let mut root = f32::from_bits(0x5f37_59df_u32.wrapping_sub(square.to_bits() >> 1));
    for _ in 0..3 {
        root *= 1.5 - half * root * root;
    }
    root
}

/// `sqrt(square)`, as close. Every comparison takes it from here, so that equal pairs tie.
#[inline(always)]
pub(super) fn root(square: f32) -> f32 {
    square * inverse_root(square)
}

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
                            sums[lane] += root(dx * dx + dy * dy);
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

/// Numbers `start..start + STRIP` of a row.
#[inline(always)]
fn strip(row: &[f32], start: usize) -> [f32; STRIP] {
    let mut strip = [0.0; STRIP];
    strip.copy_from_slice(&row[start..start + STRIP]);
    strip
}

/// Adds to numbers `start..start + STRIP` of a row.
#[inline(always)]
fn add_strip(row: &mut [f32], start: usize, by: [f32; STRIP]) {
    let mut sums = strip(row, start);
    for lane in 0..STRIP {
        sums[lane] += by[lane];
    }
    row[start..start + STRIP].copy_from_slice(&sums);
}

/// `weight` with the sign of a difference; 0 if there is none.
#[inline(always)]
fn signed(weight: f32, difference: f32) -> f32 {
    let signed = f32::from_bits(weight.to_bits() ^ (difference.to_bits() & 0x8000_0000));
    if difference == 0.0 { 0.0 } else { signed }
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
                let q = strip(query, start);
                let mut sums = [0.0_f32; STRIP];
                let pairs = candidates.chunks_exact(dim).zip(d_candidates.chunks_exact_mut(dim));
                for ((candidate, d_candidate), &weight) in pairs.zip(weights) {
                    let (c, mut steps) = (strip(candidate, start), [0.0; STRIP]);
                    for lane in 0..STRIP {
                        steps[lane] = signed(weight, q[lane] - c[lane]);
                        sums[lane] -= steps[lane];
                    }
                    add_strip(d_candidate, start, steps);
                }
                add_strip(d_query, start, sums);
            }
            for k in strips..dim {
                let pairs = candidates.chunks_exact(dim).zip(d_candidates.chunks_exact_mut(dim));
                for ((candidate, d_candidate), &weight) in pairs.zip(weights) {
                    let step = signed(weight, query[k] - candidate[k]);
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
        let strips = half / STRIP * STRIP;
        let rows = queries.chunks_exact(dim).zip(d_queries.chunks_exact_mut(dim));
        for ((query, d_query), weights) in rows.zip(weights.chunks_exact(columns)) {
            for start in (0..strips).step_by(STRIP) {
                let (x, y) = (strip(query, start), strip(query, half + start));
                let (mut sums_x, mut sums_y) = ([0.0_f32; STRIP], [0.0_f32; STRIP]);
                let pairs = candidates.chunks_exact(dim).zip(d_candidates.chunks_exact_mut(dim));
                for ((candidate, d_candidate), &weight) in pairs.zip(weights) {
                    let (real, imaginary) = (strip(candidate, start), strip(candidate, half + start));
                    let (mut steps_x, mut steps_y) = ([0.0; STRIP], [0.0; STRIP]);
                    for lane in 0..STRIP {
                        let (dx, dy) = (x[lane] - real[lane], y[lane] - imaginary[lane]);
                        let scale = weight * inverse_root(dx * dx + dy * dy);
                        steps_x[lane] = scale * dx;
                        steps_y[lane] = scale * dy;
                        sums_x[lane] -= steps_x[lane];
                        sums_y[lane] -= steps_y[lane];
                    }
                    add_strip(d_candidate, start, steps_x);
                    add_strip(d_candidate, half + start, steps_y);
                }
                add_strip(d_query, start, sums_x);
                add_strip(d_query, half + start, sums_y);
            }
            for k in strips..half {
                let pairs = candidates.chunks_exact(dim).zip(d_candidates.chunks_exact_mut(dim));
                for ((candidate, d_candidate), &weight) in pairs.zip(weights) {
                    let (dx, dy) = (query[k] - candidate[k], query[half + k] - candidate[half + k]);
                    let scale = weight * inverse_root(dx * dx + dy * dy);
                    d_query[k] -= scale * dx;
                    d_query[half + k] -= scale * dy;
                    d_candidate[k] += scale * dx;
                    d_candidate[half + k] += scale * dy;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn inverse_roots_are_close() {
        for exponent in -39..38 {
            for mantissa in 100..1000 {
                let square = mantissa as f32 * 10.0_f32.powi(exponent - 2);
                let exact = 1.0 / f64::from(square.max(super::MIN_SQUARE)).sqrt();
                let error = (f64::from(super::inverse_root(square)) - exact).abs();
                assert!(error <= 5e-7 * exact, "{square}: {error}");
            }
        }
        assert!(super::inverse_root(f32::NAN).is_nan());
    }
}
