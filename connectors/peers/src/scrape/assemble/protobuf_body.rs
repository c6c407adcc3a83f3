//! Writes delimited `io.prometheus.client.MetricFamily` messages for tests.

/// The number of the type.
pub(super) const COUNTER: u64 = 0;
/// The number of the type.
pub(super) const GAUGE: u64 = 1;
/// The number of the type.
pub(super) const HISTOGRAM: u64 = 4;
/// The number of the type.
pub(super) const GAUGE_HISTOGRAM: u64 = 5;

/// A message under construction.
#[derive(Debug, Clone, Default)]
pub(super) struct Message(Vec<u8>);

impl Message {
    pub(super) fn varint(mut self, number: u64, value: u64) -> Self {
        self.put(number << 3);
        self.put(value);
        self
    }

    pub(super) fn zigzag(self, number: u64, value: i64) -> Self {
        self.varint(number, ((value << 1) ^ (value >> 63)) as u64)
    }

    pub(super) fn double(mut self, number: u64, value: f64) -> Self {
        self.put(number << 3 | 1);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(super) fn bytes(mut self, number: u64, bytes: &[u8]) -> Self {
        self.put(number << 3 | 2);
        self.put(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    pub(super) fn message(self, number: u64, message: &Message) -> Self {
        self.bytes(number, &message.0)
    }

    fn put(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }
}

/// A metric family.
pub(super) struct Family(Message);

impl Family {
    pub(super) fn new(name: &str, metric_type: u64) -> Self {
        let head = Message::default().bytes(1, name.as_bytes()).bytes(2, b"Things.");
        Self(head.varint(3, metric_type))
    }

    /// A counter, perhaps with its start in whole seconds.
    pub(super) fn counter(self, labels: &[(&str, &str)], value: f64, started: Option<u64>) -> Self {
        let mut counter = Message::default().double(1, value);
        if let Some(seconds) = started {
            counter = counter.message(3, &Message::default().varint(1, seconds));
        }
        self.metric(labels, 3, &counter)
    }

    /// A metric whose value is the message in field `number`.
    pub(super) fn metric(self, labels: &[(&str, &str)], number: u64, value: &Message) -> Self {
        let mut metric = Message::default();
        for (name, value) in labels {
            let label = Message::default()
                .bytes(1, name.as_bytes())
                .bytes(2, value.as_bytes());
            metric = metric.message(1, &label);
        }
        Self(self.0.message(4, &metric.message(number, value)))
    }

    /// The message behind its length.
    pub(super) fn bytes(self) -> Vec<u8> {
        let mut out = Message::default();
        out.put(self.0.0.len() as u64);
        out.0.extend_from_slice(&self.0.0);
        out.0
    }
}
