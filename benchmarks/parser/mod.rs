//! How fast exposition text is read by the parser that scraping uses, beside what the memory allows.

use anyhow::{Result, bail};
use clap::Args;
use connectors_formats::exposition::{Entry, Format, Options as Reading, Parser};
use xxhash_rust::xxh3::xxh3_128;

use crate::load::{Target, shapes};
use crate::report::{self, Table, say, short};
use crate::thread_time::thread_ns;

/// What to read.
#[derive(Debug, Args)]
pub struct Options {
    /// Series of the target.
    #[arg(long, default_value_t = 2_000)]
    series: usize,
    /// Scrapes that are read in turn.
    #[arg(long, default_value_t = 20)]
    scrapes: usize,
    /// Runs of which the best counts.
    #[arg(long, default_value_t = 15)]
    runs: usize,
}

const FORMATS: [(&str, Format); 2] = [
    ("text 0.0.4", Format::PrometheusText),
    ("OpenMetrics text", Format::OpenMetricsText),
];

/// Measures and writes the results down.
///
/// # Errors
/// When the text is not understood, which would be a fault of ours.
pub fn check(options: &Options) -> Result<()> {
    let mut target = Target::new(1, &shapes(options.series));
    let mut bodies = vec![Vec::new(); options.scrapes];
    for body in &mut bodies {
        target.render_next(body);
        // OpenMetrics wants it; to the older format it is a comment.
        body.extend_from_slice(b"# EOF\n");
    }
    let bytes: usize = bodies.iter().map(Vec::len).sum();
    let samples = options.series * options.scrapes;

    let mut copy = Vec::new();
    let mut table = Table::new(&["work on one core", "GB/s", "million samples/s", "ns/sample"]);
    let mut add = |name: &str, work: &mut dyn FnMut(&[u8]) -> Result<usize>| -> Result<()> {
        let mut best = f64::INFINITY;
        for _ in 0..options.runs {
            let (found, ns) = thread_ns(|| bodies.iter().map(|body| work(body)).sum::<Result<usize>>());
            if found? < samples {
                bail!("{name}: samples were missed");
            }
            best = best.min(ns);
        }
        table.row(vec![
            name.to_owned(),
            format!("{:.2}", bytes as f64 / best),
            short(1e3 * samples as f64 / best),
            short(best / samples as f64),
        ]);
        Ok(())
    };
    for (name, format) in FORMATS {
        let known = lines_of(format, &bodies[0])?;
        add(
            &format!("{name}, lines known from the last scrape"),
            &mut |body| parse(format, body, &known),
        )?;
        add(&format!("{name}, lines unknown"), &mut |body| {
            parse(format, body, &[])
        })?;
    }
    add("count newlines", &mut |body| {
        Ok(body.iter().filter(|byte| **byte == b'\n').count())
    })?;
    add("copy", &mut |body| {
        copy.clear();
        copy.extend_from_slice(std::hint::black_box(body));
        std::hint::black_box(&copy);
        Ok(samples)
    })?;
    let text = format!(
        "{} bytes a sample, {} samples a scrape, best of {} runs.\n\n{}",
        bytes / samples,
        options.series,
        options.runs,
        table.markdown()
    );
    say(&text);
    report::save("parser", "text", &text)
}

/// What the scraper keeps of a line: the length of the bytes before its value, and their hash.
type Line = (usize, u128);

/// The lines of a body.
fn lines_of(format: Format, body: &[u8]) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    let mut parser = Parser::new(format, body, Reading::default());
    while let Some(entry) = parser.next() {
        if let Entry::Sample(_) = entry? {
            lines.push((parser.series().len(), xxh3_128(parser.series())));
        }
    }
    Ok(lines)
}

/// Reads a body, guessing each line to be the one of `known` in its place; the number of samples. A line
/// that is not known is hashed, as to look it up.
fn parse(format: Format, body: &[u8], known: &[Line]) -> Result<usize> {
    let mut parser = Parser::new(format, body, Reading::default());
    let (mut samples, mut sum) = (0, 0.0);
    loop {
        let (len, key) = known.get(samples).copied().unwrap_or_default();
        let Some(entry) = parser.next_guessing(len, |series| xxh3_128(series) == key) else {
            break;
        };
        if let Entry::Sample(sample) = entry? {
            if !sample.guessed {
                std::hint::black_box(xxh3_128(parser.series()));
            }
            samples += 1;
            sum += sample.value;
        }
    }
    std::hint::black_box(sum);
    Ok(samples)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_and_unknown_lines_are_all_read() {
        let mut target = Target::new(1, &shapes(300));
        let mut body = Vec::new();
        target.render_next(&mut body);
        body.extend_from_slice(b"# EOF\n");
        for (name, format) in FORMATS {
            let known = lines_of(format, &body).unwrap();
            assert_eq!(known.len(), 300, "{name}");
            assert_eq!(parse(format, &body, &known).unwrap(), 300, "{name}");
            assert_eq!(parse(format, &body, &[]).unwrap(), 300, "{name}");
        }
    }
}
