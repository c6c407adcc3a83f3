//! Content negotiation: which encodings a client takes, best first (RFC 9110 §12.5.3).

/// A content encoding that the build writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Brotli,
    Gzip,
    Identity,
}

impl Encoding {
    /// What the build appends to a file's name for this encoding.
    pub(crate) fn file_suffix(self) -> &'static str {
        match self {
            Encoding::Brotli => ".br",
            Encoding::Gzip => ".gz",
            Encoding::Identity => "",
        }
    }

    /// The token of `Content-Encoding`; none for the plain file.
    pub(crate) fn token(self) -> Option<&'static str> {
        match self {
            Encoding::Brotli => Some("br"),
            Encoding::Gzip => Some("gzip"),
            Encoding::Identity => None,
        }
    }
}

/// Orders our encodings by the client's weights, smaller files first among equals. The plain file
/// always stays as the last resort: sending it is allowed even where the client weighs it 0.
pub(crate) fn accepted(header: Option<&str>) -> Vec<Encoding> {
    let header = header.unwrap_or_default();
    let wildcard = weight_of(header, "*");
    let mut weighted: Vec<(Encoding, u32)> = [Encoding::Brotli, Encoding::Gzip]
        .into_iter()
        .map(|encoding| {
            let token = encoding.token().unwrap_or("identity");
            (encoding, weight_of(header, token).or(wildcard).unwrap_or(0))
        })
        .filter(|&(_, weight)| weight > 0)
        .collect();
    weighted.sort_by_key(|&(_, weight)| std::cmp::Reverse(weight));
    let mut encodings: Vec<Encoding> = weighted.into_iter().map(|(encoding, _)| encoding).collect();
    encodings.push(Encoding::Identity);
    encodings
}

/// The weight of `token` in thousandths, if the header names it. A malformed weight counts as 0.
fn weight_of(header: &str, token: &str) -> Option<u32> {
    header.split(',').find_map(|item| {
        let mut parts = item.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case(token) {
            return None;
        }
        let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
        Some(weight.map_or(1000, thousandths))
    })
}

fn thousandths(weight: &str) -> u32 {
    let (whole, fraction) = weight.split_once('.').unwrap_or((weight, ""));
    let digits = format!("{fraction:0<3}");
    match (whole, digits.parse::<u32>()) {
        ("1", Ok(0)) => 1000,
        ("0", Ok(n)) if digits.len() == 3 => n,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::Encoding::{Brotli, Gzip, Identity};
    use super::*;

    #[test]
    fn orders_by_weight_then_by_size() {
        let cases: &[(Option<&str>, &[Encoding])] = &[
            (None, &[Identity]),
            (Some(""), &[Identity]),
            (Some("gzip, deflate, br, zstd"), &[Brotli, Gzip, Identity]),
            (Some("gzip"), &[Gzip, Identity]),
            (Some("GZIP;q=1.0, br;q=0.5"), &[Gzip, Brotli, Identity]),
            (Some("br;q=0, gzip;q=0.001"), &[Gzip, Identity]),
            (Some("*"), &[Brotli, Gzip, Identity]),
            (Some("*;q=0.5, br;q=0"), &[Gzip, Identity]),
            (Some("br;q=wide"), &[Identity]),
            (Some("identity"), &[Identity]),
        ];
        for (header, expected) in cases {
            assert_eq!(accepted(*header), *expected, "{header:?}");
        }
    }
}
