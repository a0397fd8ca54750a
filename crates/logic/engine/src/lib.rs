//! Runs a plan step by step, with a journal, and can take it back.
