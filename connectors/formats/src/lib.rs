//! Pure bytes to samples and back: exposition text, remote write. No IO.
