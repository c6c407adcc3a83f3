//! The parser's state: tokens, names that are known, bounds; and the way from a text to its trees.

use std::sync::Arc;

use super::control::Parsed;
use super::lexer;
use super::token::{Kind, Token};
use super::tree::{Item, Tree};
use crate::error::TemplateError;

/// Nested actions and parentheses: far beyond what people write, small enough for any stack.
const NESTING_MAX: usize = 100;

/// Parses a text: the template of that name first, then those it defines.
pub(crate) fn parse(
    name: &str,
    text: &str,
    is_function: &dyn Fn(&str) -> bool,
) -> Result<Vec<Tree>, TemplateError> {
    let mut parser = Parser {
        name: Arc::from(name),
        text: Arc::from(text),
        tokens: lexer::tokens(text),
        next: 0,
        is_function,
        variables: vec!["$".to_owned()],
        range_depth: 0,
        nesting: 0,
        trees: Vec::new(),
    };
    let body = parser.top_level()?;
    let main = parser.tree(name.to_owned(), body);
    let mut trees = vec![main];
    for tree in std::mem::take(&mut parser.trees) {
        parser.add(&mut trees, tree)?;
    }
    Ok(trees)
}

pub(super) struct Parser<'a> {
    name: Arc<str>,
    text: Arc<str>,
    tokens: Vec<Token>,
    next: usize,
    pub(super) is_function: &'a dyn Fn(&str) -> bool,
    /// Names in scope; what a block declares goes when it ends.
    pub(super) variables: Vec<String>,
    pub(super) range_depth: usize,
    nesting: usize,
    pub(super) trees: Vec<Tree>,
}

impl Parser<'_> {
    /// The next token; `End` and `Fault` repeat for ever.
    pub(super) fn peek(&self) -> &Token {
        &self.tokens[self.next.min(self.tokens.len() - 1)]
    }

    pub(super) fn take(&mut self) -> Token {
        let token = self.peek().clone();
        self.next += 1;
        token
    }

    /// Takes a token back.
    pub(super) fn back(&mut self) {
        self.next -= 1;
    }

    pub(super) fn expect(&mut self, kind: Kind, context: &str) -> Result<Token, TemplateError> {
        let token = self.take();
        if token.kind == kind {
            Ok(token)
        } else {
            Err(self.unexpected(&token, context))
        }
    }

    pub(super) fn unexpected(&self, token: &Token, context: &str) -> TemplateError {
        let message = match token.kind {
            Kind::Fault => token.text.clone(),
            _ => format!("unexpected {} in {context}", token.shown()),
        };
        self.error_at(token.at, message)
    }

    /// An error on the line of the token that was read last.
    pub(super) fn error(&self, message: impl Into<String>) -> TemplateError {
        let last = self.next.saturating_sub(1).min(self.tokens.len() - 1);
        self.error_at(self.tokens[last].at, message)
    }

    fn error_at(&self, at: usize, message: impl Into<String>) -> TemplateError {
        let line = 1 + self.text[..at].matches('\n').count();
        TemplateError::Parse {
            name: self.name.to_string(),
            line,
            message: message.into(),
        }
    }

    /// Runs a part one level deeper.
    pub(super) fn nested<T>(
        &mut self,
        part: impl FnOnce(&mut Self) -> Result<T, TemplateError>,
    ) -> Result<T, TemplateError> {
        if self.nesting >= NESTING_MAX {
            return Err(self.error(format!("nested deeper than {NESTING_MAX} levels")));
        }
        self.nesting += 1;
        let result = part(self);
        self.nesting -= 1;
        result
    }

    pub(super) fn tree(&self, name: String, body: Vec<Item>) -> Tree {
        Tree {
            name,
            parse_name: Arc::clone(&self.name),
            text: Arc::clone(&self.text),
            body,
        }
    }

    /// Everything up to the end of the text; definitions may stand only here.
    fn top_level(&mut self) -> Result<Vec<Item>, TemplateError> {
        let mut body = Vec::new();
        loop {
            match self.peek().kind {
                Kind::End => return Ok(body),
                Kind::Fault => {
                    let token = self.take();
                    return Err(self.unexpected(&token, "input"));
                }
                _ => {}
            }
            match self.item(true)? {
                Parsed::Item(item) => body.push(item),
                Parsed::Definition => {}
                Parsed::End => return Err(self.error("unexpected {{end}}")),
                Parsed::Else => return Err(self.error("unexpected {{else}}")),
            }
        }
    }

    /// Adds a definition: a second one with content of the same name is a mistake.
    fn add(&self, trees: &mut Vec<Tree>, tree: Tree) -> Result<(), TemplateError> {
        match trees.iter_mut().find(|known| known.name == tree.name) {
            None => trees.push(tree),
            Some(known) if known.is_empty() => *known = tree,
            Some(_) if tree.is_empty() => {}
            Some(_) => {
                let message = format!(
                    "multiple definition of template {}",
                    crate::format::quoted(&tree.name)
                );
                return Err(self.error(message));
            }
        }
        Ok(())
    }
}
