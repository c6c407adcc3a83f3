//! How fast exposition text is read, beside what the memory allows.

use anyhow::{Result, bail};
use clap::Args;
use connectors_formats::prometheus_text::{Event, Parser};

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

/// Measures and writes the results down.
///
/// # Errors
/// When the text is not understood, which would be a fault of ours.
pub fn check(options: &Options) -> Result<()> {
    let mut target = Target::new(1, &shapes(options.series));
    let mut bodies = vec![Vec::new(); options.scrapes];
    bodies.iter_mut().for_each(|body| target.render_next(body));
    let bytes: usize = bodies.iter().map(Vec::len).sum();
    let samples = options.series * options.scrapes;

    let known = series_of(&bodies[0])?;
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
    add("parse, lines known from the last scrape", &mut |body| {
        parse(body, &known)
    })?;
    add("parse, lines unknown", &mut |body| parse(body, &[]))?;
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

/// The bytes before the value of every line.
fn series_of(body: &[u8]) -> Result<Vec<Vec<u8>>> {
    let mut series = Vec::new();
    for event in Parser::new(body) {
        if let Event::Sample(sample) = event? {
            series.push(sample.series.to_vec());
        }
    }
    Ok(series)
}

/// Reads a body, guessing each line to be the one of `known` in its place; the number of samples.
fn parse(body: &[u8], known: &[Vec<u8>]) -> Result<usize> {
    let mut parser = Parser::new(body);
    let (mut samples, mut sum) = (0, 0.0);
    loop {
        let guess = known.get(samples).map_or(&[][..], Vec::as_slice);
        match parser.next_guessing(guess) {
            Some(event) => {
                if let Event::Sample(sample) = event? {
                    samples += 1;
                    sum += sample.value;
                }
            }
            None => break,
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
        let known = series_of(&body).unwrap();
        assert_eq!(known.len(), 300);
        assert_eq!(parse(&body, &known).unwrap(), 300);
        assert_eq!(parse(&body, &[]).unwrap(), 300);
    }
}
