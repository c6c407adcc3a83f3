//! One side of a histogram as buckets in ascending order of their index: how spans are read, and written
//! again so that neighbours share a span.

use crate::histogram::Span;

/// The indices that `spans` name, ascending.
pub(super) fn indices(spans: &[Span]) -> impl Iterator<Item = i32> + Clone + '_ {
    let mut next = 0i32;
    spans.iter().flat_map(move |span| {
        let first = next.wrapping_add(span.offset);
        next = first.wrapping_add_unsigned(span.length);
        (0..span.length).map(move |i| first.wrapping_add_unsigned(i))
    })
}

/// The indices that `spans` name, descending.
pub(super) fn indices_reversed(spans: &[Span]) -> impl Iterator<Item = i32> + Clone + '_ {
    let mut end = spans.iter().fold(0i32, |end, span| {
        end.wrapping_add(span.offset).wrapping_add_unsigned(span.length)
    });
    spans.iter().rev().flat_map(move |span| {
        let last = end;
        end = end.wrapping_sub_unsigned(span.length).wrapping_sub(span.offset);
        (1..=span.length).map(move |i| last.wrapping_sub_unsigned(i))
    })
}

/// Buckets that are being laid out; a compensation for each where sums are compensated.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub(super) spans: Vec<Span>,
    pub(super) counts: Vec<f64>,
    pub(super) compensations: Option<Vec<f64>>,
    end: i32,
}

impl Layout {
    /// An empty one with room for `buckets`.
    pub(super) fn with_capacity(buckets: usize, compensated: bool) -> Self {
        Self {
            spans: Vec::new(),
            counts: Vec::with_capacity(buckets),
            compensations: compensated.then(|| Vec::with_capacity(buckets)),
            end: 0,
        }
    }

    /// Appends a bucket; `index` is greater than all before it.
    pub(super) fn push(&mut self, index: i32, count: f64, compensation: f64) {
        match self.spans.last_mut() {
            Some(span) if index == self.end => span.length += 1,
            _ => self.spans.push(Span {
                offset: index.wrapping_sub(self.end),
                length: 1,
            }),
        }
        self.end = index.wrapping_add(1);
        self.counts.push(count);
        if let Some(compensations) = &mut self.compensations {
            compensations.push(compensation);
        }
    }

    /// Index after that of the last bucket; `None` of an empty layout.
    pub(super) fn end(&self) -> Option<i32> {
        (!self.spans.is_empty()).then_some(self.end)
    }

    /// The last bucket and its compensation.
    pub(super) fn last_mut(&mut self) -> Option<(&mut f64, Option<&mut f64>)> {
        let compensation = self.compensations.as_mut().and_then(|all| all.last_mut());
        self.counts.last_mut().map(|count| (count, compensation))
    }
}

/// Drops empty buckets, but keeps up to `most` of them between two that are not.
/// `compensations`, if any, go along, and a bucket with one is not empty.
pub(super) fn compact(
    spans: &mut Vec<Span>,
    counts: &mut Vec<f64>,
    compensations: Option<&mut Vec<f64>>,
    most: usize,
) {
    let apart = |span: &Span| span.length > 0 && i64::from(span.offset) > most as i64;
    let is_full = counts.iter().all(|&count| count != 0.0);
    if is_full && spans.iter().skip(1).all(apart) && spans.first().is_none_or(|span| span.length > 0) {
        return;
    }
    let compensation_of = |i: usize| {
        let all = compensations.as_deref();
        all.and_then(|all| all.get(i)).copied().unwrap_or_default()
    };
    let mut kept = Layout::with_capacity(counts.len(), compensations.is_some());
    for (i, (index, &count)) in indices(spans).zip(counts.iter()).enumerate() {
        let compensation = compensation_of(i);
        if count == 0.0 && compensation == 0.0 {
            continue;
        }
        if let Some(end) = kept.end() {
            let gap = i64::from(index) - i64::from(end);
            if gap <= most as i64 {
                (end..index).for_each(|empty| kept.push(empty, 0.0, 0.0));
            }
        }
        kept.push(index, count, compensation);
    }
    *spans = kept.spans;
    *counts = kept.counts;
    if let (Some(all), Some(new)) = (compensations, kept.compensations) {
        *all = new;
    }
}

/// The buckets in the coarser schema. Counts that fall together are added in their order.
pub(super) fn coarsen(
    spans: &[Span],
    counts: &[f64],
    compensations: Option<&[f64]>,
    (from, to): (i32, i32),
) -> Layout {
    let mut coarse = Layout::with_capacity(counts.len(), compensations.is_some());
    for (i, (index, &count)) in indices(spans).zip(counts).enumerate() {
        let index = super::bounds::coarser_index(index, from, to);
        let compensation = compensations.and_then(|all| all.get(i)).copied();
        let same = coarse.end() == Some(index.wrapping_add(1));
        match (same, coarse.last_mut()) {
            (true, Some((sum, Some(error)))) => {
                super::kahan::add(count, sum, error);
                super::kahan::add(compensation.unwrap_or_default(), sum, error);
            }
            (true, Some((sum, None))) => *sum += count,
            _ => coarse.push(index, count, compensation.unwrap_or_default()),
        }
    }
    coarse
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPANS: [Span; 4] = [
        Span {
            offset: -3,
            length: 2,
        },
        Span { offset: 0, length: 0 },
        Span { offset: 0, length: 1 },
        Span { offset: 2, length: 3 },
    ];

    #[test]
    fn spans_are_read_both_ways() {
        let forth: Vec<i32> = indices(&SPANS).collect();
        let mut back: Vec<i32> = indices_reversed(&SPANS).collect();
        back.reverse();
        assert_eq!(forth, [-3, -2, -1, 2, 3, 4]);
        assert_eq!(forth, back);
    }

    #[test]
    fn compacting_drops_or_bridges_what_is_empty() {
        let counts = [0.0, 1.0, 2.0, 0.0, 0.0, 3.0];
        for (most, expected_spans, expected) in [
            (0, vec![(-2, 2), (4, 1)], vec![1.0, 2.0, 3.0]),
            (3, vec![(-2, 2), (4, 1)], vec![1.0, 2.0, 3.0]),
            (4, vec![(-2, 7)], vec![1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 3.0]),
        ] {
            let (mut spans, mut counts) = (SPANS.to_vec(), counts.to_vec());
            compact(&mut spans, &mut counts, None, most);
            let spans: Vec<_> = spans.iter().map(|span| (span.offset, span.length)).collect();
            assert_eq!((spans, counts), (expected_spans, expected), "{most}");
        }
    }

    #[test]
    fn a_compensation_keeps_its_bucket() {
        let (mut spans, mut counts) = (vec![Span { offset: 0, length: 2 }], vec![0.0, 0.0]);
        let mut compensations = vec![0.0, 1e-20];
        compact(&mut spans, &mut counts, Some(&mut compensations), 0);
        assert_eq!((counts, compensations), (vec![0.0], vec![1e-20]));
        assert_eq!(spans, [Span { offset: 1, length: 1 }]);
    }
}
