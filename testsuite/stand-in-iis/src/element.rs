//! XML as a tree of elements with attributes; text between them does not occur in a configuration.

use anyhow::Context;

/// An element.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    /// Its name.
    pub tag: String,
    /// In the order of the file.
    pub attributes: Vec<(String, String)>,
    /// In the order of the file.
    pub children: Vec<Element>,
}

impl Element {
    /// Reads a document.
    ///
    /// # Errors
    /// When it is no XML.
    pub fn parse(text: &str) -> anyhow::Result<Self> {
        let document = roxmltree::Document::parse(text).context("no XML")?;
        Ok(Self::of(document.root_element()))
    }

    fn of(node: roxmltree::Node<'_, '_>) -> Self {
        let attributes = node.attributes();
        Self {
            tag: node.tag_name().name().to_owned(),
            attributes: attributes
                .map(|attribute| (attribute.name().to_owned(), attribute.value().to_owned()))
                .collect(),
            children: node
                .children()
                .filter(|child| child.is_element())
                .map(Self::of)
                .collect(),
        }
    }

    /// A new element.
    pub fn new(tag: &str, attributes: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            tag: tag.to_owned(),
            attributes: attributes.iter().map(owned).collect(),
            children: Vec::new(),
        }
    }

    /// With these children.
    #[must_use]
    pub fn with(mut self, children: Vec<Element>) -> Self {
        self.children = children;
        self
    }

    /// An attribute's value.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Sets an attribute; an empty value takes it away.
    pub fn set(&mut self, name: &str, value: &str) {
        self.attributes
            .retain(|(known, _)| known != name || !value.is_empty());
        match self.attributes.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => value.clone_into(old),
            None if value.is_empty() => {}
            None => self.attributes.push((name.to_owned(), value.to_owned())),
        }
    }

    /// The first child of that name.
    pub fn child(&self, tag: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.tag == tag)
    }

    /// Where the first child of that name is.
    pub fn place_of(&self, tag: &str) -> Option<usize> {
        self.children.iter().position(|child| child.tag == tag)
    }

    /// The first child of that name; one is made where there is none.
    pub fn child_or_new(&mut self, tag: &str) -> &mut Self {
        let place = self.place_of(tag).unwrap_or_else(|| {
            self.children.push(Self::new(tag, &[]));
            self.children.len() - 1
        });
        &mut self.children[place]
    }

    /// The document.
    pub fn to_text(&self) -> String {
        let mut text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned();
        self.write(&mut text, 0);
        text
    }

    fn write(&self, text: &mut String, depth: usize) {
        let margin = "    ".repeat(depth);
        text.push_str(&format!("{margin}<{}", self.tag));
        for (name, value) in &self.attributes {
            text.push_str(&format!(" {name}=\"{}\"", escaped(value)));
        }
        if self.children.is_empty() {
            text.push_str(" />\n");
            return;
        }
        text.push_str(">\n");
        self.children
            .iter()
            .for_each(|child| child.write(text, depth + 1));
        text.push_str(&format!("{margin}</{}>\n", self.tag));
    }
}

fn escaped(value: &str) -> String {
    let value = value.replace('&', "&amp;").replace('<', "&lt;");
    value.replace('"', "&quot;").replace('\n', "&#10;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let pool = Element::new("add", &[("name", "a \"b\" <c> & d")]);
        let tree = Element::new("configuration", &[]).with(vec![pool]);
        assert_eq!(Element::parse(&tree.to_text()).unwrap(), tree);
    }

    #[test]
    fn an_empty_value_takes_an_attribute_away() {
        let mut element = Element::new("a", &[("x", "1"), ("y", "2")]);
        element.set("x", "");
        element.set("z", "");
        element.set("y", "3");
        assert_eq!(element, Element::new("a", &[("y", "3")]));
    }
}
