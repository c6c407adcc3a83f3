//! Groups of rows by labels and by functions of time. Rows of one series are neighbours and their times ascend, so a
//! group is looked up once for a run of rows, not for each of them.

use std::collections::HashMap;

use arrow::array::{Array as _, ArrayRef, Int32Array, Int64Array, make_array};
use arrow::buffer::NullBuffer;
use arrow::datatypes::DataType;
use arrow::row::{RowConverter, SortField};
use datafusion::error::Result;

use super::time_keys::{TimeValues, width};

/// Memory of a group beside its key, bytes: two maps' and lists' entries.
const GROUP_BYTES: usize = 96;

/// Groups that were seen, numbered from 0. The first level is by labels, each further one by a function of time.
#[derive(Debug)]
pub(super) struct Groups {
    converter: RowConverter,
    by_labels: HashMap<Box<[u8]>, usize>,
    labels: Vec<Box<[u8]>>,
    times: Vec<Level>,
    key_bytes: usize,
}

/// Groups of the level before, told apart by one more key.
#[derive(Debug)]
struct Level {
    data_type: DataType,
    ids: HashMap<Member, usize>,
    members: Vec<Member>,
}

/// A group of the level before and the bits of a value, `None` for null.
type Member = (usize, Option<i64>);

impl Groups {
    /// No groups yet, by values of these types.
    pub(super) fn new(labels: Vec<DataType>, times: Vec<DataType>) -> Result<Self> {
        let fields = labels.into_iter().map(SortField::new).collect();
        let level = |data_type| Level {
            data_type,
            ids: HashMap::new(),
            members: Vec::new(),
        };
        Ok(Self {
            converter: RowConverter::new(fields)?,
            by_labels: HashMap::new(),
            labels: Vec::new(),
            times: times.into_iter().map(level).collect(),
            key_bytes: 0,
        })
    }

    /// Number of groups.
    pub(super) fn len(&self) -> usize {
        self.times
            .last()
            .map_or(self.labels.len(), |level| level.members.len())
    }

    /// Memory that they take, bytes.
    pub(super) fn bytes(&self) -> usize {
        let members: usize = self.times.iter().map(|level| level.members.len()).sum();
        2 * self.key_bytes + (self.labels.len() + members) * GROUP_BYTES
    }

    /// The groups of the first level of series whose keys are `columns`, a row a series; `series` is their number.
    pub(super) fn of_series(&mut self, columns: &[ArrayRef], series: usize) -> Result<Vec<usize>> {
        if columns.is_empty() {
            return Ok(vec![self.intern(&[]); series]);
        }
        let rows = self.converter.convert_columns(columns)?;
        Ok(rows.iter().map(|row| self.intern(row.as_ref())).collect())
    }

    fn intern(&mut self, key: &[u8]) -> usize {
        if let Some(&id) = self.by_labels.get(key) {
            return id;
        }
        let id = self.labels.len();
        self.by_labels.insert(key.into(), id);
        self.labels.push(key.into());
        self.key_bytes += key.len();
        id
    }

    /// Turns the groups of rows by labels into the last level's; `times` are the values of the functions of time.
    pub(super) fn by_time(&mut self, groups: &mut [usize], times: &[TimeValues]) {
        for (level, values) in self.times.iter_mut().zip(times) {
            level.divide(groups, values);
        }
    }

    /// The values of all groups: of each key of labels, and of each function of time.
    pub(super) fn columns(&self) -> Result<(Vec<ArrayRef>, Vec<ArrayRef>)> {
        let mut of_level: Vec<usize> = (0..self.len()).collect();
        let mut times = Vec::with_capacity(self.times.len());
        for level in self.times.iter().rev() {
            let bits: Vec<Option<i64>> = of_level.iter().map(|&id| level.members[id].1).collect();
            times.push(from_bits(&bits, &level.data_type)?);
            of_level.iter_mut().for_each(|id| *id = level.members[*id].0);
        }
        times.reverse();
        let parser = self.converter.parser();
        let rows = of_level.iter().map(|&id| parser.parse(&self.labels[id]));
        Ok((self.converter.convert_rows(rows)?, times))
    }
}

impl Level {
    fn divide(&mut self, groups: &mut [usize], values: &TimeValues) {
        let member = |row: usize, group: usize| -> Member {
            let null = values.nulls.as_ref().is_some_and(|nulls| nulls.is_null(row));
            (group, (!null).then(|| values.bits[row]))
        };
        let mut last: Option<(Member, usize)> = None;
        for (row, group) in groups.iter_mut().enumerate() {
            let wanted = member(row, *group);
            let id = match last {
                Some((same, id)) if same == wanted => id,
                _ => match self.ids.get(&wanted) {
                    Some(&id) => id,
                    None => {
                        let id = self.members.len();
                        self.ids.insert(wanted, id);
                        self.members.push(wanted);
                        id
                    }
                },
            };
            last = Some((wanted, id));
            *group = id;
        }
    }
}

fn from_bits(bits: &[Option<i64>], data_type: &DataType) -> Result<ArrayRef> {
    let nulls = NullBuffer::from_iter(bits.iter().map(Option::is_some));
    let values = bits.iter().map(|bits| bits.unwrap_or_default());
    let data = match width(data_type) {
        Some(4) => Int32Array::new(values.map(|bits| bits as i32).collect(), Some(nulls)).into_data(),
        _ => Int64Array::new(values.collect(), Some(nulls)).into_data(),
    };
    let data = data.into_builder().data_type(data_type.clone()).build()?;
    Ok(make_array(data))
}
