//! HTTP client options, the keys that scraping and every notifier share.

use std::path::PathBuf;

use crate::decode::{Field, Mapping};
use crate::diagnostics::Error;
use crate::secret::Secret;

/// Keys of Prometheus's HTTP client options that are refused by name.
const NOT_SUPPORTED: [&str; 7] = [
    "oauth2",
    "tls_config",
    "proxy_url",
    "no_proxy",
    "proxy_from_environment",
    "proxy_connect_header",
    "http_headers",
];

/// How requests are made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpClientOptions {
    /// Follow 3xx answers (default true).
    pub follow_redirects: bool,
    /// Offer HTTP/2 (default true; remote write overrides it).
    pub enable_http2: bool,
    /// What the `Authorization` header says.
    pub authentication: Authentication,
}

/// What the `Authorization` header is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authentication {
    /// No header.
    None,
    /// `Basic base64(username:password)`.
    Basic {
        /// The user, which is not hidden.
        username: TextSource,
        /// The password, if any.
        password: Option<SecretSource>,
    },
    /// `kind credentials`, by default `Bearer …`.
    Header {
        /// The scheme word.
        kind: String,
        /// What follows it.
        credentials: Option<SecretSource>,
    },
}

/// A text in the configuration or in a file that is read for each request, so that it can rotate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextSource {
    /// Written in the configuration.
    Inline(String),
    /// The content of a file without surrounding white space.
    File(PathBuf),
}

/// A secret in the configuration or in a file that is read for each request, so that it can rotate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// Written in the configuration.
    Inline(Secret),
    /// The content of a file without surrounding white space.
    File(PathBuf),
}

impl SecretSource {
    /// `key` or `key_file` of a mapping, at most one of them.
    pub fn decode(mapping: &Mapping<'_>, key: &str) -> Result<Option<Self>, Error> {
        let file_key = format!("{key}_file");
        mapping.at_most_one(&[key, &file_key])?;
        if let Some(path) = mapping.get(&file_key, Field::path_of_file)? {
            return Ok(Some(Self::File(path)));
        }
        Ok(mapping.get(key, Field::secret)?.map(Self::Inline))
    }
}

impl Default for HttpClientOptions {
    fn default() -> Self {
        Self {
            follow_redirects: true,
            enable_http2: true,
            authentication: Authentication::None,
        }
    }
}

impl HttpClientOptions {
    /// Reads the options that stand among the keys of a mapping (a scrape config); the caller
    /// finishes the mapping.
    pub fn decode_inline(mapping: &Mapping<'_>) -> Result<Self, Error> {
        mapping.not_supported(&NOT_SUPPORTED);
        mapping.at_most_one(&["basic_auth", "authorization"])?;
        let authentication = match mapping.get("basic_auth", basic_auth)? {
            Some(basic) => basic,
            None => mapping.get_or("authorization", authorization, Authentication::None)?,
        };
        Ok(Self {
            follow_redirects: mapping.get_or("follow_redirects", Field::bool, true)?,
            enable_http2: mapping.get_or("enable_http2", Field::bool, true)?,
            authentication,
        })
    }

    /// Reads a mapping of its own (`http_config`).
    pub fn decode(field: Field<'_>) -> Result<Self, Error> {
        let mapping = field.mapping()?;
        let options = Self::decode_inline(&mapping)?;
        mapping.finish()?;
        Ok(options)
    }
}

fn basic_auth(field: Field<'_>) -> Result<Authentication, Error> {
    let mapping = field.mapping()?;
    mapping.at_most_one(&["username", "username_file"])?;
    let username = match mapping.get("username_file", Field::path_of_file)? {
        Some(path) => TextSource::File(path),
        None => TextSource::Inline(mapping.get_or("username", Field::string, String::new())?),
    };
    let password = SecretSource::decode(&mapping, "password")?;
    mapping.not_supported(&["username_ref", "password_ref"]);
    mapping.finish()?;
    Ok(Authentication::Basic { username, password })
}

fn authorization(field: Field<'_>) -> Result<Authentication, Error> {
    let mapping = field.mapping()?;
    let kind = match mapping.optional("type") {
        None => "Bearer".to_owned(),
        Some(field) => {
            let kind = field.clone().string()?.trim().to_owned();
            if kind.eq_ignore_ascii_case("basic") {
                return Err(field.error("\"basic\" does not belong here; use \"basic_auth\""));
            }
            if kind.is_empty() {
                "Bearer".to_owned()
            } else {
                kind
            }
        }
    };
    let credentials = SecretSource::decode(&mapping, "credentials")?;
    mapping.not_supported(&["credentials_ref"]);
    mapping.finish()?;
    Ok(Authentication::Header { kind, credentials })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::Document;

    fn decode(text: &str) -> Result<HttpClientOptions, String> {
        let document = Document::parse("/etc/weir/w.yml", text).map_err(|e| e.to_string())?;
        document
            .decode(HttpClientOptions::decode)
            .map_err(|e| e.to_string())
    }

    #[test]
    fn accepts() {
        let default = HttpClientOptions::default();
        let basic = |username, password| HttpClientOptions {
            authentication: Authentication::Basic { username, password },
            ..default.clone()
        };
        let header = |kind: &str, credentials| HttpClientOptions {
            authentication: Authentication::Header {
                kind: kind.to_owned(),
                credentials,
            },
            ..default.clone()
        };
        let cases = [
            ("", default.clone()),
            (
                "follow_redirects: no\nenable_http2: false",
                HttpClientOptions {
                    follow_redirects: false,
                    enable_http2: false,
                    authentication: Authentication::None,
                },
            ),
            (
                "basic_auth: {username: me, password: pw}",
                basic(
                    TextSource::Inline("me".into()),
                    Some(SecretSource::Inline(Secret::new("pw"))),
                ),
            ),
            (
                "basic_auth: {username_file: user, password_file: /run/pw}",
                basic(
                    TextSource::File("/etc/weir/user".into()),
                    Some(SecretSource::File("/run/pw".into())),
                ),
            ),
            (
                "authorization: {credentials: t}",
                header("Bearer", Some(SecretSource::Inline(Secret::new("t")))),
            ),
            (
                "authorization: {type: Token, credentials_file: t}",
                header("Token", Some(SecretSource::File("/etc/weir/t".into()))),
            ),
            ("oauth2:\ntls_config: ~", default.clone()),
        ];
        for (text, expected) in cases {
            assert_eq!(decode(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn refuses() {
        let cases = [
            (
                "oauth2: {client_id: x}\nproxy_url: http://p\n",
                "/etc/weir/w.yml:1:1: \"oauth2\" at the top level is not supported by this version of weir; remove it\n\
                 /etc/weir/w.yml:2:1: \"proxy_url\" at the top level is not supported by this version of weir; remove it",
            ),
            (
                "basic_auth: {username: a}\nauthorization: {credentials: b}",
                "/etc/weir/w.yml:2:1: at most one of basic_auth & authorization must be configured; remove one",
            ),
            (
                "basic_auth:\n  username: a\n  password: b\n  password_file: c",
                "/etc/weir/w.yml:4:3: basic_auth: at most one of password & password_file must be configured; remove one",
            ),
            (
                "authorization: {type: basic, credentials: b}",
                "/etc/weir/w.yml:1:23: authorization.type: \"basic\" does not belong here; use \"basic_auth\"",
            ),
            (
                "basic_auth:\n  usrname: a",
                "/etc/weir/w.yml:2:3: unknown key \"usrname\" in basic_auth; did you mean \"username\"?",
            ),
            (
                "follow_redirects: \"no\"",
                "/etc/weir/w.yml:1:19: follow_redirects: expected true or false, got the string \"no\"; remove the quotes",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(decode(text).expect_err(text), expected, "{text}");
        }
    }

    #[test]
    fn debug_hides_secrets() {
        let options = decode("basic_auth: {username: me, password: hunter2}").expect("valid");
        let text = format!("{options:?}");
        assert!(text.contains("<secret>") && !text.contains("hunter2"), "{text}");
    }
}
