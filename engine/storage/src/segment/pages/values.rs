//! The values of samples: `coalesce(scaled / divisor, value)`, a staleness marker where both are null.

use std::ops::Range;
use std::sync::Arc;

use engine_model::staleness::STALE_NAN;

use super::cache::PageCache;
use super::column::PageReader;
use crate::segment::decimal::{unscale, unscale_all};
use crate::segment::error::SegmentError;
use crate::segment::schema;
use crate::segment::table_file::TableFile;

/// Reads values. The column of doubles is touched only for rows that are no decimals.
#[derive(Debug)]
pub(in crate::segment) struct ValueReader {
    scaled: PageReader,
    divisor: PageReader,
    value: PageReader,
    integers: Vec<i64>,
}

impl ValueReader {
    /// A reader of the samples in `table`, by way of `cache`.
    pub(in crate::segment) fn new(table: &TableFile, cache: Option<&Arc<PageCache>>) -> Self {
        Self {
            scaled: PageReader::new(table, schema::SCALED, cache),
            divisor: PageReader::new(table, schema::DIVISOR, cache),
            value: PageReader::new(table, schema::VALUE, cache),
            integers: Vec::new(),
        }
    }

    /// Whether the pages of `rows` are all in the cache, as far as they are decimals.
    pub(in crate::segment) fn has_cached(&self, table: &TableFile, rows: Range<u64>) -> bool {
        self.scaled.has_cached(table, rows)
    }

    /// Appends the values of `rows`, which are of one series, to `out`. `divisor` is the series' own where the
    /// table of series says it.
    pub(in crate::segment) fn read(
        &mut self,
        table: &TableFile,
        rows: Range<u64>,
        divisor: Option<f64>,
        out: &mut Vec<f64>,
    ) -> Result<(), SegmentError> {
        if rows.is_empty() {
            return Ok(());
        }
        let divisor = match divisor {
            Some(divisor) => divisor,
            None => self.divisor.double(table, rows.start)?,
        };
        let Self { scaled, integers, .. } = self;
        let first = out.len();
        let mut odd = false;
        scaled.visit(table, rows.clone(), |page, within| {
            if page.present(within.clone()) == within.len() {
                return page.integers(within, |integers| {
                    unscale_all(integers, divisor, out);
                });
            }
            odd = true;
            integers.clear();
            page.integers(within.clone(), |some| integers.extend_from_slice(some))?;
            let mut integers = integers.iter();
            out.extend(within.map(|row| {
                match page.presence().of(row) {
                    true => integers
                        .next()
                        .map_or(STALE_NAN, |&integer| unscale(integer, divisor)),
                    false => STALE_NAN,
                }
            }));
            Ok(())
        })?;
        if odd {
            self.doubles(table, rows, &mut out[first..])?;
        }
        Ok(())
    }

    /// Puts the doubles of `rows` where they are.
    fn doubles(&mut self, table: &TableFile, rows: Range<u64>, out: &mut [f64]) -> Result<(), SegmentError> {
        let start = rows.start;
        self.value.visit(table, rows, |page, within| {
            let place = (page.first_row() + within.start as u64 - start) as usize;
            let slots = &mut out[place..place + within.len()];
            let presence = page.presence();
            let mut slots = within.clone().zip(slots).filter(|(row, _)| presence.of(*row));
            page.doubles(within, |double| {
                if let Some((_, slot)) = slots.next() {
                    *slot = double;
                }
            })
        })
    }
}
