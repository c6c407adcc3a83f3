//! An exporter that serves many targets on one port: `/t/<number>/metrics`. A thread a connection, since every
//! scraper keeps one connection a target.

use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result};

use super::http::write_both;
use super::shape::{SeriesShape, shapes};
use super::target::Target;

/// A connection's thread renders a body and no more.
const STACK_BYTES: usize = 128 << 10;

/// A running exporter. It serves until the program ends.
#[derive(Debug)]
pub struct Exporter {
    address: SocketAddr,
    state: Arc<State>,
}

#[derive(Debug)]
struct State {
    targets: Vec<Mutex<Target>>,
    shapes: Vec<SeriesShape>,
    scrapes: AtomicU64,
    samples: AtomicU64,
    bytes: AtomicU64,
}

impl Exporter {
    /// Prepares `targets` targets of `series` series each and starts to serve on a free port.
    ///
    /// # Errors
    /// When no port can be had.
    pub fn start(targets: usize, series: usize) -> Result<Self> {
        let shapes = shapes(series);
        let prepared = (0..targets).map(|number| Mutex::new(Target::new(number as u64, &shapes)));
        let state = Arc::new(State {
            targets: prepared.collect(),
            shapes,
            scrapes: AtomicU64::new(0),
            samples: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        });
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port for the exporter")?;
        let address = listener.local_addr()?;
        let accepting = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&accepting);
                let serving = thread::Builder::new().stack_size(STACK_BYTES);
                // A scraper that goes away ends its thread with an error, which is how it should end.
                let started = serving.spawn(move || serve(stream, &state));
                if started.is_err() {
                    break;
                }
            }
        });
        Ok(Self { address, state })
    }

    /// Where it serves.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Number of targets.
    pub fn targets(&self) -> usize {
        self.state.targets.len()
    }

    /// What series a target has.
    pub fn shapes(&self) -> &[SeriesShape] {
        &self.state.shapes
    }

    /// Scrapes, samples and bytes that were served whole so far.
    pub fn served(&self) -> (u64, u64, u64) {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (
            read(&self.state.scrapes),
            read(&self.state.samples),
            read(&self.state.bytes),
        )
    }

    /// A Prometheus configuration that scrapes every target once an interval, such as `15s`.
    pub fn scrape_config(&self, interval: &str) -> String {
        let mut config = format!(
            "global:\n  scrape_interval: {interval}\n  scrape_timeout: {interval}\nscrape_configs:\n  - job_name: node\n    static_configs:\n"
        );
        for number in 0..self.targets() {
            config.push_str(&format!(
                "      - targets: [\"{}\"]\n        labels: {{instance: \"host-{number}.example.org:9100\", __metrics_path__: \"/t/{number}/metrics\"}}\n",
                self.address
            ));
        }
        config
    }
}

fn serve(stream: TcpStream, state: &State) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::with_capacity(2048, stream);
    let (mut body, mut line) = (Vec::new(), String::new());
    loop {
        line.clear();
        if reader.read_line(&mut line)? == 0 {
            return Ok(());
        }
        let path = line.split(' ').nth(1).unwrap_or_default();
        let number = path.strip_prefix("/t/").and_then(|rest| rest.split('/').next());
        let target = number.and_then(|number| state.targets.get(number.parse::<usize>().ok()?));
        while line.trim_end() != "" {
            line.clear();
            reader.read_line(&mut line)?;
        }
        let Some(target) = target else {
            write_both(
                &mut writer,
                b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
                &[],
            )?;
            continue;
        };
        body.clear();
        let series = {
            let mut target = target.lock().unwrap_or_else(PoisonError::into_inner);
            target.render_next(&mut body);
            target.series()
        };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        write_both(&mut writer, head.as_bytes(), &body)?;
        state.scrapes.fetch_add(1, Ordering::Relaxed);
        state.samples.fetch_add(series as u64, Ordering::Relaxed);
        state.bytes.fetch_add(body.len() as u64, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::Connection;

    #[test]
    fn each_target_moves_and_is_counted() {
        let exporter = Exporter::start(3, 50).unwrap();
        let mut connection = Connection::open(exporter.address()).unwrap();
        let first = connection.get("/t/2/metrics").unwrap();
        let second = connection.get("/t/2/metrics").unwrap();
        assert_eq!(first.status, 200);
        assert_ne!(first.body, second.body);
        assert_eq!(connection.get("/t/3/metrics").unwrap().status, 404);
        let (scrapes, samples, bytes) = exporter.served();
        assert_eq!((scrapes, samples), (2, 100));
        assert_eq!(bytes, (first.body.len() + second.body.len()) as u64);
        assert!(exporter.scrape_config("15s").contains("host-2.example.org"));
    }
}
