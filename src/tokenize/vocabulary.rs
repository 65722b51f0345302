//! The words that a tokenizer knows, each by its id: the number of words before it.
//!
//! All words stand in one string, so that a vocabulary is read from a file without a piece of memory for each.

use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use rustc_hash::FxHasher;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::fmt;
use std::hash::Hasher;

/// Words, numbered from 0.
#[derive(Debug, Clone, Default)]
pub(super) struct Vocabulary {
    /// All words, one behind the other.
    text: String,
    /// Where each word ends in `text`.
    ends: Vec<u32>,
    /// The ids, found by the hashes of their words.
    ids: HashTable<u32>,
}

fn hash(word: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(word.as_bytes());
    hasher.finish()
}

/// Word `id` of those that stand in `text` and end at `ends`.
fn word_at<'t>(text: &'t str, ends: &[u32], id: u32) -> &'t str {
    let id = id as usize;
    let start = id.checked_sub(1).map_or(0, |before| ends[before]);
    &text[start as usize..ends[id] as usize]
}

impl Vocabulary {
    /// The number of words.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The id of `word`; `None` where it is none of them.
    pub fn id(&self, word: &str) -> Option<u32> {
        let is_it = |&id: &u32| self.word(id) == word;
        self.ids.find(hash(word), is_it).copied()
    }

    /// The word with this id.
    ///
    /// # Panics
    /// Where there are not so many words.
    pub fn word(&self, id: u32) -> &str {
        word_at(&self.text, &self.ends, id)
    }

    /// All words, by id.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        (0..self.ends.len() as u32).map(|id| self.word(id))
    }

    /// Adds `word` with the next id; returns whether it was new.
    ///
    /// # Panics
    /// Where all words together would have more than 4 GB.
    pub fn insert(&mut self, word: &str) -> bool {
        let known = |&id: &u32| word_at(&self.text, &self.ends, id);
        let is_it = |id: &u32| known(id) == word;
        let place = self.ids.entry(hash(word), is_it, |id| hash(known(id)));
        let Entry::Vacant(place) = place else {
            return false;
        };
        place.insert(self.ends.len() as u32);
        self.text.push_str(word);
        let end = u32::try_from(self.text.len()).expect("a vocabulary has less than 4 GB");
        self.ends.push(end);
        true
    }
}

/// Words by their order; what stands twice is passed over.
impl<'a> FromIterator<&'a str> for Vocabulary {
    fn from_iter<I: IntoIterator<Item = &'a str>>(words: I) -> Self {
        let mut vocabulary = Vocabulary::default();
        for word in words {
            vocabulary.insert(word);
        }
        vocabulary
    }
}

/// Read from a map of words to ids, which must stand there by id, from 0, each word once.
impl<'de> Deserialize<'de> for Vocabulary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(WordsById)
    }
}

struct WordsById;

/// A word, which is part of the file where nothing in it is escaped.
#[derive(Deserialize)]
struct Word<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Visitor<'de> for WordsById {
    type Value = Vocabulary;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str("a map of words to ids that count them")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Vocabulary, A::Error> {
        let mut vocabulary = Vocabulary::default();
        while let Some((Word(word), id)) = map.next_entry::<Word, u32>()? {
            if id as usize != vocabulary.len() || !vocabulary.insert(&word) {
                return Err(A::Error::custom("ids do not count the words"));
            }
        }
        Ok(vocabulary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_their_ids_and_ids_by_their_words() {
        let mut vocabulary = Vocabulary::default();
        let words = ["fake", "", "п'ять", "fakes"];
        assert_eq!(words.map(|word| vocabulary.insert(word)), [true; 4]);
        assert!(!vocabulary.insert("п'ять"));
        assert_eq!(vocabulary.words().collect::<Vec<_>>(), words);
        for (id, word) in (0..).zip(words) {
            assert_eq!((vocabulary.id(word), vocabulary.word(id)), (Some(id), word));
        }
        assert_eq!(vocabulary.id("fak"), None);
    }

    #[test]
    fn a_map_is_read_whose_ids_count_its_words() {
        let read = serde_json::from_str::<Vocabulary>;
        let vocabulary = read(r#"{"a":0,"\"":1,"\u0436":2}"#).unwrap();
        assert_eq!(vocabulary.words().collect::<Vec<_>>(), ["a", "\"", "ж"]);
        for bad in [
            r#"{"a":1,"b":0}"#,
            r#"{"a":0,"b":2}"#,
            r#"{"a":0,"a":1}"#,
            r#"{"a":-1}"#,
            "[]",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
