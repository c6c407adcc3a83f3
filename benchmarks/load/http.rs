//! The little HTTP/1.1 that a load generator needs: requests over a kept connection, answers with a length or in
//! chunks. Blocking: a thread a connection.

use std::io::{BufRead, BufReader, IoSlice, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

/// Longer than any request of a benchmark takes; a server that is silent for so long is broken.
const SILENCE_MAX: Duration = Duration::from_secs(300);
/// Refuse answers that no benchmark asks for, before they fill the memory.
const BODY_BYTES_MAX: usize = 1 << 30;

/// One answer.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text, what is not UTF-8 replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A connection that is kept between requests.
#[derive(Debug)]
pub struct Connection {
    stream: BufReader<TcpStream>,
    host: String,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens.
    pub fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect_timeout(&address, Duration::from_secs(5))
            .with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(SILENCE_MAX))?;
        Ok(Self {
            stream: BufReader::with_capacity(64 << 10, stream),
            host: address.to_string(),
        })
    }

    /// Asks with GET.
    ///
    /// # Errors
    /// When the connection breaks or the answer is not HTTP.
    pub fn get(&mut self, path: &str) -> Result<Answer> {
        self.send("GET", path, "", &[])
    }

    /// Sends a body with POST. `headers` are whole lines with their ends.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub fn post(&mut self, path: &str, headers: &str, body: &[u8]) -> Result<Answer> {
        self.send("POST", path, headers, body)
    }

    fn send(&mut self, method: &str, path: &str, headers: &str, body: &[u8]) -> Result<Answer> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nUser-Agent: weir-benchmarks\r\nContent-Length: {}\r\n{headers}\r\n",
            self.host,
            body.len()
        );
        write_both(self.stream.get_mut(), head.as_bytes(), body)?;
        self.answer().with_context(|| format!("{method} {path}"))
    }

    fn answer(&mut self) -> Result<Answer> {
        let status_line = self.line()?;
        let status = status_line
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok());
        let status = status.with_context(|| format!("not an answer: {status_line:?}"))?;
        let (mut length, mut chunked) = (0, false);
        loop {
            let line = self.line()?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse().with_context(|| format!("length {value:?}"))?;
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                chunked = value.eq_ignore_ascii_case("chunked");
            }
        }
        let mut body = Vec::new();
        if chunked {
            while let size @ 1.. = usize::from_str_radix(&self.line()?, 16)? {
                self.read_to(&mut body, size)?;
                self.line()?;
            }
            self.line()?;
        } else if status != 204 {
            self.read_to(&mut body, length)?;
        }
        Ok(Answer { status, body })
    }

    fn read_to(&mut self, body: &mut Vec<u8>, more: usize) -> Result<()> {
        if body.len() + more > BODY_BYTES_MAX {
            bail!("an answer of more than {BODY_BYTES_MAX} bytes");
        }
        let start = body.len();
        body.resize(start + more, 0);
        self.stream.read_exact(&mut body[start..])?;
        Ok(())
    }

    /// The next line without its end.
    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            bail!("the connection was closed");
        }
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}

/// Head and body in as few packets as they fit.
pub(super) fn write_both(stream: &mut TcpStream, head: &[u8], body: &[u8]) -> Result<()> {
    let written = stream.write_vectored(&[IoSlice::new(head), IoSlice::new(body)])?;
    let of_head = written.min(head.len());
    stream.write_all(&head[of_head..])?;
    stream.write_all(&body[written - of_head..])?;
    Ok(())
}
