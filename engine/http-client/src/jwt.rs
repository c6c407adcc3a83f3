//! Signed statements for the JWT bearer grant (RFC 7519, RFC 7523). Pure: time and what makes a statement unique
//! are arguments.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use engine_settings::{JwtAlgorithm, JwtBearer, OAuth2};
use rustls::SignatureScheme;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use serde_json::{Map, Value, json};

/// How long a statement is valid, as Prometheus says: long enough for clocks that differ.
const LIFETIME_SECONDS: u64 = 600;

/// A statement of `options`, signed with `key_pem`; the error says why there is none and never shows the key.
pub(crate) fn assertion(
    options: &OAuth2,
    grant: &JwtBearer,
    key_pem: &str,
    now_seconds: u64,
    id: &str,
) -> Result<String, String> {
    let mut header = Map::new();
    header.insert("alg".to_owned(), json!(grant.algorithm.as_str()));
    header.insert("typ".to_owned(), json!("JWT"));
    if !grant.key_id.is_empty() {
        header.insert("kid".to_owned(), json!(grant.key_id));
    }
    let claims = claims(options, grant, now_seconds, id);
    let part = |map: Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::Object(map).to_string());
    let signed = format!("{}.{}", part(header), part(claims));
    let signature = sign(grant.algorithm, key_pem, signed.as_bytes())?;
    Ok(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)))
}

fn claims(options: &OAuth2, grant: &JwtBearer, now_seconds: u64, id: &str) -> Map<String, Value> {
    let or = |text: &str, other: &str| {
        if text.is_empty() {
            json!(other)
        } else {
            json!(text)
        }
    };
    let mut claims = Map::new();
    let mut set = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    set("iss", or(&grant.issuer, &options.client_id));
    set("sub", json!(options.client_id));
    set("aud", or(&grant.audience, options.token_url.as_str()));
    set("jti", json!(id));
    set("iat", json!(now_seconds));
    set("exp", json!(now_seconds + LIFETIME_SECONDS));
    if !options.scopes.is_empty() {
        set("scope", json!(options.scopes.join(" ")));
    }
    for (name, value) in &grant.claims {
        set(name, value.clone());
    }
    claims
}

fn sign(algorithm: JwtAlgorithm, key_pem: &str, message: &[u8]) -> Result<Vec<u8>, String> {
    let scheme = match algorithm {
        JwtAlgorithm::Rs256 => SignatureScheme::RSA_PKCS1_SHA256,
        JwtAlgorithm::Rs384 => SignatureScheme::RSA_PKCS1_SHA384,
        JwtAlgorithm::Rs512 => SignatureScheme::RSA_PKCS1_SHA512,
    };
    let unusable = |why: &str| format!("client_certificate_key {why}");
    let der = PrivateKeyDer::from_pem_slice(key_pem.as_bytes())
        .map_err(|_| unusable("holds no private key in PEM"))?;
    let key = any_supported_type(&der).map_err(|_| unusable("is not a key that can sign"))?;
    let signer = key
        .choose_scheme(&[scheme])
        .ok_or_else(|| unusable("is not an RSA key"))?;
    signer
        .sign(message)
        .map_err(|error| unusable(&format!("cannot sign: {error}")))
}

#[cfg(test)]
mod tests {
    use engine_settings::{Authentication, Document, Field, Grant, HttpClientOptions};

    use super::*;

    /// Made for these tests.
    const KEY: &str = include_str!("tests/rsa_key.pem");
    /// The statement below, signed by OpenSSL.
    const EXPECTED: &str = include_str!("tests/rsa_statement.txt");

    fn options(more: &str) -> OAuth2 {
        let text = format!(
            "oauth2: {{client_id: weir, token_url: 'http://tokens/t', scopes: [a, b], \
             grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer'{more}}}"
        );
        let document = Document::parse("w.yml", &text).unwrap();
        let decode = |root: Field<'_>| {
            let mapping = root.mapping()?;
            let options = HttpClientOptions::decode_inline(&mapping)?;
            mapping.finish()?;
            Ok(options)
        };
        match document.decode(decode).unwrap().authentication {
            Authentication::OAuth2(oauth2) => *oauth2,
            other => panic!("{other:?}"),
        }
    }

    fn signed(options: &OAuth2, key: &str) -> Result<String, String> {
        let Grant::JwtBearer(grant) = &options.grant else {
            panic!("{options:?}")
        };
        assertion(options, grant, key, 1000, "one")
    }

    #[test]
    fn statements_are_what_openssl_signs() {
        let more =
            ", iss: me, client_certificate_key_id: k1, signature_algorithm: RS512, claims: {role: reader}";
        assert_eq!(signed(&options(more), KEY).unwrap(), EXPECTED.trim());
    }

    #[test]
    fn silence_means_the_client_and_the_token_server() {
        let statement = signed(&options(""), KEY).unwrap();
        let parts: Vec<Value> = statement
            .split('.')
            .take(2)
            .map(|part| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap())
            .collect();
        assert_eq!(parts[0], json!({"alg": "RS256", "typ": "JWT"}));
        assert_eq!(
            (&parts[1]["iss"], &parts[1]["aud"]),
            (&json!("weir"), &json!("http://tokens/t"))
        );
    }

    #[test]
    fn a_key_that_cannot_sign_is_not_shown() {
        let elliptic = rcgen::KeyPair::generate().unwrap().serialize_pem();
        for (key, expected) in [
            ("hunter2", "holds no private key in PEM"),
            (elliptic.as_str(), "is not an RSA key"),
        ] {
            let error = signed(&options(""), key).unwrap_err();
            assert!(error.ends_with(expected) && !error.contains("hunter2"), "{error}");
        }
    }
}
