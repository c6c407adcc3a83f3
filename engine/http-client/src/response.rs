//! What was answered: status, headers, and a body that is read up to a limit and unpacked on the way.

use std::io::{self, Write};

use bytes::Bytes;
use flate2::write::MultiGzDecoder;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use hyper::body::Incoming;

use crate::error::{BodyError, with_causes};

/// An answer whose body was not read yet.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    body: Incoming,
}

impl Response {
    pub(crate) fn new(response: http::Response<Incoming>) -> Self {
        let (parts, body) = response.into_parts();
        Self {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// The body's next piece as it was sent; `None` at the end.
    ///
    /// # Errors
    /// [`BodyError::Failed`] when the connection breaks.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, BodyError> {
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|error| BodyError::Failed(with_causes(&error)))?;
            // Trailers say nothing that anybody here reads.
            if let Ok(data) = frame.into_data() {
                return Ok(Some(data));
            }
        }
        Ok(None)
    }

    /// Appends the whole body to `into`, unpacked if it is gzip.
    ///
    /// # Errors
    /// [`BodyError::TooLarge`] when `into` would have `limit` bytes or more, so that a small body that
    /// unpacks to a large one costs no more than the limit.
    pub async fn read(&mut self, into: &mut Vec<u8>, limit: u64) -> Result<(), BodyError> {
        let encoding = match self.headers.get(CONTENT_ENCODING) {
            None => "",
            Some(value) => value.to_str().unwrap_or("?"),
        };
        match encoding.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => {
                let mut bounded = Bounded { into, limit };
                while let Some(chunk) = self.chunk().await? {
                    bounded
                        .write_all(&chunk)
                        .map_err(|error| failure(&error, limit))?;
                }
                Ok(())
            }
            "gzip" | "x-gzip" => {
                let mut unpacked = MultiGzDecoder::new(Bounded { into, limit });
                let mut is_empty = true;
                while let Some(chunk) = self.chunk().await? {
                    is_empty &= chunk.is_empty();
                    unpacked
                        .write_all(&chunk)
                        .map_err(|error| failure(&error, limit))?;
                }
                if !is_empty {
                    unpacked.try_finish().map_err(|error| failure(&error, limit))?;
                }
                Ok(())
            }
            other => Err(BodyError::Failed(format!(
                "content encoding {other:?} was not asked for"
            ))),
        }
    }
}

/// Refuses the byte that reaches the limit.
struct Bounded<'a> {
    into: &'a mut Vec<u8>,
    limit: u64,
}

impl Write for Bounded<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if (self.into.len() + bytes.len()) as u64 >= self.limit {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        self.into.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn failure(error: &io::Error, limit: u64) -> BodyError {
    match error.kind() {
        io::ErrorKind::FileTooLarge => BodyError::TooLarge { limit },
        _ => BodyError::Failed(format!("the gzip stream is damaged: {error}")),
    }
}
