//! Writes fields onto a growing buffer.

/// A message under construction.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn bytes_field(&mut self, number: u32, content: &[u8]) {
        self.varint(u64::from(number) << 3 | 2);
        self.varint(content.len() as u64);
        self.bytes.extend_from_slice(content);
    }

    pub(crate) fn double_field(&mut self, number: u32, value: f64) {
        self.varint(u64::from(number) << 3 | 1);
        self.bytes.extend_from_slice(&value.to_bits().to_le_bytes());
    }

    pub(crate) fn int64_field(&mut self, number: u32, value: i64) {
        self.varint(u64::from(number) << 3);
        self.varint(value as u64);
    }

    /// Nothing when there are no values.
    pub(crate) fn packed_varints_field(&mut self, number: u32, values: impl Iterator<Item = u64>) {
        let mut packed = Self::default();
        values.for_each(|value| packed.varint(value));
        if !packed.bytes.is_empty() {
            self.bytes_field(number, &packed.bytes);
        }
    }

    /// Nothing when there are no values.
    pub(crate) fn packed_doubles_field(&mut self, number: u32, values: &[f64]) {
        if values.is_empty() {
            return;
        }
        self.varint(u64::from(number) << 3 | 2);
        self.varint(8 * values.len() as u64);
        for value in values {
            self.bytes.extend_from_slice(&value.to_bits().to_le_bytes());
        }
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}
