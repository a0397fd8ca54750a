//! Comparisons and searches.

use ldap::Scope;

use super::{Class, Generator, filters};
use crate::differential::operation::{Request, Search};

impl Generator {
    pub(super) fn compare(&mut self) -> Request {
        let (name, class) = self.known();
        let name = if self.random.chance(5) {
            self.any_name()
        } else {
            name
        };
        let attribute = match self.random.below(12) {
            0 => "objectClass",
            1 => "noSuchAttribute",
            2 => "unicodePwd",
            3 => "name",
            _ => self.attribute_of(class),
        };
        let odd = self.random.chance(20);
        let value = self.values(attribute, 1, odd).remove(0);
        Request::Compare {
            name,
            attribute,
            value,
        }
    }

    pub(super) fn search(&mut self) -> Request {
        let base = match self.random.below(10) {
            0 => self.any_name(),
            1..=3 => self.known().0,
            _ => "{ou}".to_owned(),
        };
        let scope =
            self.random
                .pick(&[Scope::Base, Scope::OneLevel, Scope::Subtree, Scope::Subtree]);
        let target = self.any_name();
        let filter = filters::filter(&mut self.random, &target, 2);
        let attributes: &[&'static str] = self.random.pick(&[
            &["cn"][..],
            &[],
            &["*"],
            &["1.1"],
            &["sAMAccountName", "memberOf", "objectSid"],
            &["member;range=0-0", "servicePrincipalName"],
            &["noSuchAttribute", "name"],
            &["distinguishedName", "objectClass", "primaryGroupID"],
        ]);
        let mut attributes = attributes.to_vec();
        let descriptor_parts = self.random.chance(10).then(|| {
            attributes = vec!["nTSecurityDescriptor"];
            self.random.pick(&[1, 2, 4, 5, 7])
        });
        let page = self
            .random
            .chance(25)
            .then(|| self.random.pick(&[1, 2, 100]));
        let limit = match page {
            None if self.random.chance(8) => self.random.pick(&[1, 2, 50]),
            _ => 0,
        };
        Request::Search(Search {
            base,
            scope,
            filter,
            attributes,
            page,
            limit,
            descriptor_parts,
        })
    }

    pub(super) fn read_password(&mut self) -> Request {
        let base = match self.known_of(Class::Gmsa) {
            Some(gmsa) if !self.random.chance(10) => gmsa,
            _ => self.known().0,
        };
        Request::Search(Search {
            base,
            scope: Scope::Base,
            filter: "(objectClass=*)".to_owned(),
            attributes: vec!["msDS-ManagedPassword"],
            page: None,
            limit: 0,
            descriptor_parts: None,
        })
    }
}
