//! A histogram in text, as `count_values` and error messages show it.

use std::fmt;

use super::FloatHistogram;
use crate::number::format_go_value;

/// `{count:4, sum:9, [-1,-0.5):1, [-0.001,0.001]:1, (1,2]:2}`: buckets with observations, ascending.
impl fmt::Display for FloatHistogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (count, sum) = (format_go_value(self.count), format_go_value(self.sum));
        write!(f, "{{count:{count}, sum:{sum}")?;
        let zero = (self.zero_count != 0.0).then(|| self.zero_bucket());
        let below = self.negative_buckets_reversed();
        let buckets = below.chain(zero).chain(self.positive_buckets());
        for bucket in buckets.filter(|bucket| bucket.count != 0.0) {
            write!(f, ", {bucket}")?;
        }
        f.write_str("}")
    }
}
