//! The step that runs the product's setup.

use model::names::StepId;
use model::plan::{Action, Change};

use super::switch::Switch;
use super::{Draft, StepList};

/// Setup copies, registers and asks SQL Server; nobody measured it.
const SETUP_SECONDS: u32 = 600;

impl<'a> StepList<'a> {
    /// Where package or settings are not known a finding blocks the plan, and it shows the direct step.
    pub(super) fn run_setup(&mut self, switch: &Switch<'a>, requires: Vec<StepId>) -> StepId {
        let conversion = self.conversion;
        let view = switch.place.view(conversion);
        let setup = view.as_ref().and_then(|view| conversion.silent_setup(view));
        let known = conversion.profile.zip(view);
        let saves = known.map(|(profile, view)| profile.saved_key_sets(&view));
        let (Some(setup), Some(Ok(package)), Some(wanted)) =
            (setup, conversion.package, &conversion.wanted.setup)
        else {
            return self.set_account(switch, requires);
        };
        let settings = setup.pages.iter().flat_map(|page| &page.properties).count();
        let mut changes = switch.account_changes();
        changes.push(Change {
            what: format!("{} settings told to setup, one by one below", settings),
            from: None,
            to: None,
        });
        let action = Action::RunSetup {
            carrier: switch.planned_carrier(),
            from: switch.old.clone(),
            to: switch.new.clone(),
            package: wanted.package.clone(),
            sha256: package.sha256.clone(),
            pages: setup.pages,
            saves: saves.unwrap_or_default(),
        };
        self.push(Draft {
            requires,
            changes,
            reversible: switch.reversible,
            downtime_seconds: if switch.runs() { SETUP_SECONDS } else { 0 },
            privilege: "the agent's account: administrator on the host, and on SQL Server the right to add a login and \
                        db_owner",
            ..switch.draft(
                format!("{}, by setup of {} in change mode", switch.runs_as(), setup.product),
                action,
            )
        })
    }
}
