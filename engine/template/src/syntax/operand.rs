//! Pipelines, commands and operands.

use std::sync::Arc;

use super::literal;
use super::parser::Parser;
use super::token::{Kind, Token};
use super::tree::{Command, Operand, OperandKind, Pipe};
use crate::error::TemplateError;
use crate::format::quoted;

impl Parser<'_> {
    /// Declarations and commands up to a token of kind `end`, which is taken.
    pub(super) fn pipeline(&mut self, context: &str, end: Kind) -> Result<Pipe, TemplateError> {
        self.nested(|parser| parser.pipeline_here(context, end))
    }

    fn pipeline_here(&mut self, context: &str, end: Kind) -> Result<Pipe, TemplateError> {
        let mut pipe = Pipe {
            variables: Vec::new(),
            is_assignment: false,
            commands: Vec::new(),
        };
        self.declarations(&mut pipe, context)?;
        loop {
            let token = self.take();
            if token.kind == end {
                self.check_pipeline(&pipe, context)?;
                return Ok(pipe);
            }
            self.back();
            if !begins_operand(token.kind) {
                self.take();
                return Err(self.unexpected(&token, context));
            }
            let command = self.command()?;
            pipe.commands.push(command);
        }
    }

    /// `$x :=`, `$x =`, and in a range `$i, $x :=`.
    fn declarations(&mut self, pipe: &mut Pipe, context: &str) -> Result<(), TemplateError> {
        while self.peek().kind == Kind::Variable {
            let variable = self.take();
            let next = self.peek().clone();
            match next.kind {
                Kind::Assign | Kind::Declare => {
                    self.take();
                    pipe.is_assignment = next.kind == Kind::Assign;
                    self.declare(pipe, variable.text)?;
                    return Ok(());
                }
                Kind::Mark if next.text == "," => {
                    self.take();
                    let last = !pipe.variables.is_empty();
                    self.declare(pipe, variable.text)?;
                    if context != "range" || last {
                        return Err(self.error(format!("too many declarations in {context}")));
                    }
                    if self.peek().kind != Kind::Variable {
                        return Err(self.error("range can only initialize variables"));
                    }
                }
                _ if pipe.variables.is_empty() => {
                    self.back();
                    return Ok(());
                }
                _ => return Err(self.unexpected(&next, context)),
            }
        }
        Ok(())
    }

    /// Go brings the name into scope at once, and for `=` too.
    fn declare(&mut self, pipe: &mut Pipe, name: String) -> Result<(), TemplateError> {
        pipe.variables.push(name.clone());
        self.variables.push(name);
        Ok(())
    }

    fn check_pipeline(&self, pipe: &Pipe, context: &str) -> Result<(), TemplateError> {
        if pipe.commands.is_empty() {
            return Err(self.error(format!("missing value for {context}")));
        }
        // Only the first stage may be something that cannot be called.
        let fixed = |command: &Command| {
            use OperandKind as K;
            matches!(
                command.args[0].kind,
                K::Bool(_) | K::Dot | K::Nil | K::Int(_) | K::Float(_) | K::String(_)
            )
        };
        match pipe.commands.iter().skip(1).position(fixed) {
            None => Ok(()),
            Some(i) => Err(self.error(format!("non executable command in pipeline stage {}", i + 2))),
        }
    }

    /// Operands separated by spaces, up to `|` (which is taken), `)` or `}}`.
    fn command(&mut self) -> Result<Command, TemplateError> {
        let mut command = Command {
            at: self.peek().at,
            args: Vec::new(),
        };
        loop {
            if begins_operand(self.peek().kind) {
                let operand = self.operand()?;
                command.args.push(operand);
            }
            let token = self.take();
            match token.kind {
                Kind::RightDelimiter | Kind::RightParenthesis => {
                    self.back();
                    break;
                }
                Kind::Pipe => break,
                kind if token.spaced && begins_operand(kind) => self.back(),
                _ => return Err(self.unexpected(&token, "operand")),
            }
        }
        if command.args.is_empty() {
            Err(self.error("empty command"))
        } else {
            Ok(command)
        }
    }

    /// A term with the fields that follow it without a space.
    fn operand(&mut self) -> Result<Operand, TemplateError> {
        let mut operand = self.term()?;
        let mut fields = Vec::new();
        let chain_at = self.peek().at;
        while self.peek().kind == Kind::Field && !self.peek().spaced {
            fields.push(self.take().text[1..].to_owned());
        }
        if fields.is_empty() {
            return Ok(operand);
        }
        match &mut operand.kind {
            OperandKind::Field(known) | OperandKind::Variable(_, known) => {
                known.extend(fields);
                operand.at = chain_at;
                Ok(operand)
            }
            OperandKind::Function(_) | OperandKind::Pipe(_) | OperandKind::Chain(..) => {
                let kind = OperandKind::Chain(Box::new(operand), fields);
                Ok(Operand {
                    at: chain_at,
                    kind,
                    source: String::new(),
                })
            }
            _ => Err(self.error(format!(
                "unexpected . after term {}",
                quoted(&operand.to_string())
            ))),
        }
    }

    fn term(&mut self) -> Result<Operand, TemplateError> {
        let token = self.take();
        let kind = match token.kind {
            Kind::Identifier if (self.is_function)(&token.text) => OperandKind::Function(token.text.clone()),
            Kind::Identifier => {
                return Err(self.error(format!("function {} not defined", quoted(&token.text))));
            }
            Kind::Dot => OperandKind::Dot,
            Kind::Nil => OperandKind::Nil,
            Kind::Bool => OperandKind::Bool(token.text == "true"),
            Kind::Field => OperandKind::Field(vec![token.text[1..].to_owned()]),
            Kind::Variable if self.variables.contains(&token.text) => {
                OperandKind::Variable(token.text.clone(), Vec::new())
            }
            Kind::Variable => {
                return Err(self.error(format!("undefined variable {}", quoted(&token.text))));
            }
            Kind::Number => {
                literal::number(&token.text).ok_or_else(|| self.bad_literal("bad number syntax: ", &token))?
            }
            Kind::Char => {
                let value = literal::character(&token.text);
                OperandKind::Int(
                    value.ok_or_else(|| self.bad_literal("malformed character constant: ", &token))?,
                )
            }
            Kind::String | Kind::RawString => {
                let text = literal::string(&token.text);
                OperandKind::String(Arc::from(
                    text.ok_or_else(|| self.bad_literal("invalid string ", &token))?,
                ))
            }
            Kind::LeftParenthesis => {
                let pipe = self.pipeline("parenthesized pipeline", Kind::RightParenthesis)?;
                OperandKind::Pipe(Box::new(pipe))
            }
            _ => return Err(self.unexpected(&token, "operand")),
        };
        Ok(Operand {
            at: token.at,
            kind,
            source: token.text,
        })
    }

    fn bad_literal(&self, what: &str, token: &Token) -> TemplateError {
        self.error(format!("{what}{}", quoted(&token.text)))
    }
}

fn begins_operand(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Bool
            | Kind::Char
            | Kind::Dot
            | Kind::Field
            | Kind::Identifier
            | Kind::Number
            | Kind::Nil
            | Kind::RawString
            | Kind::String
            | Kind::Variable
            | Kind::LeftParenthesis
    )
}
