//! An answer in XML as a tree, for the services that answer in XML.

use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};

/// An element with its text and the elements in it.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Node {
    name: String,
    text: String,
    children: Vec<Node>,
}

/// No answer of AWS is as deep.
const DEEPEST: usize = 64;

impl Node {
    /// Reads a document; `None` if it is not valid XML.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let mut reader = Reader::from_str(text);
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().ok()? {
                Event::Start(element) if open.len() < DEEPEST => {
                    let name = String::from_utf8_lossy(element.local_name().as_ref()).into_owned();
                    open.push(Self { name, ..Self::default() });
                }
                Event::Start(_) => return None,
                Event::Empty(element) => {
                    let name = String::from_utf8_lossy(element.local_name().as_ref()).into_owned();
                    open.last_mut()?.children.push(Self { name, ..Self::default() });
                }
                Event::End(_) => {
                    let node = open.pop()?;
                    open.last_mut()?.children.push(node);
                }
                Event::Text(text) => open.last_mut()?.text.push_str(&text.xml_content(XmlVersion::Explicit1_0).ok()?),
                Event::CData(text) => open.last_mut()?.text.push_str(&text.xml_content(XmlVersion::Explicit1_0).ok()?),
                Event::GeneralRef(reference) => {
                    let character = match reference.resolve_char_ref().ok()? {
                        Some(character) => character,
                        None => match reference.decode().ok()?.as_ref() {
                            "lt" => '<',
                            "gt" => '>',
                            "amp" => '&',
                            "quot" => '"',
                            "apos" => '\'',
                            _ => return None,
                        },
                    };
                    open.last_mut()?.text.push(character);
                }
                Event::Eof => break,
                _ => {}
            }
        }
        if open.len() == 1 { open.pop()?.children.pop() } else { None }
    }

    /// The element at a path of names.
    #[must_use]
    pub fn at(&self, path: &str) -> Option<&Self> {
        path.split('/').try_fold(self, |node, name| node.children.iter().find(|child| child.name == name))
    }

    /// The text at a path, if there is any.
    #[must_use]
    pub fn text(&self, path: &str) -> Option<&str> {
        self.at(path).map(|node| node.text.trim()).filter(|text| !text.is_empty())
    }

    /// The text at a path, or nothing.
    #[must_use]
    pub fn owned(&self, path: &str) -> String {
        self.text(path).unwrap_or_default().to_owned()
    }

    /// Whether the text at a path is `true`.
    #[must_use]
    pub fn is_true(&self, path: &str) -> bool {
        self.text(path).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// What is in the list at a path, whatever its items are called.
    #[must_use]
    pub fn items(&self, path: &str) -> &[Self] {
        self.at(path).map_or(&[], |node| &node.children)
    }

    /// Its own text.
    #[must_use]
    pub fn own_text(&self) -> &str {
        self.text.trim()
    }

    /// The first element of that name at any depth.
    #[must_use]
    pub fn anywhere(&self, name: &str) -> Option<&Self> {
        self.children.iter().find_map(|child| if child.name == name { Some(child) } else { child.anywhere(name) })
    }

    /// The contents of the element that wraps an action's answer.
    #[must_use]
    pub fn unwrapped(self, action: &str) -> Self {
        let wrapper = format!("{action}Result");
        match self.children.iter().position(|child| child.name == wrapper) {
            Some(index) => self.children.into_iter().nth(index).unwrap_or_default(),
            None => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_trees() {
        let text = "<?xml version=\"1.0\"?><r xmlns=\"u\"><DescribeResult><Clusters><Cluster><Id>a&amp;b &#x41;</Id><Open>true</Open>\
                    </Cluster><Cluster/></Clusters></DescribeResult></r>";
        let node = Node::parse(text).unwrap().unwrapped("Describe");
        assert_eq!(node.items("Clusters").len(), 2);
        let first = &node.items("Clusters")[0];
        assert_eq!((first.text("Id"), first.is_true("Open"), first.text("Nothing")), (Some("a&b A"), true, None));
        assert_eq!(node.anywhere("Id").map(Node::own_text), Some("a&b A"));
    }

    #[test]
    fn texts_of_elements_are_unescaped_once() {
        let node = Node::parse("<a><DbPassword>a&amp;lt;&lt;</DbPassword></a>").unwrap();
        assert_eq!(node.anywhere("DbPassword").map(Node::own_text), Some("a&lt;<"));
    }

    #[test]
    fn what_is_no_document_is_none() {
        for text in ["", "plain", "<a>", "<a></b>", "<a>&unknown;</a>", &"<a>".repeat(100)] {
            assert_eq!(Node::parse(text), None, "{text}");
        }
    }
}
