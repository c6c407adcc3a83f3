//! `labels->>'job'`, as PostgreSQL reads a member of JSON, which labels are for its clients, is `labels['job']` here.

use datafusion::sql::sqlparser::tokenizer::{Token, TokenWithSpan};

/// Writes `->'x'` and `->>'x'` as `['x']`. Words, not expressions, are turned: the parser would bind `=` tighter.
pub(crate) fn subscripts(tokens: Vec<TokenWithSpan>) -> Vec<TokenWithSpan> {
    let is_arrow = |token: &TokenWithSpan| matches!(token.token, Token::Arrow | Token::LongArrow);
    if !tokens.iter().any(is_arrow) {
        return tokens;
    }
    let mut turned = Vec::with_capacity(tokens.len() + 2);
    let mut rest = tokens.into_iter().peekable();
    while let Some(token) = rest.next() {
        if !is_arrow(&token) {
            turned.push(token);
            continue;
        }
        let mut blanks = Vec::new();
        while let Some(blank) = rest.next_if(|next| matches!(next.token, Token::Whitespace(_))) {
            blanks.push(blank);
        }
        match rest.next_if(|next| matches!(next.token, Token::SingleQuotedString(_))) {
            Some(name) => {
                let (open, close) = (token.span, name.span);
                turned.extend([
                    TokenWithSpan::new(Token::LBracket, open),
                    name,
                    TokenWithSpan::new(Token::RBracket, close),
                ]);
            }
            // What follows is no name: the planner says what it cannot do.
            None => {
                turned.push(token);
                turned.extend(blanks);
            }
        }
    }
    turned
}
