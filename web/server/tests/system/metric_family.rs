//! Writes delimited `io.prometheus.client.MetricFamily` messages, the protobuf exposition, for scrapes.

/// Types by their numbers.
pub(crate) const COUNTER: u64 = 0;
pub(crate) const SUMMARY: u64 = 2;
pub(crate) const HISTOGRAM: u64 = 4;

/// A message under construction.
#[derive(Debug, Clone, Default)]
pub(crate) struct Message(Vec<u8>);

impl Message {
    pub(crate) fn varint(mut self, number: u64, value: u64) -> Self {
        self.put(number << 3);
        self.put(value);
        self
    }

    pub(crate) fn zigzag(self, number: u64, value: i64) -> Self {
        self.varint(number, ((value << 1) ^ (value >> 63)) as u64)
    }

    pub(crate) fn double(mut self, number: u64, value: f64) -> Self {
        self.put(number << 3 | 1);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub(crate) fn bytes(mut self, number: u64, bytes: &[u8]) -> Self {
        self.put(number << 3 | 2);
        self.put(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    pub(crate) fn message(self, number: u64, message: &Message) -> Self {
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
pub(crate) struct Family(Message);

impl Family {
    pub(crate) fn new(name: &str, metric_type: u64) -> Self {
        let head = Message::default().bytes(1, name.as_bytes()).bytes(2, b"Things.");
        Self(head.varint(3, metric_type))
    }

    /// A metric whose value is the message in field `number`.
    pub(crate) fn metric(self, labels: &[(&str, &str)], number: u64, value: &Message) -> Self {
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
    pub(crate) fn bytes(self) -> Vec<u8> {
        let mut out = Message::default();
        out.put(self.0.0.len() as u64);
        out.0.extend_from_slice(&self.0.0);
        out.0
    }
}
