//! A list as PostgreSQL writes it: `{a,"b c",NULL}`.

/// The elements of a list of one dimension; `None` where the text is no such list.
pub(crate) fn list_elements(text: &str) -> Option<Vec<Option<String>>> {
    let inner = text.trim().strip_prefix('{')?.strip_suffix('}')?;
    let mut rest = inner.chars().peekable();
    let mut elements = Vec::new();
    while rest.peek().is_some() {
        let (mut element, mut quoted) = (String::new(), false);
        loop {
            match rest.next() {
                None | Some(',') => break,
                Some('"') => {
                    quoted = true;
                    loop {
                        match rest.next()? {
                            '"' => break,
                            '\\' => element.push(rest.next()?),
                            c => element.push(c),
                        }
                    }
                }
                Some('{') => return None,
                Some('\\') => element.push(rest.next()?),
                Some(c) => element.push(c),
            }
        }
        let null = !quoted && element.eq_ignore_ascii_case("null");
        elements.push((!null).then_some(element));
    }
    Some(elements)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_nulls() {
        let some = |texts: &[&str]| -> Vec<Option<String>> {
            texts.iter().map(|text| Some((*text).to_owned())).collect()
        };
        assert_eq!(list_elements("{}"), Some(Vec::new()));
        assert_eq!(
            list_elements(r#"{a,"b c","q\",","null"}"#),
            Some(some(&["a", "b c", "q\",", "null"]))
        );
        assert_eq!(list_elements("{NULL,null}"), Some(vec![None, None]));
        for wrong in ["", "a", "{a", "{{1}}", r#"{"a}"#] {
            assert_eq!(list_elements(wrong), None, "{wrong}");
        }
    }
}
