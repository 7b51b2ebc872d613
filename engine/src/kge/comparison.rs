//! Many queries against many entities: scores, and their gradients.
//!
//! Products and Euclidean distances are products of matrices: `|q - c|² = |q|² + |c|² - 2 q·c`. Sums of moduli are not;
//! [`tiles`] keeps a tile of them in registers.

mod tiles;

use super::config::Norm;
use super::product::{Matrix, multiply};
use super::simd::{add_scaled, dispatch, dot};

/// How a query is compared with an entity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Comparison {
    /// The scalar product.
    Dot,
    /// The Euclidean distance, with its sign reversed.
    L2,
    /// The sum of absolute differences, with its sign reversed.
    L1,
    /// The sum of the moduli of complex differences, with its sign reversed.
    Modulus,
}

/// Squared distances are taken to be at least this: below, rounding has eaten them.
const MIN_SQUARED_DISTANCE: f32 = 1e-8;

/// Buffers that are used again.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    query_squares: Vec<f32>,
    candidate_squares: Vec<f32>,
    packed: Vec<f32>,
}

impl Scratch {
    /// Bytes for a comparison of so many queries with so many candidates.
    pub(super) fn memory_bytes(comparison: Comparison, queries: usize, candidates: usize, dim: usize) -> usize {
        let numbers = match comparison {
            Comparison::Dot => 0,
            Comparison::L2 => queries + candidates,
            Comparison::L1 | Comparison::Modulus => candidates.next_multiple_of(tiles::PANEL) * dim,
        };
        size_of::<f32>() * numbers
    }
}

fn squares(rows: &[f32], dim: usize, to: &mut Vec<f32>) {
    to.clear();
    to.extend(rows.chunks_exact(dim).map(|row| dot(row, row)));
}

dispatch! {
    /// From `-2 q·c` to the distance with its sign reversed.
    fn distances(row: &mut [f32], query_square: f32, candidate_squares: &[f32]) {
        for (number, candidate_square) in row.iter_mut().zip(candidate_squares) {
            let squared = query_square + candidate_square + *number;
            // NaN must stay NaN, so that divergence is seen.
            let squared = if squared < MIN_SQUARED_DISTANCE { MIN_SQUARED_DISTANCE } else { squared };
            *number = -squared.sqrt();
        }
    }
}

dispatch! {
    /// From gradients by scores to gradients by half the squared distance, with the sign reversed.
    fn by_distance(gradients: &mut [f32], scores: &[f32]) {
        for (gradient, score) in gradients.iter_mut().zip(scores) {
            *gradient /= -score;
        }
    }
}

dispatch! {
    fn subtract(row: &mut [f32], by: &[f32]) {
        for (number, by) in row.iter_mut().zip(by) {
            *number -= by;
        }
    }
}

dispatch! {
    fn add_to(sums: &mut [f32], row: &[f32]) {
        for (sum, number) in sums.iter_mut().zip(row) {
            *sum += number;
        }
    }
}

dispatch! {
    fn sum(row: &[f32]) -> f32 {
        let (lanes, rest) = row.as_chunks::<8>();
        let mut sums = [0.0_f32; 8];
        for numbers in lanes {
            for lane in 0..8 {
                sums[lane] += numbers[lane];
            }
        }
        sums.iter().sum::<f32>() + rest.iter().sum::<f32>()
    }
}

impl Comparison {
    /// The distance by a norm.
    pub(super) fn of_norm(norm: Norm) -> Comparison {
        match norm {
            Norm::L1 => Comparison::L1,
            Norm::L2 => Comparison::L2,
        }
    }

    /// `scores[i * candidates + j]` of query `i` and candidate `j`; rows of `dim` numbers each.
    pub(super) fn scores(
        self,
        queries: &[f32],
        candidates: &[f32],
        dim: usize,
        scratch: &mut Scratch,
        scores: &mut [f32],
    ) {
        let (rows, columns) = (queries.len() / dim, candidates.len() / dim);
        if rows == 0 || columns == 0 {
            return;
        }
        match self {
            Comparison::Dot | Comparison::L2 => {
                let factor = if self == Comparison::Dot { 1.0 } else { -2.0 };
                let (queries, candidates) = (Matrix::new(queries, rows, dim), Matrix::new(candidates, columns, dim));
                multiply(factor, queries, candidates.transposed(), 0.0, scores);
            }
            Comparison::L1 => tiles::l1(queries, candidates, dim, &mut scratch.packed, scores),
            Comparison::Modulus => tiles::modulus(queries, candidates, dim, &mut scratch.packed, scores),
        }
        if self == Comparison::L2 {
            squares(queries, dim, &mut scratch.query_squares);
            squares(candidates, dim, &mut scratch.candidate_squares);
            for (row, &square) in scores.chunks_exact_mut(columns).zip(&scratch.query_squares) {
                distances(row, square, &scratch.candidate_squares);
            }
        }
    }

    /// Numbers in the order of the scores of each query, by the cheapest way: not comparable between queries. A pair gets
    /// the same number to the last bit wherever it stands.
    pub(super) fn order(
        self,
        queries: &[f32],
        candidates: &[f32],
        dim: usize,
        scratch: &mut Scratch,
        numbers: &mut [f32],
    ) {
        if self != Comparison::L2 {
            return self.scores(queries, candidates, dim, scratch, numbers);
        }
        // |q - c|² = |q|² - (2 q·c - |c|²)
        let (rows, columns) = (queries.len() / dim, candidates.len() / dim);
        let matrix = Matrix::new(candidates, columns, dim).transposed();
        multiply(2.0, Matrix::new(queries, rows, dim), matrix, 0.0, numbers);
        squares(candidates, dim, &mut scratch.candidate_squares);
        for row in numbers.chunks_exact_mut(columns) {
            subtract(row, &scratch.candidate_squares);
        }
    }

    /// Turns the gradients by a row of scores into the weights that [`backward`](Self::backward) takes.
    pub(super) fn weigh(self, gradients: &mut [f32], scores: &[f32]) {
        if self == Comparison::L2 {
            by_distance(gradients, scores);
        }
    }

    /// Adds the gradients by queries and candidates, from the weights of all pairs. `sums` is a buffer.
    #[allow(clippy::too_many_arguments)]
    pub(super) fn backward(
        self,
        queries: &[f32],
        candidates: &[f32],
        dim: usize,
        weights: &[f32],
        sums: &mut Vec<f32>,
        d_queries: &mut [f32],
        d_candidates: &mut [f32],
    ) {
        let (rows, columns) = (queries.len() / dim, candidates.len() / dim);
        if rows == 0 || columns == 0 {
            return;
        }
        match self {
            Comparison::Dot | Comparison::L2 => {
                let by_pair = Matrix::new(weights, rows, columns);
                multiply(1.0, by_pair, Matrix::new(candidates, columns, dim), 1.0, d_queries);
                multiply(1.0, by_pair.transposed(), Matrix::new(queries, rows, dim), 1.0, d_candidates);
            }
            Comparison::L1 => tiles::l1_backward(queries, candidates, dim, weights, d_queries, d_candidates),
            Comparison::Modulus => tiles::modulus_backward(queries, candidates, dim, weights, d_queries, d_candidates),
        }
        if self == Comparison::L2 {
            sums.clear();
            sums.resize(columns, 0.0);
            let query_rows = queries.chunks_exact(dim).zip(d_queries.chunks_exact_mut(dim));
            for ((query, d_query), row) in query_rows.zip(weights.chunks_exact(columns)) {
                add_scaled(d_query, -sum(row), query);
                add_to(sums, row);
            }
            let candidate_rows = candidates.chunks_exact(dim).zip(d_candidates.chunks_exact_mut(dim));
            for ((candidate, d_candidate), &sum) in candidate_rows.zip(sums.iter()) {
                add_scaled(d_candidate, -sum, candidate);
            }
        }
    }

    /// The score of one pair.
    pub(super) fn score(self, query: &[f32], candidate: &[f32]) -> f32 {
        let pairs = query.iter().zip(candidate);
        match self {
            Comparison::Dot => dot(query, candidate),
            Comparison::L2 => -squared_distance(query, candidate).max(MIN_SQUARED_DISTANCE).sqrt(),
            Comparison::L1 => -pairs.map(|(q, c)| (q - c).abs()).sum::<f32>(),
            Comparison::Modulus => -moduli(query, candidate).sum::<f32>(),
        }
    }

    /// Adds the gradients of one pair, `gradient` being that by its score.
    pub(super) fn score_backward(
        self,
        query: &[f32],
        candidate: &[f32],
        score: f32,
        gradient: f32,
        d_query: &mut [f32],
        d_candidate: &mut [f32],
    ) {
        match self {
            Comparison::Dot => {
                add_scaled(d_query, gradient, candidate);
                add_scaled(d_candidate, gradient, query);
            }
            Comparison::L2 => {
                let weight = gradient / -score;
                for (i, (q, c)) in query.iter().zip(candidate).enumerate() {
                    let step = weight * (q - c);
                    d_query[i] -= step;
                    d_candidate[i] += step;
                }
            }
            Comparison::L1 => tiles::l1_backward(query, candidate, query.len(), &[gradient], d_query, d_candidate),
            Comparison::Modulus => {
                tiles::modulus_backward(query, candidate, query.len(), &[gradient], d_query, d_candidate);
            }
        }
    }
}

dispatch! {
    fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
        let mut sums = [0.0_f32; 8];
        let (a_lanes, a_rest) = a.as_chunks::<8>();
        let (b_lanes, b_rest) = b.as_chunks::<8>();
        for (x, y) in a_lanes.iter().zip(b_lanes) {
            for lane in 0..8 {
                sums[lane] += (x[lane] - y[lane]) * (x[lane] - y[lane]);
            }
        }
        let rest: f32 = a_rest.iter().zip(b_rest).map(|(x, y)| (x - y) * (x - y)).sum();
        sums.iter().sum::<f32>() + rest
    }
}

/// Moduli of the complex differences.
fn moduli<'a>(query: &'a [f32], candidate: &'a [f32]) -> impl Iterator<Item = f32> + 'a {
    let half = query.len() / 2;
    (0..half).map(move |i| {
        let (real, imaginary) = (query[i] - candidate[i], query[half + i] - candidate[half + i]);
        tiles::root(real * real + imaginary * imaginary)
    })
}
