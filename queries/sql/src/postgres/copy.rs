//! `COPY … TO STDOUT`: what is copied, and its rows in PostgreSQL's three forms.

use std::collections::HashSet;

use bytes::{BufMut, Bytes, BytesMut};
use datafusion::sql::sqlparser::ast::{
    CopyLegacyCsvOption, CopyLegacyOption, CopyOption, CopySource, CopyTarget,
};
use pgwire::messages::data::DataRow;

use crate::error::SqlError;
use crate::statement::SqlStatement;

/// What binary copies begin with: a signature, no flags, no extension of the header.
const BINARY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
/// What they end with.
const BINARY_END: i16 = -1;

/// The form of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CopyForm {
    Binary,
    Text(Text),
    Csv(Text, Csv),
}

/// What text and CSV have in common.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    delimiter: u8,
    null: String,
    header: bool,
}

/// How CSV quotes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Csv {
    quote: u8,
    escape: u8,
    /// Names of columns that are always quoted; `*` is all.
    forced: HashSet<String>,
}

/// What is copied, and how. Only rows that go out are.
pub(super) fn copied(
    source: CopySource,
    (to, target): (bool, CopyTarget),
    options: &[CopyOption],
    legacy: &[CopyLegacyOption],
    sql: &str,
) -> Result<(SqlStatement, CopyForm), SqlError> {
    if !to || target != CopyTarget::Stdout {
        let text = "COPY is refused: SQL only reads here, and writes no files; COPY … TO STDOUT gives rows";
        return Err(SqlError::ReadOnly(text.to_owned()));
    }
    let statement = match source {
        CopySource::Query(query) => SqlStatement::of_query(query, sql)?,
        CopySource::Table { table_name, columns } => {
            let columns: Vec<String> = columns.iter().map(ToString::to_string).collect();
            let columns = match columns.is_empty() {
                true => "*".to_owned(),
                false => columns.join(", "),
            };
            SqlStatement::read(&format!("SELECT {columns} FROM {table_name}"))?
        }
    };
    Ok((statement, form(options, legacy)?))
}

/// What the options say, in whatever order.
#[derive(Default)]
struct Said {
    format: Option<String>,
    delimiter: Option<char>,
    null: Option<String>,
    header: bool,
    quote: Option<char>,
    escape: Option<char>,
    forced: HashSet<String>,
}

fn form(options: &[CopyOption], legacy: &[CopyLegacyOption]) -> Result<CopyForm, SqlError> {
    let mut said = Said::default();
    for option in options {
        said.option(option)?;
    }
    for option in legacy {
        said.legacy(option)?;
    }
    let format = said.format.as_deref().unwrap_or("text");
    let is_csv = format == "csv";
    let delimiter = match said.delimiter {
        None if is_csv => b',',
        None => b'\t',
        Some(one) => one_byte("DELIMITER", one)?,
    };
    let text = Text {
        delimiter,
        null: said
            .null
            .unwrap_or_else(|| if is_csv { "" } else { "\\N" }.to_owned()),
        header: said.header,
    };
    match format {
        "binary" => Ok(CopyForm::Binary),
        "text" => Ok(CopyForm::Text(text)),
        "csv" => {
            let quote = one_byte("QUOTE", said.quote.unwrap_or('"'))?;
            let escape = said
                .escape
                .map_or(Ok(quote), |escape| one_byte("ESCAPE", escape))?;
            let csv = Csv {
                quote,
                escape,
                forced: said.forced,
            };
            Ok(CopyForm::Csv(text, csv))
        }
        other => Err(SqlError::BadQuery(format!(
            "COPY format \"{other}\" not recognized; there are text, csv and binary"
        ))),
    }
}

fn one_byte(what: &str, one: char) -> Result<u8, SqlError> {
    match u8::try_from(one) {
        Ok(byte) if one.is_ascii() && !b"\r\n\0".contains(&byte) => Ok(byte),
        _ => Err(SqlError::BadQuery(format!(
            "COPY {what} must be a single one-byte character that ends no line"
        ))),
    }
}

fn names(columns: &[datafusion::sql::sqlparser::ast::Ident]) -> HashSet<String> {
    match columns.is_empty() {
        true => HashSet::from(["*".to_owned()]),
        false => columns.iter().map(|column| column.value.clone()).collect(),
    }
}

impl Said {
    fn option(&mut self, option: &CopyOption) -> Result<(), SqlError> {
        match option {
            CopyOption::Format(format) => self.format = Some(format.value.to_ascii_lowercase()),
            CopyOption::Delimiter(delimiter) => self.delimiter = Some(*delimiter),
            CopyOption::Null(null) => self.null = Some(null.clone()),
            CopyOption::Header(header) => self.header = *header,
            CopyOption::Quote(quote) => self.quote = Some(*quote),
            CopyOption::Escape(escape) => self.escape = Some(*escape),
            CopyOption::ForceQuote(columns) => self.forced = names(columns),
            CopyOption::Encoding(encoding) if is_utf8(encoding) => {}
            other => return Err(unknown(&other.to_string())),
        }
        Ok(())
    }

    fn legacy(&mut self, option: &CopyLegacyOption) -> Result<(), SqlError> {
        match option {
            CopyLegacyOption::Binary => self.format = Some("binary".to_owned()),
            CopyLegacyOption::Delimiter(delimiter) => self.delimiter = Some(*delimiter),
            CopyLegacyOption::Null(null) => self.null = Some(null.clone()),
            CopyLegacyOption::Header => self.header = true,
            CopyLegacyOption::Csv(options) => {
                self.format = Some("csv".to_owned());
                for option in options {
                    match option {
                        CopyLegacyCsvOption::Header => self.header = true,
                        CopyLegacyCsvOption::Quote(quote) => self.quote = Some(*quote),
                        CopyLegacyCsvOption::Escape(escape) => self.escape = Some(*escape),
                        CopyLegacyCsvOption::ForceQuote(columns) => self.forced = names(columns),
                        other => return Err(unknown(&other.to_string())),
                    }
                }
            }
            other => return Err(unknown(&other.to_string())),
        }
        Ok(())
    }
}

fn is_utf8(encoding: &str) -> bool {
    ["utf8", "utf-8", "unicode"].contains(&encoding.to_ascii_lowercase().as_str())
}

fn unknown(option: &str) -> SqlError {
    SqlError::BadQuery(format!(
        "COPY option {option} is not supported for rows that go out"
    ))
}

impl CopyForm {
    /// Whether fields are binary.
    pub(super) fn is_binary(&self) -> bool {
        *self == Self::Binary
    }

    /// What comes before the first row, in the same message.
    pub(super) fn head(&self, columns: &[&str]) -> BytesMut {
        let mut out = BytesMut::new();
        match self {
            Self::Binary => out.put_slice(BINARY_HEADER),
            Self::Text(text) | Self::Csv(text, _) if text.header => {
                let fields = columns.iter().map(|name| Some(name.as_bytes()));
                self.line(fields, columns, &mut out);
            }
            Self::Text(_) | Self::Csv(..) => {}
        }
        out
    }

    /// A row whose fields were made for the form.
    pub(super) fn row(&self, row: &DataRow, columns: &[&str], out: &mut BytesMut) {
        match self {
            Self::Binary => {
                out.put_i16(row.field_count);
                out.put_slice(&row.data);
            }
            Self::Text(_) | Self::Csv(..) => self.line(Fields(&row.data), columns, out),
        }
    }

    /// What comes after the last row.
    pub(super) fn tail(&self) -> Bytes {
        match self {
            Self::Binary => Bytes::copy_from_slice(&BINARY_END.to_be_bytes()),
            Self::Text(_) | Self::Csv(..) => Bytes::new(),
        }
    }

    fn line<'a>(&self, fields: impl Iterator<Item = Option<&'a [u8]>>, columns: &[&str], out: &mut BytesMut) {
        for (i, field) in fields.enumerate() {
            match self {
                Self::Binary => {}
                Self::Text(text) => {
                    if i > 0 {
                        out.put_u8(text.delimiter);
                    }
                    match field {
                        None => out.put_slice(text.null.as_bytes()),
                        Some(field) => escaped(field, text.delimiter, out),
                    }
                }
                Self::Csv(text, csv) => {
                    if i > 0 {
                        out.put_u8(text.delimiter);
                    }
                    match field {
                        None => out.put_slice(text.null.as_bytes()),
                        Some(field) => {
                            let forced = csv.forced.contains("*")
                                || columns.get(i).is_some_and(|name| csv.forced.contains(*name));
                            let alone = columns.len() == 1 && field == b"\\.";
                            csv.field(field, text, forced || alone, out);
                        }
                    }
                }
            }
        }
        out.put_u8(b'\n');
    }
}

/// The fields of a row: their bytes, or none where they are null.
struct Fields<'a>(&'a [u8]);

impl<'a> Iterator for Fields<'a> {
    type Item = Option<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        let (length, rest) = self.0.split_first_chunk::<4>()?;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else {
            self.0 = rest;
            return Some(None);
        };
        let (field, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(Some(field))
    }
}

/// PostgreSQL's text form: what would end a field or a line is escaped.
fn escaped(field: &[u8], delimiter: u8, out: &mut BytesMut) {
    for &byte in field {
        let letter = match byte {
            b'\\' => b'\\',
            0x08 => b'b',
            0x0c => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            0x0b => b'v',
            other if other == delimiter => other,
            other => {
                out.put_u8(other);
                continue;
            }
        };
        out.put_slice(&[b'\\', letter]);
    }
}

impl Csv {
    fn field(&self, field: &[u8], text: &Text, forced: bool, out: &mut BytesMut) {
        let special = |byte: &u8| [text.delimiter, self.quote, b'\n', b'\r'].contains(byte);
        // What reads as null would be lost.
        let quoted = forced || field == text.null.as_bytes() || field.iter().any(special);
        if !quoted {
            out.put_slice(field);
            return;
        }
        out.put_u8(self.quote);
        for &byte in field {
            if byte == self.quote || byte == self.escape {
                out.put_u8(self.escape);
            }
            out.put_u8(byte);
        }
        out.put_u8(self.quote);
    }
}

#[cfg(test)]
mod tests {
    use super::super::asked::Asked;
    use super::*;

    fn form_of(options: &str) -> Result<CopyForm, String> {
        let sql = format!("COPY (SELECT 1 AS a) TO STDOUT {options}");
        let asked = Asked::split(&sql).map_err(|error| error.to_string())?;
        match asked.as_slice() {
            [Asked::Copy(_, form)] => Ok(form.clone()),
            other => Err(format!("{other:?}")),
        }
    }

    fn line(options: &str, fields: &[Option<&str>]) -> String {
        let form = form_of(options).unwrap_or_else(|error| panic!("{options}: {error}"));
        let names: Vec<&str> = ["a", "b", "c"][..fields.len()].to_vec();
        let mut out = form.head(&names);
        form.line(
            fields.iter().map(|field| field.map(str::as_bytes)),
            &names,
            &mut out,
        );
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn rows_as_postgresql_writes_them() {
        let fields = [Some("a\tb\\\n"), None, Some("")];
        assert_eq!(line("", &fields), "a\\tb\\\\\\n\t\\N\t\n");
        assert_eq!(
            line("(DELIMITER '|', NULL 'x')", &[Some("1|2"), None]),
            "1\\|2|x\n"
        );
        let fields = [Some("x,\"y\""), None, Some("")];
        assert_eq!(line("(FORMAT csv)", &fields), "\"x,\"\"y\"\"\",,\"\"\n");
        assert_eq!(line("WITH CSV HEADER", &[Some("1")]), "a\n1\n");
        assert_eq!(
            line(
                "(FORMAT csv, HEADER true, FORCE_QUOTE (b), QUOTE '''')",
                &[Some("1"), Some("it's")]
            ),
            "a,'b'\n1,'it''s'\n"
        );
        assert!(form_of("(FORMAT binary)").unwrap().is_binary());
        assert!(form_of("BINARY").unwrap().is_binary());
    }

    #[test]
    fn what_writes_or_is_not_known_is_refused() {
        for (options, says) in [
            ("(FORMAT xml)", "not recognized"),
            ("(FREEZE true)", "not supported"),
            ("(DELIMITER '\n')", "one-byte"),
        ] {
            let error = form_of(options).unwrap_err();
            assert!(error.contains(says), "{options}: {error}");
        }
        for sql in [
            "COPY up FROM STDIN",
            "COPY up TO '/tmp/x'",
            "COPY up TO PROGRAM 'rm'",
        ] {
            let error = Asked::split(sql).unwrap_err().to_string();
            assert!(error.contains("COPY is refused"), "{sql}: {error}");
        }
    }
}
