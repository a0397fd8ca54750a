//! The domain controllers that a seed starts with.

use super::LabSeed;
use crate::lab::LabError;
use crate::store::Store;
use crate::store::dn;
use crate::store::schema::Attr;

/// Of an estate that was discovered or exported at most so many are simulated: each has a copy of everything.
pub(super) const MOST: usize = 8;

impl LabSeed {
    /// The host names of all domain controllers, the one that clients know first, read-only ones last.
    pub fn controllers(&self) -> impl Iterator<Item = &str> {
        let others = self.other_controllers.iter();
        let others = others.chain(&self.read_only_controllers);
        [self.controller.as_str()]
            .into_iter()
            .chain(others.map(String::as_str))
    }

    /// How many domain controllers take changes.
    #[must_use]
    pub fn writable_controllers(&self) -> usize {
        1 + self.other_controllers.len()
    }

    /// Adds writable domain controllers until there are so many: `DC2` and so on, where no computer has that name.
    ///
    /// # Errors
    /// [`LabError::Seed`] where there are more already: what refers to them would lead nowhere.
    pub fn grow_to(&mut self, count: usize) -> Result<(), LabError> {
        let names = self.new_names("DC", self.writable_controllers(), count)?;
        self.other_controllers.extend(names);
        Ok(())
    }

    /// Adds read-only domain controllers until there are so many: `RODC1` and so on.
    ///
    /// # Errors
    /// As [`LabSeed::grow_to`].
    pub fn grow_read_only_to(&mut self, count: usize) -> Result<(), LabError> {
        let names = self.new_names("RODC", self.read_only_controllers.len(), count)?;
        self.read_only_controllers.extend(names);
        Ok(())
    }

    /// So many names as are lacking, numbered from the next on.
    fn new_names(&self, prefix: &str, there: usize, count: usize) -> Result<Vec<String>, LabError> {
        if count < there {
            let why = format!("it has {there} domain controllers, and cannot have only {count}");
            return Err(LabError::Seed(why));
        }
        let first = if prefix == "DC" { 2 } else { 1 };
        let names = (first..).map(|number: usize| format!("{prefix}{number}"));
        let free = names.filter(|name| self.is_free(name));
        Ok(free.take(count - there).collect())
    }

    fn is_free(&self, host: &str) -> bool {
        let account = dn::fold(&format!("{host}$"));
        let in_store = |store: &Store| {
            !store
                .find(Attr::SamAccountName, account.as_bytes())
                .is_empty()
        };
        let of_objects =
            |object: &super::SeedObject| object.account_name().as_ref() == Some(&account);
        let known = self
            .controllers()
            .any(|known| known.eq_ignore_ascii_case(host));
        !known && !self.objects.iter().any(of_objects) && !self.store.as_ref().is_some_and(in_store)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_taken_are_left_to_their_computers() {
        let mut seed = LabSeed::new("contoso.com", "CONTOSO", b"Lab-Admin-Pa55");
        seed.computer("DC2");
        seed.grow_to(3).unwrap();
        assert_eq!(
            seed.controllers().collect::<Vec<_>>(),
            ["DC1", "DC3", "DC4"]
        );
        assert!(seed.grow_to(2).is_err());
        seed.computer("RODC1");
        seed.grow_read_only_to(1).unwrap();
        assert_eq!(seed.controllers().last(), Some("RODC2"));
        assert_eq!(seed.writable_controllers(), 3);
    }
}
