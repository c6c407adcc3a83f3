//! Faults in the words of Go's template packages, which people search the web for.

/// Why a template gave no text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The text is not a template: `template: name:line: …`. The template has to be changed.
    #[error("template: {name}:{line}: {message}")]
    Parse {
        /// The name the text was parsed under.
        name: String,
        /// 1-based line.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// Execution failed: `template: name:line:col: executing "x" at <y>: …`.
    #[error("template: {location}: executing {template:?} at <{context}>: {message}")]
    Execute {
        /// `name:line:column`, the column counted in bytes from 0 as Go does.
        location: String,
        /// The template that was being executed.
        template: String,
        /// The expression at fault.
        context: String,
        /// What is wrong.
        message: String,
    },
    /// No template has that name.
    #[error("template: no template {0:?} is defined")]
    Undefined(String),
    /// More output, steps or nesting than a template may use.
    #[error("template: {template}: {limit}")]
    Limit {
        /// The template that was being executed.
        template: String,
        /// Which bound, and its value.
        limit: String,
    },
}

/// Why a function gave no value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FunctionError {
    /// Wrong number or type of arguments; shown as it is.
    #[error("{0}")]
    Usage(String),
    /// The function failed; shown as `error calling name: …`.
    #[error("{0}")]
    Failed(String),
}

impl FunctionError {
    /// A failure with this text.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }
}
