//! gmsactl as operators run it: the program itself, against the rig.
//!
//! | file | what |
//! |---|---|
//! | `scene.rs`, `answer.rs`, `binaries.rs`, `agent_between.rs` | a folder to run it in; what it says; the programs; an agent that fails |
//! | `dump.rs`, `wine.rs` | the rig as it is, read past gmsactl |
//! | `conversion.rs` | the main job: discover, plan, apply, verify, roll back |
//! | `reference.rs` | all of MIM on five hosts, there and back |
//! | `packages.rs`, `media.rs` | what packages say of themselves; those of the rig's products, and setup by hand |
//! | `setups.rs`, `wizards.rs`, `change_mode.rs` | accounts changed by the products' setups: silently, page by page, by hand |
//! | `kill.rs` | killed at a record of the journal, then resumed or rolled back |
//! | `refusals.rs`, `blocked.rs`, `credentials.rs`, `plans.rs`, `journals.rs`, `agents.rs`, `clocks.rs`, `domain_state.rs` | bad input and faults |
//! | `deployment.rs` | the agent that gmsactl brings along |
//! | `winrm.rs`, `winrm_agent.rs` | hosts behind WinRM: connections; agents, installed and brought |
//! | `sealed.rs` | a key set of which only a sealed copy stays |
//! | `secrets.rs` | no password in any file or stream |
//! | `located.rs` | a domain controller found by DNS and ping |
//! | `by_hand.rs`, `keytabs.rs` | the directory's verbs by hand, judged by Samba's own tool and by MIT Kerberos |
//! | `by_hand_hosts.rs` | the hosts' verbs by hand, judged by Wine's own programs |
//! | `derive.rs`, `decode.rs`, `usage.rs` | commands that need no rig |

mod agent_between;
mod agents;
mod answer;
pub mod binaries;
mod blocked;
mod by_hand;
mod by_hand_hosts;
mod change_mode;
mod clocks;
mod conversion;
mod credentials;
mod decode;
mod deployment;
mod derive;
mod domain_state;
mod dump;
mod guarded_key;
mod journals;
mod keytabs;
mod kill;
mod let_in;
mod located;
mod media;
mod packages;
mod plans;
mod reference;
mod refusals;
mod scene;
mod sealed;
mod secrets;
mod setups;
mod tickets;
mod usage;
mod windows;
mod wine;
mod winrm;
mod winrm_agent;
mod wizards;
