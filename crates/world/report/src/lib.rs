//! One run as one HTML page: which account each service had and has, every step, every finding.
//!
//! | item | what |
//! |---|---|
//! | [`Report`] | what is shown: nouns of `model`, and the words of who ran the plan |
//! | [`Report::to_html`] | the page |
//!
//! INVARIANT: the page needs nothing but itself: no script, no style sheet, picture or font from elsewhere.
//! INVARIANT: everything that comes from outside is escaped, and no secret is in it: its sources hold none.

mod page;

use model::finding::Finding;
use model::inventory::Inventory;
use model::plan::Plan;

/// What a page shows.
pub struct Report<'a> {
    /// Its heading.
    pub title: &'a str,
    /// Which run on which estate, when, by whom: one line.
    pub subtitle: &'a str,
    /// What matters most, a line each.
    pub summary: Vec<Verdict>,
    /// The estate before.
    pub before: &'a Inventory,
    /// The estate after.
    pub after: &'a Inventory,
    /// What was decided.
    pub plan: &'a Plan,
    /// What became of each step, in the plan's order.
    pub steps: Vec<StepDone>,
    /// What was looked at afterwards.
    pub checks: Vec<Verdict>,
    /// How long services were down; empty where nobody measured.
    pub downtime: Vec<ServiceDown>,
    /// What became of the plan with faults; empty where it was not rehearsed.
    pub faults: Vec<RehearsedFault>,
    /// What is to be known beside the plan's own findings: what was left out, and why.
    pub remarks: Vec<String>,
}

/// Something that should hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it does.
    pub holds: bool,
    /// What.
    pub what: String,
    /// What was seen.
    pub detail: String,
}

/// How long a service was down.
#[derive(Debug, Clone, PartialEq)]
pub struct ServiceDown {
    /// Where.
    pub host: String,
    /// Which.
    pub service: String,
    /// What the plan expects, in seconds.
    pub expected_seconds: u32,
    /// What was measured, in seconds.
    pub simulated_seconds: f64,
}

/// What became of the plan while something went wrong on purpose.
#[derive(Debug, Clone, PartialEq)]
pub struct RehearsedFault {
    /// The fault's name.
    pub name: String,
    /// What goes wrong.
    pub about: String,
    /// How the run ended.
    pub outcome: String,
    /// Whether nothing was left half-way.
    pub clean: bool,
    /// What was said and done, a line each.
    pub lines: Vec<String>,
    /// How long services were down in all, in seconds.
    pub down_seconds: f64,
}

/// What became of a step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepDone {
    /// The word of its state.
    pub state: String,
    /// Why it failed or waits.
    pub why: Option<String>,
    /// How long it took, in milliseconds.
    pub took_ms: Option<f64>,
}

impl Report<'_> {
    /// The page.
    ///
    /// # Errors
    /// Only where memory fails: the page is text.
    pub fn to_html(&self) -> Result<String, std::fmt::Error> {
        page::of(self)
    }

    /// The plan's findings, worst first.
    pub(crate) fn findings(&self) -> &[Finding] {
        &self.plan.findings
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inventory(account: &str, managed: bool) -> Inventory {
        let service = serde_json::json!({
            "name": "App", "display_name": "<script>App</script>", "logon_account": account, "managed_account": managed,
            "start": "automatic", "state": "running", "image_path": "", "dependants": []
        });
        let host = serde_json::json!({
            "name": "APP01", "dns_name": "app01.contoso.com", "products": [], "registry": {}, "files": {},
            "components": [], "services": [service],
            "facts": {
                "computer_name": "APP01", "os_name": "", "os_version": "", "booted": null, "clock_skew_seconds": 0,
                "agent_version": ""
            }
        });
        let inventory = serde_json::json!({
            "format": 1, "taken_at": "2026-01-01T00:00:00Z", "estate": "test", "hosts": [host],
            "domain": {
                "dns_name": "contoso.com", "netbios_name": "CONTOSO", "forest": "contoso.com", "sid": "S-1-5-21-1-2-3",
                "functional_level": 7, "domain_controllers": []
            },
            "root_keys": [], "accounts": [], "gmsas": [], "groups": [], "looked_up": [], "spns": [],
            "coverage": { "asked": [], "answered": [], "gaps": [] }
        });
        serde_json::from_value(inventory).unwrap()
    }

    fn plan() -> Plan {
        let plan = serde_json::json!({
            "format": 1, "made_by": "test", "fingerprint": "", "prior": [],
            "estate": {
                "name": "test", "domain": "contoso.com", "netbios_name": "CONTOSO", "domain_sid": "S-1-5-21-1-2-3"
            },
            "intent": { "format": 1, "conversion": [] },
            "steps": [{
                "id": "app/stop", "kind": "stop-service", "component": "app", "subject": "stop App", "requires": [],
                "changes": [{ "what": "state", "from": "running", "to": "stopped" }], "reversible": "free",
                "status": "change", "downtime_seconds": 1, "privilege": "",
                "action": { "do": "stop-service", "service": "App" }
            }],
            "findings": [{
                "id": "GMSA-060", "severity": "warns", "subject": "APP01 & more", "what": "a", "why": "b", "advice": "c",
                "source": "d"
            }]
        });
        serde_json::from_value(plan).unwrap()
    }

    fn page(state: &str, holds: bool) -> String {
        let (before, after) = (
            inventory(r"CONTOSO\svc-app", false),
            inventory(r"CONTOSO\AppGmsa$", true),
        );
        let why = (state == "failed").then(|| "error 1069".to_owned());
        let report = Report {
            title: "Title",
            subtitle: "",
            summary: vec![Verdict {
                holds,
                what: "Converted".to_owned(),
                detail: String::new(),
            }],
            before: &before,
            after: &after,
            plan: &plan(),
            steps: vec![StepDone {
                state: state.to_owned(),
                why,
                took_ms: Some(12.4),
            }],
            checks: Vec::new(),
            downtime: vec![ServiceDown {
                host: "APP01".to_owned(),
                service: "App".to_owned(),
                expected_seconds: 60,
                simulated_seconds: 181.25,
            }],
            faults: vec![RehearsedFault {
                name: "disk-full".to_owned(),
                about: "the disk is full".to_owned(),
                outcome: "unwound".to_owned(),
                clean: holds,
                lines: vec!["112 <full>".to_owned()],
                down_seconds: 0.0,
            }],
            remarks: Vec::new(),
        };
        report.to_html().unwrap()
    }

    #[test]
    fn both_accounts_steps_times_and_findings_are_shown() {
        let page = page("checked", true);
        for shown in [
            r"CONTOSO\svc-app",
            r"CONTOSO\AppGmsa$",
            "managed",
            "state: running → stopped",
            "12 ms",
            "GMSA-060 warns",
            "181.2 s",
            "disk-full",
            "112 &#60;full&#62;",
        ] {
            assert!(page.contains(shown), "{shown}: {page}");
        }
        assert!(!page.contains('✗'));
    }

    #[test]
    fn what_failed_is_shown_with_its_reason() {
        let page = page("failed", false);
        assert!(
            page.contains('✗') && page.contains("error 1069") && page.contains("state bad"),
            "{page}"
        );
    }

    #[test]
    fn what_comes_from_outside_is_escaped_and_nothing_is_fetched() {
        let page = page("checked", true);
        for forbidden in [
            "<script",
            "http:",
            "https:",
            "src=",
            "href=",
            "url(",
            "APP01 & more",
        ] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
    }
}
