//! The document's text, read into tokens: what the scanner makes of it, before any object is made.

use heapbench_objects::text::Characters;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::fmt;

/// A document.
#[derive(Debug, Default)]
pub(super) struct Document {
    /// A container is followed by its items: by a key and a value for each entry of a dict.
    pub(super) tokens: Vec<Token>,
    /// How many values it has, containers included and keys not.
    pub(super) values: u64,
}

/// A value or a key.
#[derive(Debug)]
pub(super) enum Token {
    Null,
    Truth(bool),
    Int(i128),
    Float(f64),
    Text(Text),
    Key(Text),
    /// A list of so many items.
    List(u32),
    /// A dict of so many entries, equal keys counted each.
    Dict(u32),
}

/// A str.
#[derive(Debug)]
pub(super) enum Text {
    /// Which the interpreter has: empty, or one character of Latin-1.
    Shared(String),
    New(Characters),
}

impl Text {
    fn new(text: &str) -> Text {
        let mut characters = text.chars();
        match (characters.next(), characters.next()) {
            (None | Some('\0'..='\u{ff}'), None) => Text::Shared(text.to_string()),
            _ => Text::New(Characters::new(text)),
        }
    }
}

/// Reads a text.
///
/// # Errors
/// It is no JSON, or nested more than 127 levels deep.
pub(super) fn read(text: &[u8]) -> serde_json::Result<Document> {
    let mut document = Document::default();
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    Value(&mut document).deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(document)
}

/// The next value of the text, to be added to the document.
struct Value<'d>(&'d mut Document);

impl Value<'_> {
    fn add<E>(self, token: Token) -> Result<(), E> {
        self.0.values += 1;
        self.0.tokens.push(token);
        Ok(())
    }

    /// Adds a container whose length is not known yet: its place.
    fn open(&mut self, token: Token) -> usize {
        self.0.values += 1;
        self.0.tokens.push(token);
        self.0.tokens.len() - 1
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.add(Token::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.add(Token::Truth(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.add(Token::Int(value.into()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.add(Token::Int(value.into()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        self.add(Token::Float(value))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.add(Token::Text(Text::new(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        let place = self.open(Token::List(0));
        let mut length = 0;
        while items.next_element_seed(Value(self.0))?.is_some() {
            length += 1;
        }
        self.0.tokens[place] = Token::List(length);
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut entries: A) -> Result<(), A::Error> {
        let place = self.open(Token::Dict(0));
        let mut length = 0;
        while entries.next_key_seed(Key(self.0))?.is_some() {
            entries.next_value_seed(Value(self.0))?;
            length += 1;
        }
        self.0.tokens[place] = Token::Dict(length);
        Ok(())
    }
}

/// The next key of the text, to be added to the document.
struct Key<'d>(&'d mut Document);

impl<'de> DeserializeSeed<'de> for Key<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        self.0.tokens.push(Token::Key(Text::new(value)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_says_how_much_follows() {
        let document = read(br#" {"a": [1, -2.5, "", "xy"], "bc": {}, "a": null} "#).unwrap();
        assert_eq!(document.values, 8, "keys are no values");
        let tokens = document.tokens.iter().map(|token| match token {
            Token::Text(Text::Shared(text)) => format!("shared {text:?}"),
            Token::Text(Text::New(_)) => "new".to_string(),
            Token::Key(Text::Shared(text)) => format!("key {text}"),
            Token::Key(Text::New(_)) => "new key".to_string(),
            other => format!("{other:?}"),
        });
        let expected = [
            "Dict(3)",
            "key a",
            "List(4)",
            "Int(1)",
            "Float(-2.5)",
            "shared \"\"",
            "new",
            "new key",
            "Dict(0)",
            "key a",
            "Null",
        ];
        assert_eq!(tokens.collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_no_document_is_refused() {
        for text in ["", "[1", "{} {}", "[1,]", "{1: 2}", &"[".repeat(200)] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
