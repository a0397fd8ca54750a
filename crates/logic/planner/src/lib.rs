//! Inventory and intent in, plan and findings out; pure.
