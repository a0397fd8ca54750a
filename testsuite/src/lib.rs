//! All integration tests: cases and vectors as data.
