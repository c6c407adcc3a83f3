//! What can go wrong, as text that names the cause and not the library.

/// The options do not make a client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// A variable of the environment names no proxy.
    #[error(
        "the environment variable {variable} does not name a proxy: {fault}; write it like http://host:port"
    )]
    Proxy {
        /// The variable.
        variable: &'static str,
        /// What is wrong with it.
        fault: String,
    },
}

/// A request was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// What the request has to carry cannot be had; the texts never hold a secret.
    #[error("{0}")]
    Credentials(String),
    /// The request cannot be sent as it is.
    #[error("{0}")]
    Invalid(String),
    /// The server kept sending the request elsewhere.
    #[error("stopped after {0} redirects")]
    Redirects(usize),
    /// No connection, or one that broke.
    #[error("{0}")]
    Connection(String),
}

/// A body was not read to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It reached the limit, in bytes after decompression.
    #[error("the body reached the limit of {limit} bytes")]
    TooLarge {
        /// The limit, bytes.
        limit: u64,
    },
    /// The connection broke, or the encoding is damaged.
    #[error("{0}")]
    Failed(String),
}

/// An error and its causes in one line. Wrappers often print what they wrap; that is said once.
pub(crate) fn with_causes(error: &(dyn std::error::Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut cause = Some(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if !texts.last().is_some_and(|last| last.contains(&text)) {
            texts.push(text);
        }
        cause = error.source();
    }
    // The library's own words come first and say only that there is a cause.
    if texts.len() > 1 && texts[0].starts_with("client error") {
        texts.remove(0);
    }
    texts.join(": ")
}
