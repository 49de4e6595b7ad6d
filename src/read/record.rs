//! One record or sidecar: which JSON keys mean what, read leniently.
//!
//! Beside the names of the record format, the usual names of crawlers' exports and of schema.org articles are accepted.
//! A value of an unexpected type is passed over and never held, so that memory stays within the record's own size.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::surrogates;

/// What a JSON object said; empty strings count as absent.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub html: Option<String>,
    pub text: Option<String>,
    /// Bodies whose name does not say whether they are markup.
    pub either: Option<String>,
    pub id: Option<String>,
    pub url: Option<String>,
    pub title: Option<String>,
    pub authors: Vec<String>,
    pub date: Option<String>,
    pub site: Option<String>,
    pub language: Option<String>,
    pub fetched_at: Option<String>,
}

impl Fields {
    /// Reads one JSON object.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json).or_else(|error| match surrogates::replace_lone(json) {
            Some(whole) => serde_json::from_str(&whole),
            None => Err(error),
        })
    }

    /// The fields that `self` lacks, from `other`; says whether any was taken.
    pub fn fill_from(&mut self, other: Fields) -> bool {
        let mut taken = false;
        let pairs = [
            (&mut self.id, other.id),
            (&mut self.url, other.url),
            (&mut self.title, other.title),
            (&mut self.date, other.date),
            (&mut self.site, other.site),
            (&mut self.language, other.language),
            (&mut self.fetched_at, other.fetched_at),
        ];
        for (mine, theirs) in pairs {
            if mine.is_none() && theirs.is_some() {
                *mine = theirs;
                taken = true;
            }
        }
        if self.authors.is_empty() && !other.authors.is_empty() {
            self.authors = other.authors;
            taken = true;
        }
        taken
    }

    fn is_bare(&self) -> bool {
        let Self { url, title, date, site, language, fetched_at, id, authors, .. } = self;
        authors.is_empty() && [url, title, date, site, language, fetched_at, id].iter().all(|field| field.is_none())
    }

    /// Whether the object said anything but a body.
    pub fn has_metadata(&self) -> bool {
        !self.is_bare()
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor)
    }
}

struct FieldsVisitor;

impl<'de> Visitor<'de> for FieldsVisitor {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut fields = Fields::default();
        let mut ranked = Ranked::default();
        while let Some(key) = map.next_key::<Key>()? {
            let (slot, rank) = match key {
                Key::Unknown => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
                Key::Authors => {
                    let Names(names) = map.next_value()?;
                    if fields.authors.is_empty() {
                        fields.authors = names;
                    }
                    continue;
                }
                Key::Field(field, rank) => (field, rank),
            };
            let value = match map.next_value::<Scalar>()? {
                Scalar::Text(text) => Some(text),
                // A number names an article, and is none.
                Scalar::Number(_) if matches!(slot, Field::Html | Field::Text | Field::Either) => None,
                Scalar::Number(number) => Some(number),
                Scalar::Absent => None,
            };
            let at = &mut ranked.0[slot as usize];
            // Of a key that stands twice the last counts, as for other readers of JSON.
            if let Some(value) = value
                && at.as_ref().is_none_or(|(held, _)| rank <= *held)
            {
                *at = Some((rank, value));
            }
        }
        let mut take = |field: Field| ranked.0[field as usize].take().map(|(_, value)| value);
        fields.html = take(Field::Html);
        fields.text = take(Field::Text);
        fields.either = take(Field::Either);
        fields.id = take(Field::Id);
        fields.url = take(Field::Url);
        fields.title = take(Field::Title);
        fields.date = take(Field::Date);
        fields.site = take(Field::Site);
        fields.language = take(Field::Language);
        fields.fetched_at = take(Field::FetchedAt);
        Ok(fields)
    }
}

/// For each field, the best-ranked key seen so far and its value.
#[derive(Default)]
struct Ranked([Option<(u8, String)>; 10]);

#[derive(Clone, Copy)]
enum Field {
    Html,
    Text,
    Either,
    Id,
    Url,
    Title,
    Date,
    Site,
    Language,
    FetchedAt,
}

enum Key {
    /// A field, and the rank of this name among those of the same field: 0 wins.
    Field(Field, u8),
    Authors,
    Unknown,
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;
        impl Visitor<'_> for KeyVisitor {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_str<E>(self, key: &str) -> Result<Key, E> {
                Ok(Key::named(key))
            }
        }
        deserializer.deserialize_identifier(KeyVisitor)
    }
}

impl Key {
    fn named(key: &str) -> Self {
        let (field, rank) = match key {
            "html" => (Field::Html, 0),
            "raw_html" => (Field::Html, 1),
            "text" => (Field::Text, 0),
            "maintext" => (Field::Text, 1),
            "content" => (Field::Either, 0),
            "body" => (Field::Either, 1),
            "articleBody" => (Field::Either, 2),
            "id" => (Field::Id, 0),
            "url" => (Field::Url, 0),
            "title" => (Field::Title, 0),
            "headline" => (Field::Title, 1),
            "authors" | "author" => return Self::Authors,
            "date_published" => (Field::Date, 0),
            "date" => (Field::Date, 1),
            "datePublished" => (Field::Date, 2),
            "date_publish" | "publish_date" | "published_at" => (Field::Date, 3),
            "site" => (Field::Site, 0),
            "source_domain" | "hostname" => (Field::Site, 1),
            "language" => (Field::Language, 0),
            "inLanguage" | "lang" => (Field::Language, 1),
            "fetched_at" => (Field::FetchedAt, 0),
            "date_download" => (Field::FetchedAt, 1),
            _ => return Self::Unknown,
        };
        Self::Field(field, rank)
    }
}

/// A string that is not blank, or a number as it is written; anything else is absent, lists and objects are read past.
enum Scalar {
    Text(String),
    Number(String),
    Absent,
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

/// The names in a string, a list of strings, an object with a `name`, or a list of such objects.
struct Names(Vec<String>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NamesVisitor).map(Self)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Scalar, E> {
        self.visit_string(value.to_owned())
    }

    fn visit_string<E>(self, value: String) -> Result<Scalar, E> {
        Ok(if value.trim().is_empty() { Scalar::Absent } else { Scalar::Text(value) })
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        // As JSON writes it: never hundreds of zeros for an exponent.
        Ok(serde_json::Number::from_f64(value).map_or(Scalar::Absent, |number| Scalar::Number(number.to_string())))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Scalar, E> {
        Ok(Scalar::Absent)
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Scalar, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Absent)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Scalar, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Absent)
    }
}

struct NamesVisitor;

impl<'de> Visitor<'de> for NamesVisitor {
    type Value = Vec<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name, or a list of names")
    }

    fn visit_str<E>(self, value: &str) -> Result<Vec<String>, E> {
        Ok(if value.trim().is_empty() { Vec::new() } else { vec![value.to_owned()] })
    }

    fn visit_i64<E>(self, _: i64) -> Result<Vec<String>, E> {
        Ok(Vec::new())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Vec<String>, E> {
        Ok(Vec::new())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Vec<String>, E> {
        Ok(Vec::new())
    }

    fn visit_bool<E>(self, _: bool) -> Result<Vec<String>, E> {
        Ok(Vec::new())
    }

    fn visit_unit<E>(self) -> Result<Vec<String>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<String>, A::Error> {
        let mut names = Vec::new();
        // serde_json bounds how deep lists of lists may go.
        while let Some(Names(mut more)) = seq.next_element()? {
            names.append(&mut more);
        }
        Ok(names)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vec<String>, A::Error> {
        let mut name = None;
        while let Some(key) = map.next_key::<String>()? {
            if key == "name" && name.is_none() {
                name = match map.next_value()? {
                    Scalar::Text(name) | Scalar::Number(name) => Some(name),
                    Scalar::Absent => None,
                };
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(name.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authors_come_as_a_string_a_list_or_objects() {
        let authors = |json: &str| Fields::parse(json).expect("valid JSON").authors;
        assert_eq!(authors(r#"{"author": "Ann Lee"}"#), ["Ann Lee"]);
        assert_eq!(authors(r#"{"authors": ["Ann Lee", "", "Bo Ek"]}"#), ["Ann Lee", "Bo Ek"]);
        assert_eq!(authors(r#"{"author": {"@type": "Person", "name": "Ann Lee"}}"#), ["Ann Lee"]);
        assert_eq!(authors(r#"{"author": [{"name": "Ann Lee"}, {"url": "x"}, 7, null]}"#), ["Ann Lee"]);
    }

    #[test]
    fn the_better_name_wins_in_any_order_and_an_empty_value_is_absent() {
        let fields = Fields::parse(r#"{"date": "b", "date_published": "a", "title": " ", "headline": "t"}"#).unwrap();
        assert_eq!(fields.date.as_deref(), Some("a"));
        assert_eq!(fields.title.as_deref(), Some("t"));
    }

    #[test]
    fn a_number_is_an_id_and_other_types_are_passed_over() {
        let fields =
            Fields::parse(r#"{"id": 17, "url": ["x"], "title": {"a": [1]}, "site": null, "x": [[{}]]}"#).unwrap();
        assert_eq!(fields.id.as_deref(), Some("17"));
        assert_eq!((fields.url, fields.title, fields.site), (None, None, None));
        let fields = Fields::parse(r#"{"html": 0, "text": "a", "title": "x", "title": "y"}"#).unwrap();
        assert_eq!((fields.html, fields.text.as_deref(), fields.title.as_deref()), (None, Some("a"), Some("y")));
    }

    #[test]
    fn half_an_emoji_costs_that_character_and_not_the_record() {
        let fields = Fields::parse(r#"{"title": "A bridge \ud83d", "text": "b", "x\udc00": 1}"#).expect("a record");
        assert_eq!(fields.title.as_deref(), Some("A bridge \u{fffd}"));
    }

    #[test]
    fn nesting_past_the_bound_is_an_error_and_no_overflow() {
        for open in ["[", "{\"a\":"] {
            let json = format!("{{\"author\": {}", open.repeat(100_000));
            assert!(Fields::parse(&json).is_err());
        }
    }
}
