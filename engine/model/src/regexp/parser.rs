//! The parser: Go's syntax with its Perl extensions, read from left to right, refused where Go refuses it.
//! Flags are resolved while reading, so the tree that comes out needs none.

use super::error::{Fault, SyntaxError};
use super::escape::{bracket_class, check_utf8, escape, folded, perl_class, unicode_class};
use super::tree::{HEIGHT_MAX, Node, Repeat, SIZE_MAX, join_literals};
use super::unicode::NOTHING;

type Parsed<T> = Result<T, SyntaxError>;

/// How often at least, and at most if there is a limit.
type Bounds = (u32, Option<u32>);

/// Go's limit for a count, and for the product of counts in each other.
const COUNT_MAX: u32 = 1000;

/// What `(?…)` changes.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Flags {
    /// `i`: upper and lower case are alike.
    pub(super) fold: bool,
    /// `m`: `^` and `$` also match at the ends of lines.
    pub(super) lines: bool,
    /// `s`: the dot matches a newline too.
    pub(super) dot_newline: bool,
    /// `U`: repetitions take as little as they can.
    pub(super) lazy: bool,
}

/// An expression that was accepted.
pub(super) struct Parsing {
    pub(super) tree: Node,
    /// The names of the groups that capture, in the order of their parentheses.
    pub(super) names: Vec<Option<String>>,
}

/// Reads `text` as Go does with the flags of Perl.
pub(super) fn parse(text: &[u8], flags: Flags) -> Parsed<Parsing> {
    let mut parser = Parser {
        text,
        flags,
        frames: Vec::new(),
        frame: Frame::default(),
        names: Vec::new(),
    };
    let (mut at, mut repeat) = (0, None);
    while at < text.len() {
        let step = parser.step(at, repeat)?;
        (at, repeat) = (step.end, step.repeat);
    }
    if !parser.frames.is_empty() {
        return Err(SyntaxError::new(Fault::MissingParen, text));
    }
    let frame = std::mem::take(&mut parser.frame);
    let tree = parser.checked(frame.close())?;
    Ok(Parsing {
        tree,
        names: parser.names,
    })
}

/// The character at `at` and where the next one begins; U+FFFD and `at` behind the last.
pub(super) fn decode(text: &[u8], at: usize) -> Parsed<(char, usize)> {
    let rest = &text[at..];
    let length = match rest.first() {
        None => return Ok((char::REPLACEMENT_CHARACTER, at)),
        Some(0xC2..=0xDF) => 2,
        Some(0xE0..=0xEF) => 3,
        Some(0xF0..=0xF4) => 4,
        Some(_) => 1,
    };
    let bytes = rest.get(..length).unwrap_or(rest);
    match str::from_utf8(bytes).ok().and_then(|text| text.chars().next()) {
        Some(c) => Ok((c, at + length)),
        None => Err(SyntaxError::new(Fault::InvalidUtf8, rest)),
    }
}

/// An open group: what was read of it.
#[derive(Default)]
struct Frame {
    /// The branches before the last bar.
    branches: Vec<Node>,
    /// What has been read of the current branch.
    items: Vec<Node>,
    /// The flags before the group.
    outer: Flags,
    captures: bool,
}

impl Frame {
    fn end_branch(&mut self) {
        let items = std::mem::take(&mut self.items);
        self.branches.push(Node::concat(items));
    }

    fn close(mut self) -> Node {
        self.end_branch();
        Node::alternate(self.branches)
    }
}

/// What one step read.
struct Step {
    end: usize,
    /// Where the repetition began, if it was one.
    repeat: Option<usize>,
}

struct Parser<'a> {
    text: &'a [u8],
    flags: Flags,
    /// The groups around the current one, outermost first.
    frames: Vec<Frame>,
    frame: Frame,
    names: Vec<Option<String>>,
}

impl Parser<'_> {
    /// Reads what begins at `at`; `repeat` is where the repetition just before began.
    fn step(&mut self, at: usize, repeat: Option<usize>) -> Parsed<Step> {
        let next = at + 1;
        let end = match self.text[at] {
            b'(' if self.text.get(next) == Some(&b'?') => self.perl_group(at)?,
            b'(' => {
                self.names.push(None);
                self.open(true);
                next
            }
            b'|' => {
                self.frame.end_branch();
                next
            }
            b')' => {
                self.close()?;
                next
            }
            b'^' if self.flags.lines => self.push(Node::atom("(?m:^)"), next)?,
            b'^' => self.push(Node::atom("\\A"), next)?,
            b'$' if self.flags.lines => self.push(Node::atom("(?m:$)"), next)?,
            b'$' => self.push(Node::atom("\\z"), next)?,
            b'.' if self.flags.dot_newline => self.push(Node::atom("(?s:.)"), next)?,
            b'.' => self.push(Node::atom("[^\\n]"), next)?,
            b'[' => {
                let (class, end) = bracket_class(self.text, at, self.flags)?;
                self.push(class, end)?
            }
            b'*' => return self.repeat(at, next, repeat, (0, None), false),
            b'+' => return self.repeat(at, next, repeat, (1, None), false),
            b'?' => return self.repeat(at, next, repeat, (0, Some(1)), false),
            b'{' => match self.braces(at)? {
                Some((bounds, end)) => return self.repeat(at, end, repeat, bounds, true),
                None => self.literal('{', next)?,
            },
            b'\\' => self.backslash(at)?,
            _ => {
                let (c, end) = decode(self.text, at)?;
                self.literal(c, end)?
            }
        };
        Ok(Step { end, repeat: None })
    }

    fn literal(&mut self, c: char, end: usize) -> Parsed<usize> {
        self.push(Node::literal(c, self.flags.fold), end)
    }

    fn push(&mut self, node: Node, end: usize) -> Parsed<usize> {
        join_literals(&mut self.frame.items);
        let node = self.checked(node)?;
        self.frame.items.push(node);
        Ok(end)
    }

    /// Refuses what is too deep or too large.
    fn checked(&self, node: Node) -> Parsed<Node> {
        match () {
            () if node.size > SIZE_MAX => Err(SyntaxError::new(Fault::Large, self.text)),
            () if node.height > HEIGHT_MAX => Err(SyntaxError::new(Fault::NestingDepth, self.text)),
            () => Ok(node),
        }
    }

    fn open(&mut self, captures: bool) {
        let inner = Frame {
            outer: self.flags,
            captures,
            ..Frame::default()
        };
        self.frames.push(std::mem::replace(&mut self.frame, inner));
    }

    fn close(&mut self) -> Parsed<()> {
        let frame = std::mem::take(&mut self.frame);
        let (flags, captures) = (frame.outer, frame.captures);
        let node = self.checked(frame.close())?;
        let Some(outer) = self.frames.pop() else {
            return Err(SyntaxError::new(Fault::UnexpectedParen, self.text));
        };
        self.frame = outer;
        self.flags = flags;
        self.push(if captures { Node::capture(node) } else { node }, 0)?;
        Ok(())
    }

    /// Repeats the last item; the operator stands at `at` and ends at `end`, but for a `?` behind it.
    fn repeat(
        &mut self,
        at: usize,
        mut end: usize,
        previous: Option<usize>,
        (min, max): Bounds,
        counted: bool,
    ) -> Parsed<Step> {
        let turned = self.text.get(end) == Some(&b'?');
        end += usize::from(turned);
        if let Some(previous) = previous {
            return Err(SyntaxError::new(
                Fault::InvalidRepeatOp,
                &self.text[previous..end],
            ));
        }
        let Some(item) = self.frame.items.pop() else {
            return Err(SyntaxError::new(
                Fault::MissingRepeatArgument,
                &self.text[at..end],
            ));
        };
        let greedy = self.flags.lazy == turned;
        let repeat = Repeat {
            min,
            max,
            counted,
            greedy,
        };
        let node = self.checked(Node::repeated(item, repeat))?;
        if counted && max.unwrap_or(min).max(min) >= 2 && !node.counts_fit(COUNT_MAX) {
            return Err(SyntaxError::new(Fault::InvalidRepeatSize, &self.text[at..end]));
        }
        self.frame.items.push(node);
        Ok(Step {
            end,
            repeat: Some(at),
        })
    }

    /// Reads `{2}`, `{2,}` or `{2,5}` at `at`; anything else is no repetition.
    fn braces(&self, at: usize) -> Parsed<Option<(Bounds, usize)>> {
        let read = || {
            let (min, end) = self.number(at + 1)?;
            let (max, end) = match self.text.get(end)? {
                b',' if self.text.get(end + 1)? == &b'}' => (None, end + 1),
                b',' => self.number(end + 1).map(|(max, end)| (Some(max), end))?,
                _ => (Some(min), end),
            };
            (self.text.get(end)? == &b'}').then_some((min, max, end + 1))
        };
        match read() {
            None => Ok(None),
            Some((min, max, end))
                if min > COUNT_MAX || max.is_some_and(|max| max > COUNT_MAX || min > max) =>
            {
                Err(SyntaxError::new(Fault::InvalidRepeatSize, &self.text[at..end]))
            }
            Some((min, max, end)) => Ok(Some(((min, max), end))),
        }
    }

    /// Decimal digits without a leading zero; those too large for a number are the largest.
    fn number(&self, at: usize) -> Option<(u32, usize)> {
        let digits = self.text[at..].iter().take_while(|b| b.is_ascii_digit()).count();
        let text = str::from_utf8(&self.text[at..at + digits]).ok()?;
        match digits {
            0 => None,
            1 => Some((text.parse().ok()?, at + 1)),
            _ if text.starts_with('0') => None,
            _ => Some((text.parse().unwrap_or(u32::MAX), at + digits)),
        }
    }

    fn backslash(&mut self, at: usize) -> Parsed<usize> {
        let end = at + 2;
        match self.text.get(at + 1) {
            Some(b'A') => return self.push(Node::atom("\\A"), end),
            Some(b'b') => return self.push(Node::atom("(?-u:\\b)"), end),
            Some(b'B') => return self.push(Node::atom("(?-u:\\B)"), end),
            Some(b'C') => return Err(SyntaxError::new(Fault::InvalidEscape, &self.text[at..end])),
            Some(b'Q') => return self.quoted(end),
            Some(b'z') => return self.push(Node::atom("\\z"), end),
            _ => {}
        }
        if let Some((class, end)) = unicode_class(self.text, at)? {
            return self.push(Node::atom(folded(class, self.flags)), end);
        }
        if let Some((class, end)) = perl_class(self.text, at) {
            return self.push(Node::atom(folded(class.to_owned(), self.flags)), end);
        }
        let (code, end) = escape(self.text, at)?;
        match char::from_u32(code) {
            Some(c) => self.literal(c, end),
            // Half of a pair: no text has it.
            None => self.push(Node::atom(NOTHING), end),
        }
    }

    /// What stands between `\Q` and `\E`, or the end: characters that mean themselves.
    fn quoted(&mut self, from: usize) -> Parsed<usize> {
        let closing = self.text[from..].windows(2).position(|two| two == b"\\E");
        let to = closing.map_or(self.text.len(), |length| from + length);
        let mut at = from;
        while at < to {
            let (c, end) = decode(&self.text[..to], at)?;
            at = self.literal(c, end)?;
        }
        Ok(closing.map_or(to, |_| to + 2))
    }

    /// Reads what begins with `(?` at `at`: a group with a name, one that does not capture, or flags alone.
    fn perl_group(&mut self, at: usize) -> Parsed<usize> {
        let rest = &self.text[at..];
        let name_from = match rest {
            [_, _, b'P', b'<', _, ..] => Some(4),
            [_, _, b'<', _, ..] => Some(3),
            _ => None,
        };
        match name_from {
            Some(from) => self.named_group(at, from),
            None => self.flags_or_group(at),
        }
    }

    fn named_group(&mut self, at: usize, from: usize) -> Parsed<usize> {
        let rest = &self.text[at..];
        let Some(close) = rest.iter().position(|b| *b == b'>') else {
            check_utf8(rest)?;
            return Err(SyntaxError::new(Fault::InvalidNamedCapture, rest));
        };
        let name = &rest[from..close];
        check_utf8(name)?;
        match str::from_utf8(name) {
            Ok(name) if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') => {
                self.names.push(Some(name.to_owned()));
            }
            _ => {
                return Err(SyntaxError::new(Fault::InvalidNamedCapture, &rest[..=close]));
            }
        }
        self.open(true);
        Ok(at + close + 1)
    }

    fn flags_or_group(&mut self, at: usize) -> Parsed<usize> {
        let mut flags = self.flags;
        let (mut end, mut on, mut pending) = (at + 2, true, false);
        while end < self.text.len() {
            let (c, next) = decode(self.text, end)?;
            end = next;
            match c {
                'i' => flags.fold = on,
                'm' => flags.lines = on,
                's' => flags.dot_newline = on,
                'U' => flags.lazy = on,
                '-' if on => on = false,
                ':' | ')' if on || pending => {
                    if c == ':' {
                        self.open(false);
                    }
                    self.flags = flags;
                    return Ok(end);
                }
                _ => break,
            }
            pending = c != '-';
        }
        Err(SyntaxError::new(Fault::InvalidPerlOp, &self.text[at..end]))
    }
}
