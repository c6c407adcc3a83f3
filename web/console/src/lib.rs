//! The console: the built web application, embedded, and the handler that serves it. The folder
//! also holds the application itself (TypeScript, built by `npm run build` into `dist/`).

mod assets;
mod encoding;
mod security;
mod serve;

#[cfg(test)]
mod tests;

pub use serve::{router, router_with_base};

/// Whether this binary carries the placeholder page because the console was not built before it.
pub fn is_placeholder() -> bool {
    cfg!(console_placeholder)
}
