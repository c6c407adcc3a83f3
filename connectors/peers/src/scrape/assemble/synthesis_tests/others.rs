//! Beside limits, refused bodies and zeros that are written.

use super::*;

#[test]
fn limits_count_what_is_stored_and_a_refused_body_changes_nothing() {
    let mut limited = storing("  sample_limit: 2\n");
    let three = "# TYPE a counter\na{n=\"1\"} 1\na{n=\"2\"} 1\na{n=\"3\"} 1\n";
    let read = |assembler: &mut Assembler, n: i64, body: &str| {
        let at_ms = AT_MS + 1000 * n;
        let (reading, result) = assembler.read(Format::PrometheusText, body.as_bytes(), at_ms, at_ms);
        let up = result.is_ok();
        let batch = finish(assembler, at_ms, up).scrape;
        (
            up,
            reading.post_relabelling,
            reading.series_added,
            told(&batch).join("; "),
        )
    };
    assert_eq!(read(&mut limited, 0, three), (true, 3, 3, String::new()));
    assert!(!read(&mut limited, 1, three).0, "three are stored now");

    let mut assembler = storing("");
    assert!(!read(&mut assembler, 0, "# TYPE a counter\na 1\na{ 1\n").0);
    let a = |value: i64| format!("# TYPE a counter\na {value}\n");
    assert_eq!(
        read(&mut assembler, 1, &a(2)),
        (true, 1, 1, String::new()),
        "as if it had not been"
    );
    assert!(!read(&mut assembler, 2, &format!("{}a{{ 1\n", a(3))).0);
    let second = (true, 1, 0, "a 3@3000 since 1000".to_owned());
    assert_eq!(
        read(&mut assembler, 3, &a(5)),
        second,
        "begun before the refused body"
    );

    let mut job = storing("  series_limit: 1\n");
    let both = "# TYPE a counter\na{n=\"1\"} 1\na{n=\"2\"} 1\n";
    let two = "# TYPE a counter\na{n=\"2\"} 4\n";
    assert_eq!(read(&mut job, 0, both), (true, 2, 1, String::new()));
    assert_eq!(
        read(&mut job, 1, two).3,
        "",
        "over the limit until the scrape ends"
    );
    assert_eq!(read(&mut job, 2, two).3, "", "the first one of the limit's own");
    assert_eq!(read(&mut job, 3, two).3, "a{n=\"2\"} 0@3000 since 2000");
}

#[test]
fn counters_that_appear_keep_their_zero() {
    let from_zero = "  new_counters_from_zero: true\n";
    let page = |lines: &str| format!("# TYPE a counter\n{lines}");
    let mut assembler = storing(from_zero);
    for (n, lines, zero, expected) in [
        (0, "a{n=\"1\"} 5\n", None, ""),
        // It appears: nothing is taken from it, and it began at the scrape before.
        (
            1,
            "a{n=\"1\"} 6\na{n=\"2\"} 1\n",
            Some("a{n=\"2\"} 0@0"),
            "a{n=\"1\"} 1@1000 since 0; a{n=\"2\"} 1@1000 since 0",
        ),
        (
            2,
            "a{n=\"1\"} 6\na{n=\"2\"} 3\n",
            None,
            "a{n=\"1\"} 1@2000 since 0; a{n=\"2\"} 3@2000 since 0",
        ),
        (
            3,
            "a{n=\"1\"} 6\n",
            None,
            "a{n=\"1\"} 1@3000 since 0; a{n=\"2\"} STALE@3000",
        ),
        // It was only away, at a value that is known as it was exposed.
        (
            4,
            "a{n=\"1\"} 6\na{n=\"2\"} 3\n",
            None,
            "a{n=\"1\"} 1@4000 since 0",
        ),
        (5, "a{n=\"1\"} 6\n", None, "a{n=\"1\"} 1@5000 since 0"),
        // It started again.
        (
            6,
            "a{n=\"1\"} 6\na{n=\"2\"} 2\n",
            Some("a{n=\"2\"} 0@5001"),
            "a{n=\"1\"} 1@6000 since 0; a{n=\"2\"} 2@6000 since 5001",
        ),
    ] {
        let batches = batches(
            &mut assembler,
            n,
            Format::PrometheusText,
            Some(page(lines).as_bytes()),
        );
        assert_eq!(told(&batches.scrape).join("; "), expected, "scrape {n}");
        let zeros = batches.zeros.as_ref().map(render).unwrap_or_default();
        let zeros: Vec<String> = zeros
            .iter()
            .map(|zero| {
                let (value, time) = zero.rsplit_once('@').expect("a time");
                format!("{value}@{}", time.parse::<i64>().expect("a number") - AT_MS)
            })
            .collect();
        assert_eq!(zeros, Vec::from_iter(zero), "scrape {n}");
    }
}

#[test]
fn zeros_stand_at_synthesized_starts() {
    let mut assembler = assembler("", |features| features.start_timestamp_zeros = true);
    for (n, value, zero, expected) in [
        (0, 5, None, ""),
        (1, 7, Some(0), "a 2@1000"),
        (2, 9, None, "a 4@2000"),
        (3, 1, Some(2999), "a 1@3000"),
        (4, 1, None, "a 1@4000"),
    ] {
        let body = format!("# TYPE a counter\na {value}\n");
        let batches = batches(&mut assembler, n, Format::PrometheusText, Some(body.as_bytes()));
        assert_eq!(told(&batches.scrape).join("; "), expected, "scrape {n}");
        let zero = zero.map(|ms| format!("a 0@{}", AT_MS + ms));
        let zeros = batches.zeros.as_ref().map(render).unwrap_or_default();
        assert_eq!(zeros, Vec::from_iter(zero), "scrape {n}");
    }
}
