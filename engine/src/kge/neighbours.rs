//! Entities whose vectors point the same way.

use super::embeddings::Embeddings;
use super::error::KgeError;
use super::predict::ascending;
use super::product::{Matrix, multiply};
use super::simd::dot;
use super::top::Top;
use rayon::prelude::*;

/// Rows that are compared together.
const BLOCK_ROWS: usize = 128;
/// Candidates that are compared together.
const TILE: usize = 1024;
/// Work of a step for each thread, in multiplications of a product of matrices: some tens of milliseconds.
const STEP_COST: usize = 1_500_000_000;

/// Neighbours of consecutive rows: those of `rows[i]` are at `offsets[i]..offsets[i + 1]`, most similar first, ties by
/// id; never the row itself.
#[derive(Debug, Clone, PartialEq)]
pub struct NeighbourBlock {
    /// Entities, ascending.
    pub rows: Vec<u32>,
    /// Where each row starts, and the end: one longer than `rows`.
    pub offsets: Vec<usize>,
    /// Entities.
    pub neighbours: Vec<u32>,
    /// Cosine of the two vectors, in `-1..=1` up to rounding; parallel to `neighbours`. 0 with a vector of zeros.
    pub cosines: Vec<f32>,
}

/// The exact `k` nearest neighbours by cosine of many entities, a block at a time.
#[derive(Debug)]
pub struct Neighbours {
    dim: usize,
    k: usize,
    rows: Vec<u32>,
    /// Vectors of the rows, scaled to length 1.
    row_vectors: Vec<f32>,
    /// `None` if they are the rows.
    candidates: Option<(Vec<u32>, Vec<f32>)>,
    next: usize,
}

/// The vectors of some entities, scaled to length 1.
fn scaled(embeddings: &Embeddings, ids: &[u32]) -> Vec<f32> {
    let mut vectors = Vec::with_capacity(ids.len() * embeddings.spec.dim);
    for &id in ids {
        let row = embeddings.entity(id);
        let length = dot(row, row).sqrt();
        let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
        vectors.extend(row.iter().map(|number| number * scale));
    }
    vectors
}

impl Neighbours {
    /// Prepares the neighbours of `rows` among `candidates` (`None`: among the rows themselves), such as all tracks. Copies
    /// their vectors.
    ///
    /// # Errors
    /// [`KgeError::UnknownId`].
    pub fn new(
        embeddings: &Embeddings,
        rows: &[u32],
        candidates: Option<&[u32]>,
        k: usize,
    ) -> Result<Neighbours, KgeError> {
        let rows = ascending(embeddings, rows)?;
        let row_vectors = scaled(embeddings, &rows);
        let candidates = match candidates {
            Some(ids) => {
                let ids = ascending(embeddings, ids)?;
                let vectors = scaled(embeddings, &ids);
                Some((ids, vectors))
            }
            None => None,
        };
        Ok(Neighbours { dim: embeddings.spec.dim, k, rows, row_vectors, candidates, next: 0 })
    }

    /// Bytes that so many rows and candidates take; no candidates stand for the rows themselves.
    pub fn memory_bytes(dim: usize, rows: usize, candidates: usize, threads: usize) -> usize {
        let row = size_of::<f32>() * dim + size_of::<u32>();
        row * (rows + candidates) + threads * size_of::<f32>() * BLOCK_ROWS * TILE
    }

    /// How much is done, in `0..=1`.
    pub fn fraction(&self) -> f64 {
        if self.rows.is_empty() { 1.0 } else { self.next as f64 / self.rows.len() as f64 }
    }

    /// Finds the neighbours of some more rows: some tens of milliseconds of work. `None` if there was nothing left to do.
    /// The result does not depend on the number of threads, only where one block ends does.
    pub fn step(&mut self, pool: &rayon::ThreadPool) -> Option<NeighbourBlock> {
        let candidates = self.candidates.as_ref().map_or(self.rows.len(), |(ids, _)| ids.len());
        let block_cost = BLOCK_ROWS * candidates * self.dim;
        let blocks = (STEP_COST / block_cost.max(1)).max(1) * pool.current_num_threads();
        let end = self.rows.len().min(self.next + blocks * BLOCK_ROWS);
        if end == self.next {
            return None;
        }
        let starts: Vec<usize> = (self.next..end).step_by(BLOCK_ROWS).collect();
        let of_block = |start: usize| self.block(start, end.min(start + BLOCK_ROWS));
        let found: Vec<Vec<Vec<(f32, u32)>>> = pool.install(|| starts.into_par_iter().map(of_block).collect());
        let mut block = NeighbourBlock {
            rows: self.rows[self.next..end].to_vec(),
            offsets: vec![0],
            neighbours: Vec::new(),
            cosines: Vec::new(),
        };
        for row in found.into_iter().flatten() {
            block.neighbours.extend(row.iter().map(|&(_, id)| id));
            block.cosines.extend(row.iter().map(|&(cosine, _)| cosine));
            block.offsets.push(block.neighbours.len());
        }
        self.next = end;
        Some(block)
    }

    fn block(&self, start: usize, end: usize) -> Vec<Vec<(f32, u32)>> {
        let (ids, vectors) = match &self.candidates {
            Some((ids, vectors)) => (ids, vectors),
            None => (&self.rows, &self.row_vectors),
        };
        let (dim, rows) = (self.dim, end - start);
        let mut tops: Vec<Top> = (0..rows).map(|_| Top::new(self.k)).collect();
        let queries = Matrix::new(&self.row_vectors[start * dim..end * dim], rows, dim);
        let mut cosines = vec![0.0; rows * TILE];
        for first in (0..ids.len()).step_by(TILE) {
            let tile = first..ids.len().min(first + TILE);
            let candidates = Matrix::new(&vectors[tile.start * dim..tile.end * dim], tile.len(), dim);
            multiply(1.0, queries, candidates.transposed(), 0.0, &mut cosines);
            for ((row, top), own) in cosines.chunks_exact(tile.len()).zip(&mut tops).zip(&self.rows[start..end]) {
                for (&cosine, id) in row.iter().zip(&ids[tile.clone()]) {
                    if id != own {
                        top.add(cosine, *id);
                    }
                }
            }
        }
        tops.into_iter().map(Top::into_sorted).collect()
    }
}
