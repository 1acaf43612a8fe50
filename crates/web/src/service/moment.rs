//! How moments are told as JSON: RFC 3339, in UTC.

use serde::Serializer;
use workmill_proto::Timestamp;

pub(super) fn told<S: Serializer>(moment: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(moment)
}

pub(super) fn told_if_any<S: Serializer>(
    moment: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match moment {
        Some(moment) => serializer.collect_str(moment),
        None => serializer.serialize_none(),
    }
}

pub(super) fn all_told<S: Serializer>(
    moments: &[Timestamp],
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(moments.iter().map(ToString::to_string))
}
