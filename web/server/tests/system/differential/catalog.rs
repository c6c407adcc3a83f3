//! Which series there are: names and labels chosen so that queries match, collide, start and end.

use engine_model::Labels;

use super::data::{Life, STEPS, Shape};
use super::native::Kind;

/// A series before it has samples.
pub(super) struct Described {
    pub(super) labels: Labels,
    pub(super) shape: Shape,
    pub(super) life: Life,
}

/// Metrics by what they are good for; the generator of queries picks from these.
pub(super) const COUNTERS: &[&str] = &["requests_total", "busy_seconds_total", "latency_seconds_count"];
pub(super) const GAUGES: &[&str] = &[
    "queue_length",
    "temperature_celsius",
    "noise",
    "odd",
    "capacity",
    "sparse",
    "flapping",
    "build_info",
    "last_run_seconds",
    "twin_a",
    "twin_b",
];
pub(super) const BUCKETS: &[&str] = &["latency_seconds_bucket", "broken_bucket"];

/// Metrics of native histograms.
pub(super) const NATIVE: &[&str] = &[
    "native_seconds",
    "native_seconds",
    "native_weighted",
    "native_level",
    "native_custom",
    "native_mixed",
];

/// Label names that occur, and one that does not.
pub(super) const LABELS: &[&str] = &[
    "job", "instance", "method", "kind", "le", "version", "shard", "nowhere",
];

/// Metrics whose series have one of the labels by which info series are found, or both.
pub(super) const IDENTIFIED: &[&str] = &[
    "queue_length",
    "requests_total",
    "busy_seconds_total",
    "last_run_seconds",
    "temperature_celsius",
    "capacity",
    "noise",
    "build_info",
    "target_info",
];

const INSTANCES: [&str; 3] = ["a:1", "b:1", "c:1"];

/// Every series.
pub(super) fn all() -> Vec<Described> {
    let mut list = List::default();
    counters(&mut list);
    gauges(&mut list);
    matching(&mut list);
    information(&mut list);
    histograms(&mut list);
    native_histograms(&mut list);
    demo(&mut list);
    list.0
}

#[derive(Default)]
struct List(Vec<Described>);

impl List {
    fn add(&mut self, name: &str, labels: &[(&str, &str)], shape: Shape, life: Life) {
        let labels = Labels::from_pairs(labels.iter().copied().chain([("__name__", name)]));
        self.0.push(Described { labels, shape, life });
    }
}

fn counters(list: &mut List) {
    for (number, instance) in INSTANCES.into_iter().enumerate() {
        for (job, method) in [("api", "get"), ("api", "post"), ("web", "get")] {
            let life = [Life::Whole, Life::Gaps, Life::Jitter][(number + method.len() + job.len()) % 3];
            let labels = [("job", job), ("instance", instance), ("method", method)];
            list.add("requests_total", &labels, Shape::Counter, life);
        }
        let labels = [("job", "api"), ("instance", instance)];
        list.add("busy_seconds_total", &labels, Shape::DecimalCounter, Life::Jitter);
    }
    let ended = [("job", "api"), ("instance", "d:1"), ("method", "get")];
    list.add("requests_total", &ended, Shape::Counter, Life::To(STEPS * 2 / 3));
    let late = [("job", "web"), ("instance", "d:1"), ("method", "put")];
    list.add("requests_total", &late, Shape::Counter, Life::From(STEPS / 2 + 3));
}

fn gauges(list: &mut List) {
    for (instance, life) in [
        ("a:1", Life::Whole),
        ("b:1", Life::Gaps),
        ("c:1", Life::Vanishes(300)),
    ] {
        for job in ["api", "web"] {
            let labels = [("job", job), ("instance", instance)];
            list.add("queue_length", &labels, Shape::Gauge, life);
        }
        let labels = [("job", "api"), ("instance", instance), ("kind", "room \"é\"\\1")];
        list.add("temperature_celsius", &labels, Shape::DecimalGauge, life);
        list.add("noise", &[("instance", instance)], Shape::Noise, Life::Jitter);
        list.add(
            "noise",
            &[("instance", instance), ("kind", "x")],
            Shape::Noise,
            life,
        );
        list.add("odd", &[("instance", instance), ("kind", "y")], Shape::Odd, life);
    }
    list.add("sparse", &[("job", "api")], Shape::Sparse, Life::Whole);
    list.add("sparse", &[("job", "web")], Shape::Sparse, Life::From(33));
    list.add("flapping", &[("job", "api")], Shape::Flapping, Life::Whole);
    list.add("flapping", &[("job", "web")], Shape::Flapping, Life::Jitter);
    list.add("smallest", &[], Shape::Constant(f64::from_bits(1)), Life::Whole);
    list.add("zero", &[], Shape::Constant(0.0), Life::Gaps);
    list.add("negative_zero", &[], Shape::Constant(-0.0), Life::Whole);
    list.add(
        "niveau.d'eau",
        &[("rivière", "l'Ill")],
        Shape::DecimalGauge,
        Life::Whole,
    );
}

fn matching(list: &mut List) {
    for (job, limit) in [("api", 250.0), ("web", 0.5)] {
        list.add("capacity", &[("job", job)], Shape::Constant(limit), Life::Whole);
        // Two elements of one match group for `on (job)`.
        for shard in ["0", "1"] {
            list.add(
                "shards",
                &[("job", job), ("shard", shard)],
                Shape::Gauge,
                Life::Whole,
            );
        }
    }
    // An element that others are joined to; its version changes midway.
    for instance in INSTANCES {
        let change = STEPS / 2 + instance.len();
        let old = [("job", "api"), ("instance", instance), ("version", "1.9")];
        let new = [("job", "api"), ("instance", instance), ("version", "1.10")];
        list.add("build_info", &old, Shape::Constant(1.0), Life::To(change));
        list.add("build_info", &new, Shape::Constant(1.0), Life::From(change));
        list.add(
            "last_run_seconds",
            &[("job", "api"), ("instance", instance)],
            Shape::Time,
            Life::Whole,
        );
    }
    // Equal but for their names: they collide where names are dropped.
    for (name, job) in [
        ("twin_a", "api"),
        ("twin_b", "api"),
        ("twin_a", "web"),
        ("twin_b", "worker"),
    ] {
        list.add(name, &[("job", job)], Shape::Gauge, Life::Whole);
    }
}

/// Info series beside `build_info`: one ends, one is replaced, one begins late, one instance has none.
fn information(list: &mut List) {
    let target = |instance, job, region, life: Life| {
        (
            [
                ("job", job),
                ("instance", instance),
                ("region", region),
                ("zone", "z1"),
            ],
            life,
        )
    };
    for (labels, life) in [
        target("a:1", "api", "north", Life::Whole),
        target("b:1", "api", "south", Life::To(STEPS / 2)),
        target("b:1", "api", "east", Life::From(STEPS / 2 + 4)),
        target("a:1", "web", "north", Life::Gaps),
        target("b:1", "web", "west", Life::From(STEPS / 3)),
        target("c:1", "web", "west", Life::Vanishes(STEPS * 2 / 3)),
    ] {
        list.add("target_info", &labels, Shape::Constant(1.0), life);
    }
    for (job, owner) in [("api", "x"), ("web", "")] {
        let labels = [("job", job), ("instance", "a:1"), ("kind", "y"), ("owner", owner)];
        list.add("owner_info", &labels, Shape::Constant(1.0), Life::Whole);
    }
}

fn histograms(list: &mut List) {
    let bounds = ["0.1", "0.5", "1", "2.5", "10", "+Inf"];
    for (job, life) in [("api", Life::Whole), ("web", Life::Gaps)] {
        for (bucket, bound) in bounds.into_iter().enumerate() {
            let shape = Shape::Bucket(bucket, bounds.len());
            list.add(
                "latency_seconds_bucket",
                &[("job", job), ("le", bound)],
                shape,
                life,
            );
        }
        list.add(
            "latency_seconds_sum",
            &[("job", job)],
            Shape::DecimalCounter,
            Life::Whole,
        );
        list.add(
            "latency_seconds_count",
            &[("job", job)],
            Shape::Counter,
            Life::Whole,
        );
    }
    // Not monotonic, no top bucket, no number as a bound, negative bounds, one bucket only.
    for (job, bounds) in [
        ("unsteady", &["1", "2", "+Inf"][..]),
        ("topless", &["1", "2"]),
        ("nonsense", &["1", "two", "+Inf"]),
        ("negative", &["-2", "-1", "0", "1", "+Inf"]),
        ("single", &["+Inf"]),
        ("twice", &["1", "1.0", "2", "+Inf"]),
    ] {
        for (bucket, bound) in bounds.iter().enumerate() {
            let shape = match job {
                "unsteady" => Shape::Gauge,
                _ => Shape::Bucket(bucket, bounds.len()),
            };
            list.add(
                "broken_bucket",
                &[("job", job), ("le", bound)],
                shape,
                Life::Whole,
            );
        }
    }
}

fn native_histograms(list: &mut List) {
    for (number, instance) in INSTANCES.into_iter().enumerate() {
        for (name, kind) in [
            ("native_seconds", Kind::Exponential),
            ("native_weighted", Kind::Weighted),
            ("native_level", Kind::Gauge),
            ("native_custom", Kind::Custom),
        ] {
            let life = [Life::Whole, Life::Gaps, Life::To(STEPS * 3 / 4)][(number + name.len()) % 3];
            let labels = [("job", "api"), ("instance", instance)];
            list.add(name, &labels, Shape::Native(kind), life);
        }
    }
    let late = [("job", "web"), ("instance", "a:1")];
    list.add(
        "native_seconds",
        &late,
        Shape::Native(Kind::Exponential),
        Life::From(STEPS / 3),
    );
    for (job, kind) in [("api", Kind::Exponential), ("web", Kind::Custom)] {
        list.add("native_mixed", &[("job", job)], Shape::Mixed(kind), Life::Whole);
    }
}

/// What the queries of Prometheus's compliance suite ask for: a service of three instances.
fn demo(list: &mut List) {
    for (port, life) in [
        ("10000", Life::Whole),
        ("10001", Life::Jitter),
        ("10002", Life::Gaps),
    ] {
        let instance = format!("demo.promlabs.com:{port}");
        let labels = [("job", "demo"), ("instance", instance.as_str())];
        let with = |name, value| [labels[0], labels[1], (name, value)];
        for kind in ["buffers", "cached", "free", "used"] {
            list.add("demo_memory_usage_bytes", &with("type", kind), Shape::Gauge, life);
        }
        for mode in ["idle", "user"] {
            list.add(
                "demo_cpu_usage_seconds_total",
                &with("mode", mode),
                Shape::DecimalCounter,
                life,
            );
        }
        list.add("demo_num_cpus", &labels, Shape::Constant(4.0), life);
        list.add("demo_disk_usage_bytes", &labels, Shape::DecimalGauge, life);
        list.add(
            "demo_batch_last_success_timestamp_seconds",
            &labels,
            Shape::Time,
            life,
        );
        list.add("demo_intermittent_metric", &labels, Shape::Flapping, life);
        for (bucket, bound) in ["0.001", "0.01", "+Inf"].into_iter().enumerate() {
            let shape = Shape::Bucket(bucket, 3);
            list.add(
                "demo_api_request_duration_seconds_bucket",
                &with("le", bound),
                shape,
                life,
            );
        }
        list.add(
            "demo_api_request_duration_seconds_count",
            &labels,
            Shape::Counter,
            life,
        );
    }
}
