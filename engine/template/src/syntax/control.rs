//! Actions: if, with, range, template, block, define, break, continue.

use super::literal;
use super::parser::Parser;
use super::token::{Kind, Token};
use super::tree::{Branch, Item, Pipe};
use crate::error::TemplateError;
use crate::format::quoted;

/// How a list of items ended.
enum Ending {
    End,
    Else,
}

/// What one step of parsing found.
pub(super) enum Parsed {
    Item(Item),
    /// A definition, which is kept aside.
    Definition,
    /// `{{end}}`, taken.
    End,
    /// `{{else`, taken up to the keyword.
    Else,
}

impl Parser<'_> {
    /// A text, an action, or (`top` only) a definition.
    pub(super) fn item(&mut self, top: bool) -> Result<Parsed, TemplateError> {
        let token = self.take();
        match token.kind {
            Kind::Text => Ok(Parsed::Item(Item::Text(token.text))),
            Kind::LeftDelimiter if top && self.peek().is_keyword("define") => {
                self.take();
                self.definition()?;
                Ok(Parsed::Definition)
            }
            Kind::LeftDelimiter => self.action(),
            _ => Err(self.unexpected(&token, "input")),
        }
    }

    fn action(&mut self) -> Result<Parsed, TemplateError> {
        let token = self.peek().clone();
        if token.kind != Kind::Keyword {
            return Ok(Parsed::Item(Item::Action(
                self.pipeline("command", Kind::RightDelimiter)?,
            )));
        }
        self.take();
        let item = match token.text.as_str() {
            "end" => {
                self.expect(Kind::RightDelimiter, "end")?;
                return Ok(Parsed::End);
            }
            "else" => return Ok(Parsed::Else),
            "if" => Item::If(self.control("if")?),
            "with" => Item::With(self.control("with")?),
            "range" => Item::Range(self.control("range")?),
            "template" => self.template(token.at)?,
            "block" => self.block(token.at)?,
            "break" => self.loop_exit("break", Item::Break)?,
            "continue" => self.loop_exit("continue", Item::Continue)?,
            _ => return Err(self.unexpected(&token, "command")),
        };
        Ok(Parsed::Item(item))
    }

    fn loop_exit(&mut self, word: &str, item: Item) -> Result<Item, TemplateError> {
        self.expect(Kind::RightDelimiter, &format!("{{{{{word}}}}}"))?;
        if self.range_depth == 0 {
            return Err(self.error(format!("{{{{{word}}}}} outside {{{{range}}}}")));
        }
        Ok(item)
    }

    /// The items up to `end` or `else`.
    fn list(&mut self) -> Result<(Vec<Item>, Ending), TemplateError> {
        let mut items = Vec::new();
        loop {
            if self.peek().kind == Kind::End {
                self.take();
                return Err(self.error("unexpected EOF"));
            }
            match self.item(false)? {
                Parsed::Item(item) => items.push(item),
                Parsed::Definition => {}
                Parsed::End => return Ok((items, Ending::End)),
                Parsed::Else => return Ok((items, Ending::Else)),
            }
        }
    }

    fn control(&mut self, word: &str) -> Result<Branch, TemplateError> {
        let in_scope = self.variables.len();
        let branch = self.nested(|parser| parser.branch(word));
        self.variables.truncate(in_scope);
        branch
    }

    fn branch(&mut self, word: &str) -> Result<Branch, TemplateError> {
        let pipe = self.pipeline(word, Kind::RightDelimiter)?;
        let in_loop = usize::from(word == "range");
        self.range_depth += in_loop;
        let body = self.list();
        self.range_depth -= in_loop;
        let (body, ending) = body?;
        let otherwise = match ending {
            Ending::End => Vec::new(),
            Ending::Else => self.otherwise(word)?,
        };
        Ok(Branch {
            pipe,
            body,
            otherwise,
        })
    }

    /// What follows `else`: another `if` or `with` of the same kind, which shares our `end`, or items.
    fn otherwise(&mut self, word: &str) -> Result<Vec<Item>, TemplateError> {
        let chained = self.peek().is_keyword(word);
        match word {
            "if" if chained => {
                self.take();
                Ok(vec![Item::If(self.control("if")?)])
            }
            "with" if chained => {
                self.take();
                Ok(vec![Item::With(self.control("with")?)])
            }
            _ => {
                self.expect(Kind::RightDelimiter, "else")?;
                match self.list()? {
                    (items, Ending::End) => Ok(items),
                    (_, Ending::Else) => Err(self.error("expected end; found {{else}}")),
                }
            }
        }
    }

    fn template(&mut self, at: usize) -> Result<Item, TemplateError> {
        let name = self.template_name("template clause")?;
        let pipe = if self.peek().kind == Kind::RightDelimiter {
            self.take();
            None
        } else {
            Some(self.pipeline("template clause", Kind::RightDelimiter)?)
        };
        Ok(Item::Template { at, name, pipe })
    }

    /// `block` defines a template and executes it on the spot.
    fn block(&mut self, at: usize) -> Result<Item, TemplateError> {
        let name = self.template_name("block clause")?;
        let pipe: Pipe = self.pipeline("block clause", Kind::RightDelimiter)?;
        self.body_of(&name)?;
        Ok(Item::Template {
            at,
            name,
            pipe: Some(pipe),
        })
    }

    fn definition(&mut self) -> Result<(), TemplateError> {
        let name = self.template_name("define clause")?;
        self.expect(Kind::RightDelimiter, "define clause")?;
        self.body_of(&name)
    }

    /// The body of a definition, which sees no variables from outside.
    fn body_of(&mut self, name: &str) -> Result<(), TemplateError> {
        let variables = std::mem::replace(&mut self.variables, vec!["$".to_owned()]);
        let range_depth = std::mem::take(&mut self.range_depth);
        let list = self.nested(Self::list);
        self.variables = variables;
        self.range_depth = range_depth;
        match list? {
            (body, Ending::End) => {
                let tree = self.tree(name.to_owned(), body);
                self.trees.push(tree);
                Ok(())
            }
            (_, Ending::Else) => Err(self.error("unexpected {{else}} in define clause")),
        }
    }

    fn template_name(&mut self, context: &str) -> Result<String, TemplateError> {
        let token: Token = self.take();
        if !matches!(token.kind, Kind::String | Kind::RawString) {
            return Err(self.unexpected(&token, context));
        }
        literal::string(&token.text)
            .ok_or_else(|| self.error(format!("invalid string {}", quoted(&token.text))))
    }
}
