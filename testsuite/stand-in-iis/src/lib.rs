//! A stand-in for the web server (IIS) of a Wine host: its configuration objects for scripts, over a real
//! `applicationHost.config`, and its application pools.
//!
//! The library is registered as `Microsoft.ApplicationHost.WritableAdminManager`, so gmsactl's agent works through the
//! same calls as on Windows. It knows what the agent uses (ahadmin.idl; "IIS Configuration Reference") and refuses
//! everything else: another section, an unknown property, reading a password. A pool starts only if its identity logs
//! on through the domain controller; Windows would find out with the first request, and stop the pool.
//!
//! | module | what |
//! |---|---|
//! | `element` | the file as a tree |
//! | `objects` | the objects, pure |
//! | `pools` | what setup adds, what a pool is |
//! | `windows` | the objects as COM has them; file, registry, worker process |

pub mod element;
pub mod objects;
pub mod pools;
#[cfg(windows)]
pub mod windows;
