//! What a person does with the wizard of a product's setup, or with a sealed copy: beside the engine, and with no fault on the way.

use engine::RunReport;
use model::host::PoolIdentity;
use model::names::LogonAccount;
use model::plan::{Action, Plan, PlannedCarrier};

use super::fake_world::{HostState, State};

/// Does what a handed-over step asks for, if it is not done yet; tells whether it did.
pub fn follow_wizard(state: &mut State, plan: &Plan, report: &RunReport) -> bool {
    let mut steps = report.steps.iter();
    let Some(step) = steps
        .find(|step| step.status == "handed-over")
        .and_then(|step| plan.step(&step.id))
    else {
        return false;
    };
    let Action::FollowWizard {
        carrier,
        from,
        to,
        key_set,
        ..
    } = &step.action
    else {
        panic!("{step:?} is nothing to do by hand");
    };
    let host = state.hosts.get_mut(step.host.as_ref().unwrap()).unwrap();
    if key_set.is_some() {
        host.key_set.as_mut().unwrap().bound_to = to.clone();
    }
    let before = match carrier {
        PlannedCarrier::Service(service) => {
            let found = host.service(service).unwrap();
            found.password = None;
            std::mem::replace(&mut found.service.logon_account, to.clone())
        }
        PlannedCarrier::Pool(pool) => switch_pool(host, pool, to),
    };
    before.same_as(from)
}

fn switch_pool(host: &mut HostState, name: &str, to: &LogonAccount) -> LogonAccount {
    let mut pools = host.settings.pools.iter_mut().flatten();
    let (pool, stored) = pools.find(|(pool, _)| pool.name.as_str() == name).unwrap();
    *stored = None;
    let to = PoolIdentity::from_configuration("SpecificUser", &to.to_string()).unwrap();
    let before = std::mem::replace(&mut pool.identity, to);
    LogonAccount::from(before.to_string())
}

/// Opens every sealed copy whose file is gone, with the identity, and puts the file back.
pub fn open_sealed(state: &mut State) {
    for host in state.hosts.values_mut() {
        let opened = host.files.iter().filter_map(|(name, content)| {
            let (_, plain) = content.split_once(" of ")?;
            Some((name.strip_suffix(".age")?.to_owned(), plain.to_owned()))
        });
        for (name, plain) in opened.collect::<Vec<_>>() {
            host.files.entry(name).or_insert(plain);
        }
    }
}
