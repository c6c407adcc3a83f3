//! Adding the buckets of one side to those of another.

use super::kahan;
use super::layout::{Layout, indices};
use crate::histogram::Span;

/// Buckets that are added: read only.
#[derive(Clone, Copy)]
pub(super) struct Addend<'a> {
    pub(super) spans: &'a [Span],
    pub(super) counts: &'a [f64],
    /// What compensates the counts, if they are sums themselves.
    pub(super) compensations: Option<&'a [f64]>,
    /// Buckets of lower indices are in the zero bucket already.
    pub(super) first: i32,
    /// Whether they are subtracted.
    pub(super) negative: bool,
}

/// Adds to `counts` of `spans`, and to their `compensations`, if sums are compensated. Buckets that were
/// not there are inserted.
pub(super) fn add(
    spans: &mut Vec<Span>,
    counts: &mut Vec<f64>,
    mut compensations: Option<&mut Vec<f64>>,
    addend: Addend<'_>,
) {
    let within = addend
        .spans
        .first()
        .is_none_or(|span| span.offset >= addend.first);
    if *spans == addend.spans && within && counts.len() == addend.counts.len() {
        for (i, sum) in counts.iter_mut().enumerate() {
            let error = compensations.as_deref_mut().and_then(|all| all.get_mut(i));
            addend.add_to(i, sum, error);
        }
        return;
    }
    let merged = merge(
        (spans, counts, compensations.as_deref().map(Vec::as_slice)),
        addend,
    );
    *spans = merged.spans;
    *counts = merged.counts;
    if let (Some(all), Some(new)) = (compensations, merged.compensations) {
        *all = new;
    }
}

fn merge((spans, counts, compensations): (&[Span], &[f64], Option<&[f64]>), addend: Addend<'_>) -> Layout {
    let capacity = counts.len() + addend.counts.len();
    let mut merged = Layout::with_capacity(capacity, compensations.is_some());
    let compensation_of = |i: usize| compensations.and_then(|all| all.get(i)).copied();
    let mut own = indices(spans).take(counts.len()).enumerate().peekable();
    let added = indices(addend.spans).take(addend.counts.len()).enumerate();
    for (j, index) in added.filter(|(_, index)| *index >= addend.first) {
        while let Some((i, before)) = own.next_if(|(_, own)| *own < index) {
            merged.push(before, counts[i], compensation_of(i).unwrap_or_default());
        }
        match own.next_if(|(_, own)| *own == index) {
            Some((i, _)) => {
                merged.push(index, counts[i], compensation_of(i).unwrap_or_default());
                if let Some((sum, error)) = merged.last_mut() {
                    addend.add_to(j, sum, error);
                }
            }
            None => merged.push(index, addend.count(j), addend.compensation(j)),
        }
    }
    for (i, index) in own {
        merged.push(index, counts[i], compensation_of(i).unwrap_or_default());
    }
    merged
}

impl Addend<'_> {
    fn count(&self, i: usize) -> f64 {
        match self.negative {
            true => -self.counts[i],
            false => self.counts[i],
        }
    }

    fn compensation(&self, i: usize) -> f64 {
        let all = self.compensations;
        all.and_then(|all| all.get(i)).copied().unwrap_or_default()
    }

    fn add_to(&self, i: usize, sum: &mut f64, error: Option<&mut f64>) {
        let Some(error) = error else {
            *sum += self.count(i);
            return;
        };
        kahan::add(self.count(i), sum, error);
        let compensation = self.compensation(i);
        if compensation != 0.0 {
            kahan::add(compensation, sum, error);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_inserted_where_they_belong() {
        let mut spans = vec![Span { offset: 0, length: 2 }, Span { offset: 3, length: 1 }];
        let mut counts = vec![1.0, 2.0, 3.0];
        let other = [
            Span {
                offset: -2,
                length: 1,
            },
            Span { offset: 2, length: 2 },
            Span { offset: 1, length: 3 },
        ];
        let addend = Addend {
            spans: &other,
            counts: &[10.0, 20.0, 30.0, 40.0, 50.0, 60.0],
            compensations: None,
            first: -1,
            negative: true,
        };
        add(&mut spans, &mut counts, None, addend);
        // Own buckets 0, 1, 5; added −2 (below the first that counts), 1, 2, 4, 5, 6.
        assert_eq!(
            spans,
            [Span { offset: 0, length: 3 }, Span { offset: 1, length: 3 }]
        );
        assert_eq!(counts, [1.0, -18.0, -30.0, -40.0, -47.0, -60.0]);
    }

    #[test]
    fn equal_spans_are_added_in_place() {
        let mut spans = vec![Span { offset: 4, length: 2 }];
        let (mut counts, mut compensations) = (vec![1e100, 2.0], vec![0.0, 0.0]);
        let same = spans.clone();
        let addend = Addend {
            spans: &same,
            counts: &[1.0, 5.0],
            compensations: None,
            first: i32::MIN,
            negative: false,
        };
        add(&mut spans, &mut counts, Some(&mut compensations), addend);
        assert_eq!((counts, compensations), (vec![1e100, 7.0], vec![1.0, 0.0]));
    }
}
