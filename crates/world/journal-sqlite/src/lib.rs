//! The journal in SQLite: events, never updates.
