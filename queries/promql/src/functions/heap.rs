//! A bounded heap that keeps the best k of what it is offered. Which of several equal elements stay is part
//! of a query's result, so elements are offered and sifted exactly as Prometheus does it.

/// The best k elements, the worst of them on top.
#[derive(Debug)]
pub struct BestK<T> {
    elements: Vec<(f64, T)>,
    k: usize,
    /// The largest are best; otherwise the smallest.
    largest: bool,
}

impl<T> BestK<T> {
    /// Keeps `k` (> 0) elements, the largest or the smallest.
    pub fn new(k: usize, largest: bool) -> Self {
        Self {
            elements: Vec::new(),
            k,
            largest,
        }
    }

    /// Offers an element. NaN loses to every number.
    pub fn offer(&mut self, value: f64, element: T) {
        if self.elements.len() < self.k {
            self.elements.push((value, element));
            self.sift_up();
            return;
        }
        let worst = self.elements[0].0;
        let better = if self.largest {
            worst < value
        } else {
            worst > value
        };
        if better || (worst.is_nan() && !value.is_nan()) {
            self.elements[0] = (value, element);
            self.sift_down();
        }
    }

    /// What was kept, best first.
    pub fn into_sorted(mut self) -> Vec<(f64, T)> {
        let largest = self.largest;
        self.elements
            .sort_by(|(a, _), (b, _)| match (a.is_nan(), b.is_nan()) {
                (false, false) if largest => b.partial_cmp(a).expect("neither is NaN"),
                (false, false) => a.partial_cmp(b).expect("neither is NaN"),
                (a, b) => a.cmp(&b),
            });
        self.elements
    }

    /// Whether the element at `i` is nearer to the top.
    fn is_worse(&self, i: usize, j: usize) -> bool {
        let (a, b) = (self.elements[i].0, self.elements[j].0);
        a.is_nan() || if self.largest { a < b } else { a > b }
    }

    fn sift_up(&mut self) {
        let mut child = self.elements.len() - 1;
        while child > 0 {
            let parent = (child - 1) / 2;
            if !self.is_worse(child, parent) {
                break;
            }
            self.elements.swap(child, parent);
            child = parent;
        }
    }

    fn sift_down(&mut self) {
        let mut parent = 0;
        loop {
            let left = 2 * parent + 1;
            if left >= self.elements.len() {
                break;
            }
            let right = left + 1;
            let right_is_worse = right < self.elements.len() && self.is_worse(right, left);
            let child = if right_is_worse { right } else { left };
            if !self.is_worse(child, parent) {
                break;
            }
            self.elements.swap(parent, child);
            parent = child;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best(k: usize, largest: bool, values: &[f64]) -> Vec<(f64, usize)> {
        let mut heap = BestK::new(k, largest);
        for (i, &value) in values.iter().enumerate() {
            heap.offer(value, i);
        }
        heap.into_sorted()
    }

    #[test]
    fn keeps_the_best() {
        assert_eq!(best(2, true, &[1.0, 3.0, 2.0]), [(3.0, 1), (2.0, 2)]);
        assert_eq!(best(2, false, &[3.0, 1.0, 2.0]), [(1.0, 1), (2.0, 2)]);
        assert_eq!(best(9, true, &[1.0]), [(1.0, 0)]);
        let with_nan = best(2, true, &[f64::NAN, f64::NAN, 1.0]);
        assert_eq!(with_nan[0], (1.0, 2));
        assert!(with_nan[1].0.is_nan());
    }

    #[test]
    fn of_equal_elements_the_first_on_top_goes() {
        assert_eq!(best(2, true, &[1.0, 1.0, 1.0]), [(1.0, 0), (1.0, 1)]);
        assert_eq!(best(2, true, &[1.0, 1.0, 5.0]), [(5.0, 2), (1.0, 1)]);
    }
}
