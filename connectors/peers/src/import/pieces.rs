//! A body in pieces of whole lines.

/// A piece is at least this large unless it is the last: large enough that one fsync for it counts little.
const PIECE_BYTES: usize = 1 << 20;
/// Longest line; a series' labels are far smaller.
const LINE_BYTES_MAX: usize = 1 << 20;

/// Whole lines, and the number of the first of them in the body, from 1.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) first_line: usize,
    /// The latest `# TYPE` line before the piece, with its end, which also says the type of lines in it; empty when
    /// there is none.
    pub(super) type_line: Vec<u8>,
    pub(super) lines: Vec<u8>,
}

/// Gathers a body that comes bit by bit. Holds less than a piece and a line.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    gathered: Vec<u8>,
    lines: usize,
    type_line: Vec<u8>,
}

impl Pieces {
    /// Where more of the body goes.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.gathered.extend_from_slice(bytes);
    }

    /// A piece when there is enough; an error names the line that does not end.
    pub(super) fn next(&mut self) -> Result<Option<Piece>, String> {
        if self.gathered.len() < PIECE_BYTES {
            return Ok(None);
        }
        match self.gathered.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => {
                let rest = self.gathered.split_off(end + 1);
                let lines = std::mem::replace(&mut self.gathered, rest);
                Ok(Some(self.piece(lines)))
            }
            None if self.gathered.len() <= LINE_BYTES_MAX => Ok(None),
            None => Err(format!(
                "line {}: longer than {LINE_BYTES_MAX} bytes",
                self.lines + 1
            )),
        }
    }

    /// What is left at the end of the body.
    pub(super) fn last(mut self) -> Option<Piece> {
        let mut lines = std::mem::take(&mut self.gathered);
        if lines.is_empty() {
            return None;
        }
        if lines.last() != Some(&b'\n') {
            lines.push(b'\n');
        }
        Some(self.piece(lines))
    }

    fn piece(&mut self, lines: Vec<u8>) -> Piece {
        let first_line = self.lines + 1;
        self.lines += lines.iter().filter(|byte| **byte == b'\n').count();
        let latest = lines
            .split_inclusive(|byte| *byte == b'\n')
            .rfind(|line| is_type_line(line));
        let latest = latest.map(<[u8]>::to_vec);
        let type_line = match latest {
            Some(latest) => std::mem::replace(&mut self.type_line, latest),
            None => self.type_line.clone(),
        };
        Piece {
            first_line,
            type_line,
            lines,
        }
    }
}

/// Whether a line says a type, with blanks where the format has them.
fn is_type_line(line: &[u8]) -> bool {
    let Some(comment) = unindented(line).strip_prefix(b"#") else {
        return false;
    };
    let said = unindented(comment);
    said.len() < comment.len() && (said.starts_with(b"TYPE ") || said.starts_with(b"TYPE\t"))
}

fn unindented(text: &[u8]) -> &[u8] {
    let blanks = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
    &text[blanks.count()..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_with_lines_and_know_their_type() {
        let mut pieces = Pieces::default();
        pieces.add(b"# TYPE a counter\n");
        assert_eq!(pieces.next(), Ok(None));
        let line = format!("a{{b=\"{}\"}} 1\n", "c".repeat(PIECE_BYTES / 2));
        pieces.add(line.as_bytes());
        pieces.add(line.as_bytes());
        pieces.add(b"a 2\na 3");
        let first = pieces.next().expect("whole lines").expect("enough");
        assert_eq!((first.first_line, first.type_line.as_slice()), (1, &b""[..]));
        assert!(first.lines.ends_with(b"\na 2\n"));
        let last = pieces.last().expect("a rest");
        assert_eq!(last.first_line, 5);
        assert_eq!(
            (last.type_line.as_slice(), last.lines.as_slice()),
            (&b"# TYPE a counter\n"[..], &b"a 3\n"[..])
        );
    }

    #[test]
    fn lines_that_say_a_type() {
        for (line, expected) in [
            ("# TYPE a counter", true),
            (" \t#\tTYPE\ta\tcounter", true),
            ("#  TYPE a counter", true),
            ("#TYPE a counter", false),
            ("# TYPES a counter", false),
            ("# HELP a TYPE b", false),
            ("a 1", false),
            ("", false),
        ] {
            assert_eq!(is_type_line(line.as_bytes()), expected, "{line:?}");
        }
    }

    #[test]
    fn a_line_without_an_end_is_refused() {
        let mut pieces = Pieces::default();
        pieces.add(&vec![b'a'; LINE_BYTES_MAX + 1]);
        let error = pieces.next();
        assert!(error.is_err_and(|error| error.starts_with("line 1: longer than")));
    }
}
