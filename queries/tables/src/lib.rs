//! Stored series as DataFusion tables.
