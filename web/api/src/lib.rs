//! HTTP endpoints, one file a family; what goes over the wire is defined here.
