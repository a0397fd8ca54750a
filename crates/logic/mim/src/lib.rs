//! The Microsoft Identity Manager catalogue: components, versions, tools, rules.
