//! The grid over which the prior is integrated: 30 strengths × 17 means.

use super::special::{exp, ln};

/// Cells lighter than this share of the heaviest are dropped.
const LIGHTEST: f64 = 1e-6;

/// What the group is believed to be like: the cells that carry weight, by strength.
#[derive(Debug, Clone)]
pub(super) struct Grid<C> {
    pub(super) rows: Vec<Row<C>>,
}

/// The cells of one strength.
#[derive(Debug, Clone)]
pub(super) struct Row<C> {
    pub(super) strength: f64,
    /// Weights and cells; all weights of a grid sum to 1.
    pub(super) cells: Vec<(f64, C)>,
}

impl<C> Grid<C> {
    /// Turns rows whose weights are logarithms, up to a common constant, into a grid.
    pub(super) fn from_ln_weights(mut rows: Vec<Row<C>>) -> Self {
        let cells = rows.iter().flat_map(|row| &row.cells);
        let heaviest = cells.map(|(ln_weight, _)| *ln_weight).fold(f64::NEG_INFINITY, f64::max);
        let mut total = 0.0;
        for row in &mut rows {
            for (weight, _) in &mut row.cells {
                *weight = exp(*weight - heaviest);
            }
            row.cells.retain(|(weight, _)| *weight >= LIGHTEST);
            total += row.cells.iter().map(|(weight, _)| *weight).sum::<f64>();
        }
        rows.retain(|row| !row.cells.is_empty());
        for (weight, _) in rows.iter_mut().flat_map(|row| &mut row.cells) {
            *weight /= total;
        }
        Self { rows }
    }

    /// Posterior mean of what `of` says of a strength and a cell.
    pub(super) fn mean(&self, of: impl Fn(f64, &C) -> f64) -> f64 {
        let rows = self.rows.iter();
        let terms = rows.flat_map(|row| row.cells.iter().map(|(weight, cell)| weight * of(row.strength, cell)));
        terms.sum()
    }
}

/// The 30 strengths, evenly spaced in their logarithm from `least` to `greatest`.
pub(super) fn strengths(least: f64, greatest: f64) -> impl Iterator<Item = f64> {
    let (from, to) = (ln(least), ln(greatest));
    (0..30).map(move |step| exp(from + f64::from(step) * (to - from) / 29.0))
}

/// The 17 means, as distances from the middle in standard errors.
pub(super) fn offsets() -> impl Iterator<Item = f64> {
    (-8..=8).map(|step| f64::from(step) * 0.5)
}
