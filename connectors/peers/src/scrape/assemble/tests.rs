//! Bodies to batches: one table row a scrape, rendered as text.

use engine_model::Labels;
use engine_model::staleness::is_stale;
use engine_settings::Document;

use super::*;
use crate::scrape::config::GlobalScrape;
use crate::scrape::target::targets_of;

/// An assembler of one target `h:1` of the job `j`, with more configuration lines.
pub(super) fn assembler(lines: &str) -> Assembler {
    assembler_with(lines, IngestFeatures::default())
}

pub(super) fn assembler_with(lines: &str, features: IngestFeatures) -> Assembler {
    let text = format!("- job_name: j\n  static_configs: [{{targets: ['h:1']}}]\n{lines}");
    let document = Document::parse("f", &text).expect("valid YAML");
    let configs = document.decode(|root| ScrapeConfig::decode_list(root, &GlobalScrape::default()));
    let config = Arc::new(configs.expect("valid configuration").remove(0));
    let target = Arc::clone(&targets_of(&config, &[]).active[0]);
    let shared = Shared {
        features,
        ..Shared::default()
    };
    shared.limit.set_max(config.limits.series);
    Assembler::new(target, config, &shared, Arc::default(), Vec::new())
}

/// Ends a scrape: its batches, committed. Its report is of no interest but for `up`.
pub(super) fn finish(assembler: &mut Assembler, at_ms: i64, up: bool) -> Batches {
    let report = Report {
        up,
        duration_seconds: 0.1,
        scraped: 0,
        post_relabelling: 0,
        series_added: 0,
        body_bytes: 0,
    };
    let batches = assembler.batch(&report, at_ms);
    assembler.committed(at_ms, true);
    batches
}

/// Now, in all tests: long after the epoch, so that references are trusted from the first commit on.
const NOW_MS: i64 = 1_000_000_000;

/// Scrapes `body` (`None`: the target is down) and renders the batch without its report.
fn scrape(assembler: &mut Assembler, at_ms: i64, body: Option<&str>) -> String {
    let (reading, error) = match body {
        None => (Reading::default(), Some("down".to_owned())),
        Some(body) => {
            let (reading, result) = assembler.read(Format::PrometheusText, body.as_bytes(), at_ms, NOW_MS);
            (reading, result.err().map(|error| error.to_string()))
        }
    };
    let report = Report {
        up: error.is_none(),
        duration_seconds: 0.5,
        scraped: reading.scraped,
        post_relabelling: reading.post_relabelling,
        series_added: reading.series_added,
        body_bytes: 0,
    };
    let batches = assembler.batch(&report, at_ms);
    assembler.committed(NOW_MS, true);
    let mut lines = render(&batches.scrape);
    let reports = lines.split_off(lines.len() - assembler.report.labels().len());
    assert!(reports[0].starts_with("up "), "{reports:?}");
    lines.push(format!(
        "up={} {}/{}/{}",
        u8::from(report.up),
        report.scraped,
        report.post_relabelling,
        report.series_added
    ));
    lines.extend(error);
    let zeros = batches.zeros.as_ref().map(render).unwrap_or_default();
    lines.splice(0..0, zeros.into_iter().map(|zero| format!("first {zero}")));
    lines.join("; ")
}

/// `name{labels} value@time` of each row, without the target's own labels, which must be there.
pub(super) fn render(batch: &SampleBatch) -> Vec<String> {
    let table = batch.series_table();
    let line = |(series, timestamp, value): (SeriesRef, i64, f64)| {
        let labels = table.labels(series).expect("the table names every series");
        assert_eq!((labels.value("job"), labels.value("instance")), ("j", "h:1"));
        let rest = labels.without(&["__name__", "instance", "job"]);
        let rest = if rest.is_empty() {
            String::new()
        } else {
            rest.to_string()
        };
        let value = if is_stale(value) {
            "STALE".to_owned()
        } else {
            value.to_string()
        };
        format!("{}{rest} {value}@{timestamp}", labels.metric_name())
    };
    batch.iter().map(line).collect()
}

/// Runs scrapes at 1000, 2000, … and compares each.
fn check(lines: &str, scrapes: &[(Option<&str>, &str)]) -> Assembler {
    let mut assembler = assembler(lines);
    for (i, (body, expected)) in scrapes.iter().enumerate() {
        let at_ms = 1000 * (i as i64 + 1);
        assert_eq!(scrape(&mut assembler, at_ms, *body), *expected, "scrape {i}");
    }
    assembler
}

#[test]
fn vanished_series_and_failed_scrapes_end_with_markers() {
    check(
        "",
        &[
            (Some("a 1\nb 2\n"), "a 1@1000; b 2@1000; up=1 2/2/2"),
            (Some("a 1\nb 2\n"), "a 1@2000; b 2@2000; up=1 2/2/0"),
            (Some("b 3\n"), "b 3@3000; a STALE@3000; up=1 1/1/0"),
            (Some("b 3\n"), "b 3@4000; up=1 1/1/0"),
            (None, "b STALE@5000; up=0 0/0/0; down"),
            (None, "up=0 0/0/0; down"),
            (Some("b 4\n"), "b 4@7000; up=1 1/1/0"),
            (Some(""), "b STALE@8000; up=1 0/0/0"),
            (Some("b 4\na 5"), "b 4@9000; a 5@9000; up=1 2/2/1"),
        ],
    );
}

#[test]
fn faults_in_the_body_roll_everything_back() {
    check(
        "  sample_limit: 2\n  label_limit: 3\n",
        &[
            (Some("a 1\nb 2\n"), "a 1@1000; b 2@1000; up=1 2/2/2"),
            (
                Some("a 1\nb 2\nc 3\nd 4\n"),
                "a STALE@2000; b STALE@2000; up=0 4/4/0; sample limit exceeded",
            ),
            (Some("a 1\nb 2\n"), "a 1@3000; b 2@3000; up=1 2/2/0"),
            (
                Some("a 1\nc 2\n7&-\n"),
                "a STALE@4000; b STALE@4000; up=0 2/2/1; line 3: expected a metric name, \"{\" or \"#\", got \"7&-\"",
            ),
            (
                Some("a{x=\"1\",y=\"2\"} 1\n"),
                "up=0 1/0/0; label_limit exceeded (metric: a, number of labels: 5, limit: 3)",
            ),
            (Some("c 2"), "c 2@6000; up=1 1/1/1"),
        ],
    );
}

#[test]
fn failing_scrapes_leave_no_series_in_the_table() {
    let mut assembler = assembler("  sample_limit: 1\n");
    scrape(&mut assembler, 1000, Some("a 1\nb 1\nc 1\n"));
    assert_eq!(assembler.table.len(), 5, "only the report");
}

#[test]
fn exposed_timestamps() {
    let body = "a 1 500\nb 2\n";
    check(
        "",
        &[
            (Some(body), "a 1@500; b 2@1000; up=1 2/2/2"),
            (Some("# none"), "b STALE@2000; up=1 0/0/0"),
        ],
    );
    check(
        "  honor_timestamps: false\n",
        &[
            (Some(body), "a 1@1000; b 2@1000; up=1 2/2/2"),
            (Some("# none"), "a STALE@2000; b STALE@2000; up=1 0/0/0"),
        ],
    );
    check(
        "  track_timestamps_staleness: true\n",
        &[
            (Some(body), "a 1@500; b 2@1000; up=1 2/2/2"),
            (Some("# none"), "a STALE@2000; b STALE@2000; up=1 0/0/0"),
        ],
    );
    let mut assembler = assembler("");
    let future = format!("a 1 {}\nb 1 {}\n", NOW_MS + 600_000, NOW_MS + 600_001);
    let (reading, result) = assembler.read(Format::PrometheusText, future.as_bytes(), NOW_MS, NOW_MS);
    assert!(result.is_ok());
    assert_eq!((reading.post_relabelling, reading.out_of_bounds), (2, 1));
}

#[test]
fn duplicates_within_a_body() {
    let mut assembler = check(
        "",
        &[
            (Some("a 1\na 2\n"), "a 1@1000; up=1 2/2/1"),
            (Some("a 1\na 2\n"), "a 1@2000; up=1 2/2/0"),
            (Some("a 1 5\na 2 6\n"), "a 1@5; a 2@6; a STALE@3000; up=1 2/2/0"),
        ],
    );
    let (reading, _) = assembler.read(Format::PrometheusText, b"a 1\na 2\na 3", 4000, NOW_MS);
    assert_eq!(reading.duplicates, 2);
}

#[test]
fn two_lines_of_one_series_do_not_end_it() {
    check(
        "",
        &[
            (
                Some("a{x=\"1\",y=\"2\"} 1\n"),
                r#"a{x="1", y="2"} 1@1000; up=1 1/1/1"#,
            ),
            (
                Some("a{y=\"2\",x=\"1\"} 1\n"),
                r#"a{x="1", y="2"} 1@2000; up=1 1/1/1"#,
            ),
            (Some("# none"), r#"a{x="1", y="2"} STALE@3000; up=1 0/0/0"#),
        ],
    );
}

#[test]
fn dropped_series_cost_nothing_and_are_no_samples() {
    check(
        "  metric_relabel_configs:\n  - {source_labels: [__name__], regex: go_.*, action: drop}\n",
        &[
            (Some("go_a 1\nb 2\n"), "b 2@1000; up=1 2/1/1"),
            (Some("go_a 1\nb 2\n"), "b 2@2000; up=1 2/1/0"),
            (Some("go_a 1\n"), "b STALE@3000; up=1 1/0/0"),
        ],
    );
}

#[test]
fn bounds_follow_the_type() {
    check(
        "",
        &[(
            Some("# TYPE a histogram\na_bucket{le=\"1\"} 1\n"),
            r#"a_bucket{le="1.0"} 1@1000; up=1 1/1/1"#,
        )],
    );
}

#[test]
fn removed_target_ends_with_its_report() {
    let mut assembler = check("", &[(Some("a 1\n"), "a 1@1000; up=1 1/1/1")]);
    let ended = render(&assembler.end_of_run(2000));
    assert_eq!(
        ended,
        [
            "a STALE@2000",
            "up STALE@2000",
            "scrape_duration_seconds STALE@2000",
            "scrape_samples_scraped STALE@2000",
            "scrape_samples_post_metric_relabeling STALE@2000",
            "scrape_series_added STALE@2000",
        ]
    );
}

#[test]
fn a_successor_ends_what_it_no_longer_has() {
    let first = check("", &[(Some("a 1\nb 1\n"), "a 1@1000; b 1@1000; up=1 2/2/2")]);
    let shared = Shared {
        table: Arc::clone(&first.table),
        ..Shared::default()
    };
    let (target, config) = (Arc::clone(&first.target), Arc::clone(&first.config));
    let mut second = Assembler::new(target, config, &shared, Arc::default(), first.into_tracked());
    assert_eq!(
        scrape(&mut second, 2000, Some("b 2\n")),
        "b 2@2000; a STALE@2000; up=1 1/1/1"
    );
}

#[test]
fn markers_that_were_lost_are_written_again() {
    let mut assembler = check("", &[(Some("a 1\nb 1\n"), "a 1@1000; b 1@1000; up=1 2/2/2")]);
    assert_eq!(
        scrape_lost(&mut assembler, 2000, "b 2\n"),
        ["b 2@2000", "a STALE@2000"]
    );
    assert_eq!(
        scrape_lost(&mut assembler, 3000, "b 3\n"),
        ["b 3@3000", "a STALE@3000"]
    );
    assert_eq!(
        scrape(&mut assembler, 4000, Some("b 4\n")),
        "b 4@4000; a STALE@4000; up=1 1/1/0"
    );
    assert_eq!(
        scrape(&mut assembler, 5000, Some("b 5\n")),
        "b 5@5000; up=1 1/1/0"
    );
}

/// A scrape whose batch the store does not take; the batch without its report.
fn scrape_lost(assembler: &mut Assembler, at_ms: i64, body: &str) -> Vec<String> {
    let (_, result) = assembler.read(Format::PrometheusText, body.as_bytes(), at_ms, NOW_MS);
    assert!(result.is_ok());
    let report = Report {
        up: true,
        duration_seconds: 0.0,
        scraped: 0,
        post_relabelling: 0,
        series_added: 0,
        body_bytes: 0,
    };
    let mut lines = render(&assembler.batch(&report, at_ms).scrape);
    assembler.not_committed();
    lines.truncate(lines.len() - assembler.report.labels().len());
    lines
}

#[test]
fn forgotten_references_are_made_again() {
    let mut assembler = check("", &[(Some("a 1\nb 1 5\n"), "a 1@1000; b 1@5; up=1 2/2/2")]);
    let table = Arc::clone(&assembler.table);
    let known = |name: &str| {
        let labels = Labels::from_pairs([("__name__", name), ("instance", "h:1"), ("job", "j")]);
        table.get(&labels).expect("known")
    };
    // Idle for long by its exposed time: looked up again at once.
    table.forget([known("b")]);
    assert_eq!(
        scrape(&mut assembler, 2000, Some("a 1\nb 1 5\n")),
        "a 1@2000; b 1@5; up=1 2/2/0"
    );
    // The store refused samples, so nothing is certain.
    assembler.committed(NOW_MS, false);
    table.forget([known("a")]);
    assert_eq!(
        scrape(&mut assembler, 3000, Some("a 1\nb 1 5\n")),
        "a 1@3000; b 1@5; up=1 2/2/0"
    );
}

#[test]
fn the_report_has_three_more_series_when_asked() {
    let mut assembler = assembler("  extra_scrape_metrics: true\n  sample_limit: 4\n");
    let report = Report {
        up: false,
        duration_seconds: 0.25,
        scraped: 1,
        post_relabelling: 2,
        series_added: 3,
        body_bytes: -1,
    };
    let batches = assembler.batch(&report, 7);
    assert_eq!(
        render(&batches.scrape),
        [
            "up 0@7",
            "scrape_duration_seconds 0.25@7",
            "scrape_samples_scraped 1@7",
            "scrape_samples_post_metric_relabeling 2@7",
            "scrape_series_added 3@7",
            "scrape_timeout_seconds 10@7",
            "scrape_sample_limit 4@7",
            "scrape_body_size_bytes -1@7",
        ]
    );
}

#[test]
fn new_counters_begin_at_the_previous_scrape() {
    let errors = "# TYPE task_errors counter\n";
    let one = format!("a_total 7\n{errors}task_errors{{task=\"x\"}} 1\n");
    let two = format!("a_total 7\n{errors}task_errors{{task=\"x\"}} 2\ntask_errors{{task=\"y\"}} 1\nb 1\n");
    check(
        "  new_counters_from_zero: true\n",
        &[
            (Some("a_total 7\n"), "a_total 7@1000; up=1 1/1/1"),
            (
                Some(&one),
                r#"first task_errors{task="x"} 0@1000; a_total 7@2000; task_errors{task="x"} 1@2000; up=1 2/2/1"#,
            ),
            (
                Some(&two),
                r#"first task_errors{task="y"} 0@2000; a_total 7@3000; task_errors{task="x"} 2@3000; task_errors{task="y"} 1@3000; b 1@3000; up=1 4/4/2"#,
            ),
            (
                Some("a_total 7\n"),
                r#"a_total 7@4000; task_errors{task="x"} STALE@4000; task_errors{task="y"} STALE@4000; b STALE@4000; up=1 1/1/0"#,
            ),
            // The application started again: its first error is an increase, right after the marker.
            (
                Some(&one),
                r#"first task_errors{task="x"} 0@4001; a_total 7@5000; task_errors{task="x"} 1@5000; up=1 2/2/1"#,
            ),
            // A counter that was only away goes on.
            (
                Some("c 1\n"),
                r#"c 1@6000; a_total STALE@6000; task_errors{task="x"} STALE@6000; up=1 1/1/1"#,
            ),
            (Some("a_total 8\n"), "a_total 8@7000; c STALE@7000; up=1 1/1/1"),
        ],
    );
    check(
        "",
        &[
            (Some("a_total 7\n"), "a_total 7@1000; up=1 1/1/1"),
            (
                Some("b_total 7\n"),
                "b_total 7@2000; a_total STALE@2000; up=1 1/1/1",
            ),
        ],
    );
}

#[test]
fn histograms_and_summaries_begin_too() {
    let body = "# TYPE h histogram\nh_bucket{le=\"+Inf\"} 1\nh_sum 0.5\nh_count 1\n\
                # TYPE s summary\ns{quantile=\"0.5\"} 1\ns_sum 2\ns_count 1\n# TYPE g gauge\ng_total 1\n";
    let batches = check(
        "  new_counters_from_zero: true\n",
        &[(Some("# none\n"), "up=1 0/0/0")],
    );
    let mut assembler = batches;
    let shown = scrape(&mut assembler, 2000, Some(body));
    let zeros: Vec<&str> = shown
        .split("; ")
        .filter(|line| line.starts_with("first"))
        .collect();
    assert_eq!(
        zeros,
        [
            r#"first h_bucket{le="+Inf"} 0@1000"#,
            "first h_sum 0@1000",
            "first h_count 0@1000",
            "first s_sum 0@1000",
            "first s_count 0@1000",
        ]
    );
}

#[test]
fn series_beyond_the_limit_of_the_job_wait() {
    let mut assembler = check(
        "  series_limit: 2\n",
        &[
            (Some("a 1\n"), "a 1@1000; up=1 1/1/1"),
            (Some("a 1\nb 1\n"), "a 1@2000; b 1@2000; up=1 2/2/1"),
        ],
    );
    assert_eq!(
        scrape(&mut assembler, 3000, Some("a 1\nc 1\nd 1\nb 1\n")),
        "a 1@3000; b 1@3000; up=1 4/4/0"
    );
    assert_eq!(
        scrape(&mut assembler, 4000, Some("a 1\nd 1\nb 1\n")),
        "a 1@4000; b 1@4000; up=1 3/3/0"
    );
    assert_eq!(
        scrape(&mut assembler, 5000, Some("a 1\nd 1\n")),
        "a 1@5000; b STALE@5000; up=1 2/2/0",
        "the room of b is free from the next scrape on"
    );
    assert_eq!(
        scrape(&mut assembler, 6000, Some("a 1\nd 1\n")),
        "a 1@6000; d 1@6000; up=1 2/2/0"
    );
    assert_eq!(assembler.share.limit().used(), 2);
    assert_eq!(
        scrape(&mut assembler, 7000, Some("a 1\nd")),
        "a STALE@7000; d STALE@7000; up=0 1/1/0; line 2: expected a value after the metric, got \"\""
    );
    assert_eq!(assembler.share.limit().used(), 2, "lines outlive a failure");
}

#[test]
fn metadata_is_kept() {
    let assembler = check(
        "",
        &[(
            Some("# HELP a What it is.\n# TYPE a counter\na 1\n"),
            "a 1@1000; up=1 1/1/1",
        )],
    );
    let metadata = assembler.metadata.lock();
    let family = metadata.family("a").expect("said");
    assert_eq!((family.metric_type, &*family.help), ("counter", "What it is."));
}
