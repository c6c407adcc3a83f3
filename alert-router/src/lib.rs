//! Alertmanager's work: route tree, grouping, notification, usable alone.
