//! `gmsactl sql sweep`: every database that a conversion's components have, each judged as a plan would judge it.

use std::path::PathBuf;

use clap::Args;
use model::intent::{Conversion, Intent};
use model::inventory::Inventory;
use model::names::{HostName, LogonAccount};
use planner::Profile;
use planner::database::wanted;

use crate::cmd::Done;
use crate::documents::{SqlSweep, SweptDatabase};
use crate::error::exit;
use crate::inputs;
use crate::options::Global;
use crate::session::Session;
use crate::view::{Output, human};

/// Arguments of `sql sweep`.
#[derive(Debug, Args)]
pub struct Sweep {
    /// The conversions [default: conversion.toml beside the estate or here; else a proposal from what is found].
    #[arg(long, value_name = "FILE")]
    intent: Option<PathBuf>,
}

/// Looks; exit code 1 where some account lacks something, or could not be judged.
pub async fn run(args: &Sweep, global: &Global, output: &Output) -> Done {
    let session = Session::new(global)?;
    let intent = inputs::intent(args.intent.as_deref(), global)?.map(|(_, intent)| intent);
    let world = session.world(&[]).await?;
    let inventory = session.discover(&world, intent.as_ref()).await?;
    let profiles = session.profiles();
    let intent = intent.unwrap_or_else(|| planner::propose(&inventory, &profiles));
    let databases = swept(&inventory, &intent, &profiles);
    let document = SqlSweep {
        holds: databases.iter().all(SweptDatabase::holds),
        databases,
    };
    output.document(&document, human::sql_sweep);
    Ok(if document.holds { 0 } else { exit::REFUSED })
}

fn swept(inventory: &Inventory, intent: &Intent, profiles: &[&dyn Profile]) -> Vec<SweptDatabase> {
    let mut all: Vec<SweptDatabase> = Vec::new();
    for conversion in &intent.conversions {
        let mut profiles = profiles.iter();
        let profile = profiles.find(|profile| *profile.component() == conversion.component);
        let Some(profile) = profile else { continue };
        for host in &conversion.hosts {
            let found = judged(inventory, conversion, *profile, host);
            let known = |found: &SweptDatabase| {
                let same = |it: &SweptDatabase| {
                    (&it.component, &it.database) == (&found.component, &found.database)
                };
                all.iter().any(same)
            };
            all.extend(found.filter(|found| !known(found)));
        }
    }
    all
}

/// A component's database as one of its hosts names it.
fn judged(
    inventory: &Inventory,
    conversion: &Conversion,
    profile: &dyn Profile,
    host: &HostName,
) -> Option<SweptDatabase> {
    let host = inventory.host(host)?;
    let place = profile.database(host)?;
    let netbios = &inventory.domain.netbios_name;
    let account = LogonAccount::domain(netbios, conversion.gmsa.sam_account_name());
    let carried = host.carried(profile.carrier());
    let old = carried.map(|carried| carried.logon_account());
    let old = old.filter(|old| !old.same_as(&account));
    let role = profile.database_role();
    let judged = wanted(inventory, &place, &account, old, role);
    let (judged, unknown) = match judged {
        Ok(judged) => (Some(judged), None),
        Err(why) => (None, Some(why)),
    };
    let obstacle = judged.as_ref().and_then(|it| it.obstacle.as_ref());
    Some(SweptDatabase {
        component: conversion.component.clone(),
        database: place,
        account: account.to_string(),
        like: old.map(ToString::to_string),
        unknown,
        obstacle: obstacle.map(|check| check.detail.clone()),
        lacks: judged
            .as_ref()
            .map_or_else(Vec::new, |it| it.repairs.clone()),
        not_copied: judged.map_or_else(Vec::new, |it| it.not_copied),
    })
}
