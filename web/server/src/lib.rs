//! The weir binary: command line, configuration, wiring.
