//! Trees, spans, aliases, merges, bounds and printing.

use std::fmt::Write;

use super::*;
use crate::decode::Field;

/// The tree as one line: `'x'` quoted, `x` plain, `line:column` after each value.
fn shape(node: &Node) -> String {
    let Position { line, column } = node.position;
    match &node.value {
        Value::Scalar(s) if s.quoted => format!("'{}'@{line}:{column}", s.text),
        Value::Scalar(s) => format!("{}@{line}:{column}", s.text),
        Value::List(items) => {
            let items: Vec<_> = items.iter().map(|item| shape(item)).collect();
            format!("[{}]@{line}:{column}", items.join(" "))
        }
        Value::Mapping(entries) => {
            let entry = |(key, value): &(Key, std::sync::Arc<Node>)| {
                format!(
                    "{}@{}:{}={}",
                    key.text,
                    key.position.line,
                    key.position.column,
                    shape(value)
                )
            };
            let entries: Vec<_> = entries.iter().map(entry).collect();
            format!("{{{}}}@{line}:{column}", entries.join(" "))
        }
    }
}

fn parsed(text: &str) -> String {
    match Document::parse("f.yml", text) {
        Ok(document) => shape(document.root()),
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn trees() {
    let cases = [
        ("", "@1:1"),
        ("# only a comment\n", "@1:1"),
        ("---\n", "@2:1"),
        ("a: 1\n---\n", "{a@1:1=1@1:4}@1:1"),
        ("\u{feff}a: 1", "{a@1:1=1@1:4}@1:1"),
        ("a: 1", "{a@1:1=1@1:4}@1:1"),
        ("a: '1'\nb: \"x\\ty\"", "{a@1:1='1'@1:4 b@2:1='x\ty'@2:4}@1:1"),
        ("a: !!str 5\nb: !!int 5", "{a@1:1='5'@1:4 b@2:1=5@2:4}@1:1"),
        (
            "a:\n  - x\n  - y: z\n",
            "{a@1:1=[x@2:5 {y@3:5=z@3:8}@3:5]@2:3}@1:1",
        ),
        ("a:\n- x\n", "{a@1:1=[x@2:3]@2:3}@1:1"),
        ("a: |\n  x\n  y\n", "{a@1:1='x\ny\n'@2:3}@1:1"),
        (
            "{a: [1, 'b'], c: {}}",
            "{a@1:2=[1@1:6 'b'@1:9]@1:5 c@1:15={}@1:18}@1:1",
        ),
        (
            "a: &x {k: 1}\nb: *x",
            "{a@1:1={k@1:8=1@1:11}@1:4 b@2:1={k@1:8=1@1:11}@1:4}@1:1",
        ),
        ("é: ü # c\nb: 1", "{é@1:1=ü@1:4 b@2:1=1@2:4}@1:1"),
    ];
    for (text, expected) in cases {
        assert_eq!(parsed(text), expected, "{text:?}");
    }
}

#[test]
fn merges() {
    let keys = |text: &str| -> String {
        let document = Document::parse("f.yml", text).expect(text);
        let Value::Mapping(entries) = &document.root().get("r").expect("r").value else {
            panic!("{text}")
        };
        entries.iter().fold(String::new(), |mut out, (key, node)| {
            let Value::Scalar(scalar) = &node.value else {
                panic!("{text}")
            };
            let _ = write!(out, "{}={} ", key.text, scalar.text);
            out
        })
    };
    let base = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\n";
    let cases = [
        ("r: {<<: *x}", "a=1 b=2 "),
        ("r: {<<: *x, b: 9}", "b=9 a=1 "),
        ("r: {b: 9, <<: *x}", "b=9 a=1 "),
        ("r: {<<: [*x, *y]}", "a=1 b=2 c=4 "),
        ("r: {<<: [*y, *x]}", "b=3 c=4 a=1 "),
        ("r: {'<<': q}", "<<=q "),
    ];
    for (text, expected) in cases {
        assert_eq!(keys(&format!("{base}{text}")), expected, "{text}");
    }
}

#[test]
fn faults() {
    let cases = [
        (
            "a: 1\nb: 2\na: 3",
            "f.yml:3:1: the key \"a\" is already set on line 1; remove one of the two",
        ),
        (
            "a: {b: 1, b: 2}",
            "f.yml:1:11: the key \"b\" is already set on line 1; remove one of the two",
        ),
        (
            "a: 1\n---\nb: 2",
            "f.yml:3:1: a second YAML document starts here; keep one document in a file",
        ),
        (
            "a: &a [*a]",
            "f.yml:1:8: this alias names a value that contains it; write the value out",
        ),
        ("[a]: b", "f.yml:1:1: a key must be a word, not a list; quote it"),
        (
            "a: !secret x",
            "f.yml:1:4: the YAML tag !secret is not known; remove it",
        ),
        (
            "a: {<<: 1}",
            "f.yml:1:9: \"<<\" takes a mapping or a list of mappings, not \"1\"",
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(parsed(text), expected, "{text:?}");
    }
    for text in ["a: [1", "a: 'x", "a: *x", "a: b: c", "a:\n  b: 1\n c: 2"] {
        let message = parsed(text);
        assert!(
            message.starts_with("f.yml:") && message.contains("not valid YAML: "),
            "{text:?}: {message}"
        );
    }
}

#[test]
fn bounds_hold() {
    let deep = format!("{}1{}", "[".repeat(80), "]".repeat(80));
    assert!(parsed(&deep).contains("nested deeper than 64 levels"));
    let mut laughs = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..10 {
        let _ = writeln!(
            laughs,
            "a{i}: &a{i} [{}]",
            vec![format!("*a{}", i - 1); 10].join(", ")
        );
    }
    assert!(
        parsed(&laughs).contains("aliases expand to more than 4000000 values"),
        "{}",
        parsed(&laughs)
    );
    let mut stairs = "a0: &a0 [x]\n".to_owned();
    for i in 1..80 {
        let _ = writeln!(stairs, "a{i}: &a{i} [*a{}]", i - 1);
    }
    assert!(parsed(&stairs).contains("nested deeper than 64 levels"));
}

#[test]
fn prints_what_it_read() {
    let text = "# comment with hunter1\nglobal:\n  scrape_interval: 15s\n  external_labels: {a: '1', b: \"x\\ny\", \
                c: ~}\nlist: [1, [2, 3], {k: v, w: []}, {}]\nd: &d {p: q}\ne: {<<: *d, \"odd: key\": '# no'}\n\
                f: |\n  up == 0\ng: it's\nh: '- x'\ni: -1\nj: a:b\n";
    let expected = "global:\n  scrape_interval: 15s\n  external_labels:\n    a: '1'\n    b: \"x\\ny\"\n    c: null\n\
                    list:\n- 1\n- - 2\n  - 3\n- k: v\n  w: []\n- {}\nd:\n  p: q\ne:\n  'odd: key': '# no'\n  p: q\n\
                    f: \"up == 0\\n\"\ng: it's\nh: '- x'\ni: -1\nj: a:b\n";
    let document = Document::parse("f.yml", text).expect("valid");
    assert_eq!(document.to_yaml(), expected);
    let again = Document::parse("f.yml", &document.to_yaml()).expect("valid");
    assert_eq!(again.to_yaml(), expected);
    assert_eq!(Document::parse("f.yml", "").expect("valid").to_yaml(), "null\n");
}

#[test]
fn hides_secrets() {
    let text =
        "a: &s hunter2\nb: *s\nc: |\n  hunter2\nd: {password: 'hunter2'}\nurl: https://h/hunter2\ne:\n";
    let document = Document::parse("f.yml", text).expect("valid");
    document
        .decode(|root| {
            let mapping = root.mapping()?;
            for key in ["a", "c", "e"] {
                mapping.get(key, Field::secret)?;
            }
            mapping.get("b", Field::string)?;
            mapping.get("url", Field::secret_url)?;
            let inner = mapping.required("d")?.mapping()?;
            inner.require("password", Field::secret)?;
            inner.finish()?;
            mapping.finish()
        })
        .expect("valid");
    assert_eq!(
        document.to_yaml(),
        "a: <secret>\nb: <secret>\nc: <secret>\nd:\n  password: <secret>\nurl: <secret>\ne: null\n"
    );
}

#[test]
fn resolves_paths() {
    let cases = [
        ("/etc/weir/weir.yml", "rules/a.yml", "/etc/weir/rules/a.yml"),
        ("/etc/weir/weir.yml", "/srv/a.yml", "/srv/a.yml"),
        ("weir.yml", "a.yml", "a.yml"),
        ("conf/weir.yml", "*.yml", "conf/*.yml"),
    ];
    for (file, path, expected) in cases {
        let document = Document::parse(file, "").expect("valid");
        assert_eq!(
            document.resolve(path),
            std::path::PathBuf::from(expected),
            "{file} {path}"
        );
    }
}
