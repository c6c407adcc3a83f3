//! What the lexer hands to the parser.

/// A kind of token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text outside of actions.
    Text,
    /// `{{`, with its trim mark.
    LeftDelimiter,
    /// `}}`, with its trim mark.
    RightDelimiter,
    /// `.` alone.
    Dot,
    /// `.name`
    Field,
    /// `$` or `$name`
    Variable,
    /// A function's name.
    Identifier,
    /// `if`, `range` and so on.
    Keyword,
    /// `true` or `false`
    Bool,
    /// `nil`
    Nil,
    Number,
    Char,
    String,
    RawString,
    LeftParenthesis,
    RightParenthesis,
    /// `|`
    Pipe,
    /// `:=`
    Declare,
    /// `=`
    Assign,
    /// Any other mark, of which only the comma means something.
    Mark,
    End,
    /// The lexer gave up; the text is its message.
    Fault,
}

/// A token with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// Byte offset in the template's text.
    pub(super) at: usize,
    pub(super) text: String,
    /// White space stands before it, inside of an action.
    pub(super) spaced: bool,
}

impl Token {
    /// The token as Go shows it in messages.
    pub(super) fn shown(&self) -> String {
        match self.kind {
            Kind::End => "EOF".to_owned(),
            Kind::Fault => self.text.clone(),
            Kind::Keyword => format!("<{}>", self.text),
            _ if self.text.chars().count() > 10 => {
                let head: String = self.text.chars().take(10).collect();
                format!("{}...", crate::format::quoted(&head))
            }
            _ => crate::format::quoted(&self.text),
        }
    }

    pub(super) fn is_keyword(&self, word: &str) -> bool {
        self.kind == Kind::Keyword && self.text == word
    }
}
