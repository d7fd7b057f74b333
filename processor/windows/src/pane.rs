//! Sparse panes: what one minute or one day counted, in ascending order, packed.
//!
//! Panes lie in chunks of a few dozen, so that a change in the middle moves little and the oldest go by the chunk.
//! A pane that sums to 0 is taken out: the same sums make the same panes, whatever the order they came in.

use std::collections::VecDeque;

use paceline_schemas::measure::Vector;

use crate::packed::{Packed, Sign, add_packed};

/// Panes of one chunk at most.
const CHUNK_MAX: usize = 32;

/// A half-open stretch of panes: after `lo`, up to and with `hi`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) lo: i32,
    pub(crate) hi: i32,
}

impl Edge {
    /// Whether `at` lies in the stretch.
    pub(crate) fn has(self, at: i32) -> bool {
        self.lo < at && at <= self.hi
    }

    /// The stretch between two positions, in either order.
    pub(crate) fn between(a: i32, b: i32) -> Self {
        Self {
            lo: a.min(b),
            hi: a.max(b),
        }
    }
}

/// The panes of one rep and currency, of one width.
#[derive(Debug, Clone, Default)]
pub(crate) struct Run {
    chunks: VecDeque<Chunk>,
}

#[derive(Debug, Clone, Default)]
struct Chunk {
    heads: Vec<Head>,
    bytes: Vec<u8>,
}

/// Where a pane lies and where its bytes end; they begin where those of the pane before end.
#[derive(Debug, Clone, Copy)]
struct Head {
    at: i32,
    end: u32,
}

impl Run {
    /// Adds `vector` to the pane at `at`.
    pub(crate) fn add(&mut self, at: i32, vector: &Vector) {
        let chunk_at = self.chunk_of(at).min(self.chunks.len().saturating_sub(1));
        if let Some(chunk) = self.chunks.get_mut(chunk_at) {
            match chunk.heads.binary_search_by_key(&at, |head| head.at) {
                Ok(position) => chunk.add_to(position, vector),
                Err(position) if chunk.heads.len() < CHUNK_MAX => chunk.insert(position, at, vector),
                Err(_) => return self.add_to_full(chunk_at, at, vector),
            }
            if chunk.heads.is_empty() {
                self.chunks.remove(chunk_at);
            }
        } else if !vector.is_zero() {
            let mut chunk = Chunk::default();
            chunk.insert(0, at, vector);
            self.chunks.push_back(chunk);
        }
    }

    /// Makes room beside a full chunk: behind the last by a new one, which in-order panes fill; else by halving.
    fn add_to_full(&mut self, chunk_at: usize, at: i32, vector: &Vector) {
        let is_last = chunk_at + 1 == self.chunks.len();
        let Some(chunk) = self.chunks.get_mut(chunk_at) else {
            return;
        };
        let behind = chunk.last().is_some_and(|last| at > last);
        let upper = if is_last && behind {
            chunk.heads.shrink_to_fit();
            chunk.bytes.shrink_to_fit();
            let mut fresh = Chunk::default();
            fresh.insert(0, at, vector);
            fresh
        } else {
            let mut upper = chunk.split();
            let half = if upper.heads.first().is_some_and(|head| head.at <= at) {
                &mut upper
            } else {
                chunk
            };
            let position = half.heads.partition_point(|head| head.at < at);
            half.insert(position, at, vector);
            upper
        };
        if !upper.heads.is_empty() {
            self.chunks.insert(chunk_at + 1, upper);
        }
    }

    /// The first chunk whose last pane lies at `at` or later.
    fn chunk_of(&self, at: i32) -> usize {
        match self.chunks.back().and_then(Chunk::last) {
            Some(last) if last < at => self.chunks.len(),
            Some(_) | None => self
                .chunks
                .partition_point(|chunk| chunk.last().is_some_and(|last| last < at)),
        }
    }

    /// Panes after `lo`, with their packed bytes.
    pub(crate) fn panes_after(&self, lo: i32) -> impl Iterator<Item = (i32, &[u8])> {
        let chunk_at = self.chunk_of(lo.saturating_add(1));
        self.chunks.range(chunk_at..).flat_map(move |chunk| {
            let first = chunk.heads.partition_point(|head| head.at <= lo);
            chunk.panes_from(first)
        })
    }

    /// Position of the first pane after `lo`.
    pub(crate) fn first_after(&self, lo: i32) -> Option<i32> {
        self.panes_after(lo).next().map(|(at, _)| at)
    }

    /// Position of the last pane.
    pub(crate) fn last(&self) -> Option<i32> {
        self.chunks.back().and_then(Chunk::last)
    }

    /// Whether a pane lies in the stretch.
    pub(crate) fn any_in(&self, edge: Edge) -> bool {
        self.first_after(edge.lo).is_some_and(|at| at <= edge.hi)
    }

    /// Adds the pane at `at` to `sum`, if there is one.
    pub(crate) fn add_pane(&self, at: i32, sum: &mut Vector) {
        self.fold(
            Edge {
                lo: at.saturating_sub(1),
                hi: at,
            },
            sum,
            Sign::Plus,
        );
    }

    /// Adds the panes of the stretch to `sum`, or takes them away; whether there were any.
    pub(crate) fn fold(&self, edge: Edge, sum: &mut Vector, sign: Sign) -> bool {
        let mut any = false;
        for (_, bytes) in self.panes_after(edge.lo).take_while(|(at, _)| *at <= edge.hi) {
            add_packed(sum, bytes, sign);
            any = true;
        }
        any
    }

    /// Turns the sum of the stretch `from` into that of the stretch `to`; whether a pane made a difference.
    pub(crate) fn shift(&self, sum: &mut Vector, from: Edge, to: Edge) -> bool {
        if to.lo >= from.hi || to.hi <= from.lo {
            let emptied = self.any_in(from);
            *sum = Vector::ZERO;
            return self.fold(to, sum, Sign::Plus) || emptied;
        }
        let sign = |plus: bool| if plus { Sign::Plus } else { Sign::Minus };
        let at_end = self.fold(Edge::between(from.hi, to.hi), sum, sign(to.hi > from.hi));
        let at_start = self.fold(Edge::between(from.lo, to.lo), sum, sign(to.lo < from.lo));
        at_end || at_start
    }

    /// Drops chunks that lie at `upto` or before with all their panes.
    pub(crate) fn forget(&mut self, upto: i32) {
        while self
            .chunks
            .front()
            .and_then(Chunk::last)
            .is_some_and(|last| last <= upto)
        {
            self.chunks.pop_front();
        }
    }

    /// Appends a packed pane; `at` lies behind all others.
    pub(crate) fn push_packed(&mut self, at: i32, packed: &[u8]) {
        if self.chunks.back().is_none_or(|chunk| chunk.heads.len() == CHUNK_MAX) {
            self.chunks.push_back(Chunk::default());
        }
        if let Some(chunk) = self.chunks.back_mut() {
            let position = chunk.heads.len();
            chunk.insert_packed(position, at, packed);
        }
    }

    /// Bytes on the heap, as allocated.
    #[cfg(test)]
    pub(crate) fn heap_bytes(&self) -> usize {
        let chunk_bytes = |chunk: &Chunk| chunk.heads.capacity() * size_of::<Head>() + chunk.bytes.capacity();
        self.chunks.capacity() * size_of::<Chunk>() + self.chunks.iter().map(chunk_bytes).sum::<usize>()
    }
}

impl Chunk {
    fn last(&self) -> Option<i32> {
        self.heads.last().map(|head| head.at)
    }

    /// Where the bytes of the pane at `position` begin.
    fn start(&self, position: usize) -> usize {
        let before = position.checked_sub(1).and_then(|before| self.heads.get(before));
        before.map_or(0, |head| head.end as usize)
    }

    fn panes_from(&self, first: usize) -> impl Iterator<Item = (i32, &[u8])> {
        let mut start = self.start(first);
        self.heads.iter().skip(first).map(move |head| {
            let end = head.end as usize;
            let bytes = self.bytes.get(start..end).unwrap_or_default();
            start = end;
            (head.at, bytes)
        })
    }

    fn add_to(&mut self, position: usize, vector: &Vector) {
        let start = self.start(position);
        let Some(end) = self.heads.get(position).map(|head| head.end as usize) else {
            return;
        };
        let mut sum = *vector;
        add_packed(&mut sum, self.bytes.get(start..end).unwrap_or_default(), Sign::Plus);
        if sum.is_zero() {
            self.heads.remove(position);
            self.replace(position, start, end, &[]);
        } else {
            self.replace(position, start, end, Packed::new(&sum).bytes());
        }
    }

    fn insert(&mut self, position: usize, at: i32, vector: &Vector) {
        if !vector.is_zero() {
            self.insert_packed(position, at, Packed::new(vector).bytes());
        }
    }

    fn insert_packed(&mut self, position: usize, at: i32, packed: &[u8]) {
        let start = self.start(position);
        let end = u32::try_from(start).unwrap_or(u32::MAX);
        self.heads.insert(position, Head { at, end });
        self.replace(position, start, start, packed);
    }

    /// Puts `with` in the place of the bytes from `start` to `end`, and moves the ends from `position` on.
    fn replace(&mut self, position: usize, start: usize, end: usize, with: &[u8]) {
        if end == self.bytes.len() {
            self.bytes.truncate(start);
            self.bytes.extend_from_slice(with);
        } else if end - start == with.len() {
            if let Some(target) = self.bytes.get_mut(start..end) {
                target.copy_from_slice(with);
            }
            return;
        } else {
            self.bytes.splice(start..end, with.iter().copied());
        }
        for head in self.heads.iter_mut().skip(position) {
            let moved = head.end as usize + with.len() - (end - start);
            head.end = u32::try_from(moved).unwrap_or(u32::MAX);
        }
    }

    /// Cuts off the upper half.
    fn split(&mut self) -> Self {
        let middle = self.heads.len() / 2;
        let start = self.start(middle);
        let cut = u32::try_from(start).unwrap_or(u32::MAX);
        let mut upper = Self {
            heads: self.heads.split_off(middle),
            bytes: self.bytes.split_off(start),
        };
        for head in &mut upper.heads {
            head.end -= cut;
        }
        upper
    }
}

#[cfg(test)]
mod tests;
