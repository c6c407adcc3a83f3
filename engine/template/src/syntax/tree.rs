//! The tree of a template, and each part as Go prints it in errors.

use std::fmt;
use std::sync::Arc;

/// A named template.
#[derive(Debug)]
pub(crate) struct Tree {
    /// Its name.
    pub(crate) name: String,
    /// The name of the text it stands in, for places.
    pub(crate) parse_name: Arc<str>,
    /// The text it stands in.
    pub(crate) text: Arc<str>,
    /// What it does.
    pub(crate) body: Vec<Item>,
}

impl Tree {
    /// Only white space and definitions: Go lets such a template not replace another.
    pub(crate) fn is_empty(&self) -> bool {
        self.body
            .iter()
            .all(|item| matches!(item, Item::Text(text) if text.trim().is_empty()))
    }

    /// `name:line:column` of a byte offset, the column counted from 0.
    pub(crate) fn location(&self, at: usize) -> String {
        let before = &self.text[..at];
        let line = 1 + before.matches('\n').count();
        let column = before.rfind('\n').map_or(at, |newline| at - newline - 1);
        format!("{}:{line}:{column}", self.parse_name)
    }
}

/// A part of a template's body.
#[derive(Debug, PartialEq)]
pub(crate) enum Item {
    Text(String),
    /// Prints a pipeline, or declares variables with it.
    Action(Pipe),
    If(Branch),
    With(Branch),
    Range(Branch),
    Template {
        at: usize,
        name: String,
        pipe: Option<Pipe>,
    },
    Break,
    Continue,
}

/// A pipeline, what happens when it holds, and what happens otherwise.
#[derive(Debug, PartialEq)]
pub(crate) struct Branch {
    pub(crate) pipe: Pipe,
    pub(crate) body: Vec<Item>,
    pub(crate) otherwise: Vec<Item>,
}

/// Commands joined by `|`, and the variables that take the result.
#[derive(Debug, PartialEq)]
pub(crate) struct Pipe {
    pub(crate) variables: Vec<String>,
    /// `=` and not `:=`.
    pub(crate) is_assignment: bool,
    pub(crate) commands: Vec<Command>,
}

/// An operand, or a function or method with arguments.
#[derive(Debug, PartialEq)]
pub(crate) struct Command {
    pub(crate) at: usize,
    /// Never empty.
    pub(crate) args: Vec<Operand>,
}

/// A value in a command.
#[derive(Debug, PartialEq)]
pub(crate) struct Operand {
    /// Byte offset in the text.
    pub(crate) at: usize,
    pub(crate) kind: OperandKind,
    /// Literals as they were written.
    pub(crate) source: String,
}

#[derive(Debug, PartialEq)]
pub(crate) enum OperandKind {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    String(Arc<str>),
    Dot,
    /// `.A.B`
    Field(Vec<String>),
    /// `$x.A.B`
    Variable(String, Vec<String>),
    Function(String),
    Pipe(Box<Pipe>),
    /// `(…).A.B`
    Chain(Box<Operand>, Vec<String>),
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let write_fields = |f: &mut fmt::Formatter<'_>, fields: &[String]| {
            fields.iter().try_for_each(|field| write!(f, ".{field}"))
        };
        match &self.kind {
            OperandKind::Nil => f.write_str("nil"),
            OperandKind::Dot => f.write_str("."),
            OperandKind::Bool(_) | OperandKind::Int(_) | OperandKind::Float(_) | OperandKind::String(_) => {
                f.write_str(&self.source)
            }
            OperandKind::Field(fields) => write_fields(f, fields),
            OperandKind::Variable(name, fields) => {
                f.write_str(name)?;
                write_fields(f, fields)
            }
            OperandKind::Function(name) => f.write_str(name),
            OperandKind::Pipe(pipe) => write!(f, "({pipe})"),
            OperandKind::Chain(operand, fields) => {
                write!(f, "{operand}")?;
                write_fields(f, fields)
            }
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, arg) in self.args.iter().enumerate() {
            let separator = if i == 0 { "" } else { " " };
            write!(f, "{separator}{arg}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Pipe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.variables.is_empty() {
            let sign = if self.is_assignment { "=" } else { ":=" };
            write!(f, "{} {sign} ", self.variables.join(", "))?;
        }
        for (i, command) in self.commands.iter().enumerate() {
            let separator = if i == 0 { "" } else { " | " };
            write!(f, "{separator}{command}")?;
        }
        Ok(())
    }
}
