//! Pages of `/api/v1/rules`: `group_limit` groups from the one that `group_next_token` names.

use engine_model::Labels;
use queries_rules::status::GroupStatus;

use crate::envelope::ApiError;
use crate::parameters::{Parameters, integer};

/// The part of the groups that is asked for.
pub(super) struct Page<'a> {
    /// Most groups; `None` for all.
    groups_max: Option<usize>,
    token: &'a str,
}

impl<'a> Page<'a> {
    pub(super) fn of(parameters: &'a Parameters) -> Result<Self, ApiError> {
        let (limit, token) = (parameters.get("group_limit"), parameters.get("group_next_token"));
        if limit.is_empty() {
            if !token.is_empty() {
                let why = "group_limit needs to be present in order to paginate over the groups";
                return Err(ApiError::bad_parameter("group_next_token", why));
            }
            return Ok(Self {
                groups_max: None,
                token,
            });
        }
        let bad_limit = |why: String| ApiError::bad_parameter("group_limit", why);
        let groups_max = integer(limit, "strconv.ParseInt")
            .map_err(|why| bad_limit(format!("group_limit needs to be a valid number: {why}")))?;
        match usize::try_from(groups_max) {
            Ok(groups_max) if groups_max > 0 => Ok(Self {
                groups_max: Some(groups_max),
                token,
            }),
            _ => Err(bad_limit("group_limit needs to be greater than 0".to_owned())),
        }
    }

    /// Position of the page's first group.
    pub(super) fn start(&self, groups: &[GroupStatus]) -> Result<usize, ApiError> {
        if self.token.is_empty() {
            return Ok(0);
        }
        let start = groups.iter().position(|group| token(group) == self.token);
        start.ok_or_else(|| {
            let why = format!(
                "invalid group_next_token '{}'. were rule groups changed?",
                self.token
            );
            ApiError::bad_parameter("group_next_token", why)
        })
    }

    /// Whether a page with `groups` groups takes no more.
    pub(super) fn is_full(&self, groups: usize) -> bool {
        self.groups_max.is_some_and(|groups_max| groups >= groups_max)
    }
}

/// Names a group for the next page; opaque to clients.
pub(super) fn token(group: &GroupStatus) -> String {
    let identity = Labels::from_pairs([("file", &*group.file), ("name", &*group.name)]);
    format!("{:032x}", identity.fingerprint())
}
