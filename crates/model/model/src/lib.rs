//! The nouns of gmsactl and the ports to the world; nothing here runs.
//!
//! | noun | module | made by | read by |
//! |---|---|---|---|
//! | names: accounts, hosts, services, SPNs | [`names`] | everyone | everyone |
//! | [`estate::Estate`]: how to reach things | [`estate`] | the operator, as `estate.toml` | apps, adapters |
//! | [`inventory::Inventory`]: what was found | [`inventory`] | discover | planner, reports |
//! | what Windows has: rights, pools, tasks, triggers | [`host`] | the agent | everyone |
//! | [`database::DatabaseAccess`]: what a database server has of an account | [`database`] | the SQL client's caller | planner |
//! | [`intent::Intent`]: what is wanted | [`intent`] | the operator, as `conversion.toml` | planner |
//! | [`finding::Finding`]: what an operator should know | [`finding`] | planner, verify | everyone |
//! | [`plan::Plan`]: what was decided | [`plan`] | planner | engine, views |
//! | [`run::Event`]: what was done | [`run`] | engine | engine, views |
//! | ports: [`ports::Directory`], [`ports::Host`], [`ports::Clock`], [`ports::Journal`] | [`ports`] | adapters implement | engine calls |
//!
//! INVARIANT: no noun holds a secret; [`secret::Password`] lives outside of them and is not serializable.

pub mod database;
pub mod estate;
pub mod finding;
pub mod host;
pub mod intent;
pub mod inventory;
pub mod names;
pub mod plan;
pub mod ports;
pub mod run;
pub mod secret;
