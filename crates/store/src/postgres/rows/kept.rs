//! What is kept besides jobs.

use std::collections::{BTreeMap, HashMap};

use tokio_postgres::Row;
use workmill_proto::SteadyTime;

use super::super::kept::{KeptPlace, Stored};
use super::super::live::{LAST_ACTION, LAST_BATCH, Number, decode, encode};
use super::super::pages::column;
use super::super::request::Value;
use super::super::sql::Sql;
use super::batch::Requests;
use super::{PostgresRows, Tables};
use crate::writer::{KeptRows, KeyedRows, PassingRows};
use crate::{FailureGroup, FailureId, Passing, StoreError};

/// What is put in a place: until when, and its stored form.
#[derive(Debug)]
struct Kept {
    ends_at: Option<i64>,
    bytes: Vec<u8>,
}

/// What was changed and is not written yet.
#[derive(Debug, Default)]
pub(super) struct KeptChanges(BTreeMap<KeptPlace, Option<Kept>>);

impl KeptChanges {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What writes all of it.
    pub(super) fn put<'a>(&'a self, requests: &mut Requests<'a>) {
        let gone = self.0.iter().filter(|(_, change)| change.is_none());
        let gone = gone.map(|(place, _)| place);
        if gone.clone().next().is_some() {
            requests.push(Sql::KeptDelete, places(gone));
        }
        let new = self.0.iter();
        let new = new.filter_map(|(place, change)| Some((place, change.as_ref()?)));
        if new.clone().next().is_some() {
            let mut values = places(new.clone().map(|(place, _)| place));
            values.push(Value::MaybeInts(
                new.clone().map(|(_, kept)| kept.ends_at).collect(),
            ));
            values.push(Value::Many(new.map(|(_, kept)| &*kept.bytes).collect()));
            requests.push(Sql::KeptWrite, values);
        }
    }
}

/// The columns of places.
fn places<'a>(places: impl Iterator<Item = &'a KeptPlace> + Clone) -> Vec<Value<'a>> {
    vec![
        Value::Ints(places.clone().map(|(generation, ..)| *generation).collect()),
        Value::Ints(places.clone().map(|(_, kind, _)| *kind).collect()),
        Value::Many(places.map(|(.., key)| &**key).collect()),
    ]
}

impl<K: Stored> KeyedRows<K> for PostgresRows<'_> {
    fn get(&mut self, generation: i64, key: &K::Key) -> Result<Option<K>, StoreError> {
        let found = self.get_all(generation, std::slice::from_ref(key))?;
        Ok(found.into_iter().next().flatten())
    }

    fn get_all(&mut self, generation: i64, keys: &[K::Key]) -> Result<Vec<Option<K>>, StoreError> {
        let places: Vec<KeptPlace> = keys.iter().map(|key| K::place(generation, key)).collect();
        let asked = places
            .iter()
            .filter(|place| !self.kept.0.contains_key(place));
        let asked: Vec<&[u8]> = asked.map(|(.., key)| &**key).collect();
        let mut rows = Vec::new();
        if !asked.is_empty() {
            let values = vec![
                K::generation(generation).into(),
                K::KIND.into(),
                Value::Many(asked),
            ];
            rows = self.rows(Tables::NONE, Sql::KeptRead, values)?;
        }
        let pairs = rows
            .iter()
            .map(|row| Ok((column(row, 0)?, column(row, 1)?)));
        let found: HashMap<&[u8], &[u8]> = pairs.collect::<Result<_, StoreError>>()?;
        let kept = keys.iter().zip(&places).map(|(key, place)| {
            let bytes = match self.kept.0.get(place) {
                Some(change) => change.as_ref().map(|kept| &*kept.bytes),
                None => found.get(&*place.2).copied(),
            };
            bytes.map_or(Ok(None), |bytes| K::read_back(key, bytes))
        });
        kept.collect()
    }

    fn put(&mut self, generation: i64, key: &K::Key, kept: &K) -> Result<(), StoreError> {
        if let Some((kind, needed)) = K::needs(key)
            && !self.is_kept((K::generation(generation), kind, needed))?
        {
            return Ok(());
        }
        let kept = Kept {
            ends_at: kept.over_at(key).map(SteadyTime::as_micros),
            bytes: kept.bytes(key),
        };
        self.kept.0.insert(K::place(generation, key), Some(kept));
        Ok(())
    }

    fn remove(&mut self, generation: i64, key: &K::Key) -> Result<(), StoreError> {
        if K::SHARES_PLACES && KeyedRows::<K>::get(self, generation, key)?.is_none() {
            return Ok(());
        }
        self.kept.0.insert(K::place(generation, key), None);
        for (kind, key) in K::takes_along(key) {
            let place = (K::generation(generation), kind, key);
            self.kept.0.insert(place, None);
        }
        Ok(())
    }
}

impl<P: Stored + Passing> PassingRows<P> for PostgresRows<'_> {
    fn due(
        &mut self,
        generation: i64,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<P::Key>, StoreError> {
        let (generation, until) = (P::generation(generation), until.as_micros());
        let values = vec![
            generation.into(),
            P::KIND.into(),
            until.into(),
            limit.into(),
        ];
        let rows = self.rows(Tables::KEPT, Sql::KeptDue, values)?;
        read_keys::<P>(&rows)
    }
}

impl KeptRows for PostgresRows<'_> {
    fn next_batch(&mut self) -> Result<u64, StoreError> {
        Ok(self.count_up(LAST_BATCH))
    }

    fn next_action(&mut self) -> Result<u64, StoreError> {
        Ok(self.count_up(LAST_ACTION))
    }

    fn failure_ids(&mut self, generation: i64) -> Result<Vec<FailureId>, StoreError> {
        let values = vec![generation.into(), FailureGroup::KIND.into()];
        let rows = self.rows(Tables::KEPT, Sql::KeptKeys, values)?;
        read_keys::<FailureGroup>(&rows)
    }

    fn has_flushed(&mut self, generation: i64) -> Result<bool, StoreError> {
        let rows = self.rows(Tables::KEPT, Sql::KeptFlushed, vec![generation.into()])?;
        Ok(!rows.is_empty())
    }

    fn delete_flushed(&mut self, generation: i64, limit: usize) -> Result<usize, StoreError> {
        let values = vec![generation.into(), limit.into()];
        let deleted = self.ask(Tables::KEPT, Sql::KeptDeleteFlushed, values)?;
        Ok(usize::try_from(deleted.changed).unwrap_or(usize::MAX))
    }
}

/// The keys in the first column of rows.
fn read_keys<K: Stored>(rows: &[Row]) -> Result<Vec<K::Key>, StoreError> {
    let odd = || StoreError::Inconsistent(format!("a key (kind {}) cannot be read", K::KIND));
    let keys = rows.iter().map(|row| {
        let bytes: &[u8] = column(row, 0)?;
        K::read_key(bytes).ok_or_else(odd)
    });
    keys.collect()
}

impl PostgresRows<'_> {
    fn count_up(&mut self, id: i64) -> u64 {
        let last = self.live_changes.get(self.live, id);
        let last: Number = last.and_then(decode).unwrap_or_default();
        let next = last + 1;
        self.live_changes.put(id, encode(&next));
        next
    }

    /// Whether something is there.
    fn is_kept(&mut self, place: KeptPlace) -> Result<bool, StoreError> {
        if let Some(change) = self.kept.0.get(&place) {
            return Ok(change.is_some());
        }
        let (generation, kind, key) = place;
        let values = vec![generation.into(), kind.into(), Value::Many(vec![&key])];
        let rows = self.rows(Tables::NONE, Sql::KeptSizes, values)?;
        Ok(!rows.is_empty())
    }
}
