//! Attributes with more values than a server gives at once.
//!
//! [MS-ADTS] 3.1.1.3.1.3.3 Range Retrieval of Attribute Values: of a group with 5,000 members Active Directory
//! answers `member` with no values and `member;range=0-1499` with the first 1,500. Without this, a list would be
//! silently partial.

use crate::client::Client;
use crate::entry::{Attribute, Entry};
use crate::error::{Error, Operation};
use crate::search::Search;

/// Replaces every first range by the whole attribute, under its plain name.
pub(crate) async fn complete(client: &Client, entries: &mut [Entry]) -> Result<(), Error> {
    for entry in entries {
        let ranged = |attribute: &Attribute| Range::parse(attribute.name()).is_some();
        while let Some(position) = entry.attributes.iter().position(ranged) {
            let first = entry.attributes.swap_remove(position);
            let Some(range) = Range::parse(first.name()) else {
                continue;
            };
            let name = range.attribute.to_owned();
            entry
                .attributes
                .retain(|attribute| !attribute.name().eq_ignore_ascii_case(&name));
            let mut whole = first.clone().renamed(&name);
            let mut last = range.last;
            while let Some(end) = last {
                let (more, next) = fetch(client, entry, &name, end).await?;
                whole.append(more);
                last = next;
            }
            entry.attributes.push(whole);
        }
    }
    Ok(())
}

/// The values after number `end`, and the number of the last of them unless they are all.
async fn fetch(
    client: &Client,
    entry: &Entry,
    name: &str,
    end: u32,
) -> Result<(Attribute, Option<u32>), Error> {
    let wanted = format!("{name};range={}-*", end.saturating_add(1));
    let search = Search::entry(entry.dn.clone()).attributes([wanted]);
    let (result, _) = client.search_once(&search, &[]).await?;
    let attributes = result
        .entries
        .into_iter()
        .flat_map(|entry| entry.attributes);
    for attribute in attributes {
        let Some(range) = Range::parse(attribute.name())
            .filter(|range| range.attribute.eq_ignore_ascii_case(name))
        else {
            continue;
        };
        let last = range.last;
        if last.is_none_or(|last| last > end) {
            return Ok((attribute, last));
        }
    }
    let detail = format!("it does not hand out all values of {name}");
    Err(Error::Protocol {
        operation: Operation::Search,
        ambiguous: false,
        detail,
    })
}

/// `attribute;range=first-last`; `last` is `None` for `*`, the end of the list.
#[derive(Debug, PartialEq, Eq)]
struct Range<'a> {
    attribute: &'a str,
    last: Option<u32>,
}

impl<'a> Range<'a> {
    fn parse(description: &'a str) -> Option<Self> {
        let (attribute, option) = description.rsplit_once(';')?;
        let (first, last) = option.strip_prefix("range=")?.split_once('-')?;
        first.parse::<u32>().ok()?;
        let last = if last == "*" {
            None
        } else {
            Some(last.parse().ok()?)
        };
        Some(Self { attribute, last })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_told_from_other_options() {
        assert_eq!(
            Range::parse("member;range=0-1499"),
            Some(Range {
                attribute: "member",
                last: Some(1499)
            })
        );
        assert_eq!(
            Range::parse("member;range=1500-*"),
            Some(Range {
                attribute: "member",
                last: None
            })
        );
        assert_eq!(
            Range::parse("userCertificate;binary;range=0-9").map(|range| range.attribute),
            Some("userCertificate;binary")
        );
        for other in [
            "member",
            "userCertificate;binary",
            "member;range=",
            "member;range=a-b",
            "member;range=0",
        ] {
            assert_eq!(Range::parse(other), None, "{other}");
        }
    }
}
