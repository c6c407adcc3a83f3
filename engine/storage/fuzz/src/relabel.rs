//! Fuzzes patterns and relabelling rules: action, source label, separator, regex, target, replacement and the labels
//! that the rule is applied to, with a zero byte between them.
#![no_main]

// Its allocator.
use engine_storage_fuzz as _;

use engine_model::matcher::Pattern;
use engine_model::relabel::{Action, Rule, apply};
use engine_model::{Labels, LabelsBuilder};
use regex::Regex;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut parts = text.split('\0');
    let mut next = || parts.next().unwrap_or_default();
    let (choice, source, separator, regex, target, replacement) =
        (next(), next(), next(), next(), next(), next());
    // A configuration with an empty target is refused where one is needed.
    let target = if target.is_empty() { "target" } else { target };
    let number = choice.bytes().map(usize::from).sum::<usize>();
    let Ok(pattern) = Pattern::new(regex) else {
        return;
    };
    let words = pattern
        .words()
        .map(|_| Regex::new(&format!("^(?s:{regex})$")).expect("only words"));
    let mut labels = LabelsBuilder::default();
    while let Some((name, value)) = parts.next().zip(parts.next()) {
        // An alternation of words is judged without the engine, and must be judged as it does.
        if let Some(judge) = words.as_ref() {
            assert_eq!(
                pattern.is_match(value),
                judge.is_match(value),
                "{regex:?} {value:?}"
            );
        }
        if !name.is_empty() {
            labels.set(name, value);
        }
    }
    let rule = Rule {
        source_labels: source.split(',').map(str::to_owned).collect(),
        separator: separator.to_owned(),
        regex: pattern,
        modulus: number as u64,
        target_label: target.to_owned(),
        replacement: replacement.to_owned(),
        action: Action::ALL[number % Action::ALL.len()].1,
    };
    if apply(&[rule.clone(), rule], &mut labels) {
        let built: Labels = labels.build();
        assert_eq!(Labels::from_encoded(built.encoded()).ok().as_ref(), Some(&built));
    }
});
