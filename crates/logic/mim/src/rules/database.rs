//! Rules about a component's database: whether the plan lets the gMSA in, and whether it can.

use model::database::DatabasePlace;
use model::finding::Finding;
use model::intent::Strategy;
use planner::database::{Judged, quoted_name, wanted};
use planner::{HostView, Profile};

use super::{DATABASE_LOGIN, DATABASE_RIGHT, NOT_COPIED, SETUP_RIGHTS};
use crate::component::Component;

pub(super) fn findings(component: &Component, view: &HostView<'_>) -> Vec<Finding> {
    if component.entry.database.is_none() {
        return Vec::new();
    }
    let Some(place) = component.database(view.host) else {
        if view.conversion.strategy != Strategy::Direct {
            return Vec::new();
        }
        let place = DatabasePlace {
            server: "the product's database server".to_owned(),
            database: "the product's database".to_owned(),
        };
        let why = "the registry does not name it";
        return vec![unknown(component, view, &place, why)];
    };
    let old = view.carried.logon_account();
    let role = component.database_role();
    match wanted(view.inventory, &place, view.gmsa, Some(old), role) {
        Ok(judged) => judged_so(&place, view, &judged),
        Err(_) if view.conversion.strategy != Strategy::Direct => vec![setup_rights(view, &place)],
        Err(why) => vec![unknown(component, view, &place, &why)],
    }
}

fn judged_so(place: &DatabasePlace, view: &HostView<'_>, judged: &Judged) -> Vec<Finding> {
    let subject = || place.to_string();
    let mut findings = Vec::new();
    if let Some(obstacle) = &judged.obstacle {
        let lacks: Vec<_> = judged.repairs.iter().map(ToString::to_string).collect();
        let what = format!(
            "{}; {} lacks: {}",
            obstacle.detail,
            view.gmsa,
            lacks.join(", ")
        );
        let advice = format!(
            "plan as somebody who has that right; or let an administrator of {} run what gmsactl sql check writes with \
             --script, as soon as the gMSA is there, and plan again",
            place.server
        );
        findings.push(DATABASE_RIGHT.found(subject(), what, advice));
    }
    if !judged.not_copied.is_empty() {
        let advice =
            "give it to the gMSA or to somebody else by hand, before the old account is retired";
        findings.push(NOT_COPIED.found(subject(), judged.not_copied.join("; "), advice));
    }
    findings
}

/// Setup works on the database as whoever runs it.
fn setup_rights(view: &HostView<'_>, place: &DatabasePlace) -> Finding {
    let gmsa = view.gmsa;
    let what = "whether whoever runs setup may add a login there and db_owner of the database is not known";
    let advice = format!(
        "let gmsactl reach the server (gmsactl doctor), then the plan does both before; or have setup run by a member of \
         sysadmin of {}; or add {gmsa} as a login and db_owner of {} first (gmsactl sql check --repair)",
        place.server, place.database
    );
    SETUP_RIGHTS.found(place.to_string(), what, advice)
}

/// No step lets it in: the four statements are the operator's.
fn unknown(
    component: &Component,
    view: &HostView<'_>,
    place: &DatabasePlace,
    why: &str,
) -> Finding {
    let (gmsa, role) = (view.gmsa, component.database_role());
    let what = format!(
        "whether {gmsa} has a login and is in {role} of it is not known, and no step of the plan sees to it: {why}"
    );
    let name = quoted_name(&gmsa.to_string());
    let advice = format!(
        "let gmsactl reach the server (gmsactl doctor), and plan again; or on {}, as soon as the gMSA is there and before \
         the service is switched: CREATE LOGIN {name} FROM WINDOWS; USE {}; CREATE USER {name} FOR LOGIN {name}; \
         ALTER ROLE {role} ADD MEMBER {name}; and every other role that the old account's login has",
        place.server,
        quoted_name(&place.database)
    );
    DATABASE_LOGIN.found(place.to_string(), what, advice)
}
