//! The catalogue's file: what can be converted, and what is refused by name.

use serde::Deserialize;

use crate::component::Component;
use crate::excluded::Excluded;

const DATA: &str = include_str!("../data/components.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Data {
    component: Vec<Component>,
    refused: Vec<Excluded>,
}

/// All components that gmsactl can convert.
///
/// # Errors
/// Where the built-in data cannot be read: a defect of this build, which its tests exclude.
pub fn catalogue() -> Result<Vec<Component>, toml::de::Error> {
    Ok(toml::from_str::<Data>(DATA)?.component)
}

/// What of MIM cannot run under a gMSA, and what to do instead.
///
/// # Errors
/// As [`catalogue`].
pub fn refused() -> Result<Vec<Excluded>, toml::de::Error> {
    Ok(toml::from_str::<Data>(DATA)?.refused)
}

#[cfg(test)]
mod tests {
    use planner::Profile;

    use super::*;

    #[test]
    fn the_catalogue_can_be_read_and_has_no_component_twice() {
        let (catalogue, refused) = (catalogue().unwrap(), refused().unwrap());
        let mut ids: Vec<_> = catalogue
            .iter()
            .map(|component| component.component().clone())
            .chain(refused.iter().map(|part| part.refusal().component))
            .collect();
        assert_eq!(ids.len(), 7 + 4);
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 7 + 4);
    }

    #[test]
    fn only_its_own_spns_belong_to_a_component() {
        let catalogue = catalogue().unwrap();
        let owns = |id: &str, spn: &str| {
            let mut all = catalogue.iter();
            let found = all.find(|component| component.component().as_str() == id);
            found.unwrap().owns(&spn.parse().unwrap())
        };
        assert!(owns("sync", "pcnsclnt/mimsync01.contoso.com"));
        assert!(!owns("sync", "HTTP/mimsync01.contoso.com"));
        assert!(owns("service", "FIMService/mimservice"));
        assert!(!owns("service", "HTTP/mimservice"));
        assert!(owns("sspr-reset", "http/passwordreset.contoso.com"));
        assert!(!owns("pam-monitoring", "HTTP/pamapi.contoso.com"));
    }
}
