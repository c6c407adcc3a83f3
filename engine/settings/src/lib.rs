//! YAML with line and column, durations and secrets: what every configuration file shares.
//! Read [`Document::parse`] first, then [`Document::decode`], which hands out a [`Field`];
//! a [`Mapping`] is read key by key and closed by `finish`, so that no key is ever ignored.

mod diagnostics;

mod yaml;

mod decode;

mod byte_size;
mod environment;
mod secret;
mod suggestion;

mod http_client;

pub use byte_size::{ByteSizeError, parse_byte_size};
pub use decode::{Field, Mapping};
pub use diagnostics::{Diagnostics, Error};
pub use environment::{Expansion, expand_environment};
pub use http_client::{
    Authentication, Grant, HeaderSource, HttpClientOptions, JwtAlgorithm, JwtBearer, OAuth2, ProxyChoice,
    ProxyOptions, SecretSource, TextSource, TlsOptions, TlsVersion,
};
pub use secret::Secret;
pub use yaml::{Document, Key, Node, Position, Scalar, Value};
