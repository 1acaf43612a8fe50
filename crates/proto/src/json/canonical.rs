//! One text for all texts that mean the same.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use super::compact::{compact_json, string_end};
use super::decode::unescaped;
use super::write::write_string_bytes;

/// Writes JSON, piece by piece, so that what means the same is written the same: without white space, the members of
/// objects sorted, of those with equal keys only the last, strings with as few escapes as can be. Numbers stay as they
/// are written: 1 and 1.0 are two things. Halves of surrogate pairs stay different from each other, which is not UTF-8.
///
/// None, and nothing written, if its objects have more than `members_max` members together. The JSON must be valid. Takes no deep stack, and time that hardly grows faster than the text, however it is nested.
pub(crate) fn write_canonical(
    json: &str,
    members_max: usize,
    mut write: impl FnMut(&[u8]),
) -> Option<()> {
    // Before anything else, so that a text with too many takes no memory.
    let members = count_members(json.as_bytes());
    if members > members_max {
        return None;
    }
    let json = plain_strings(json);
    let json = compact_json(&json);
    let sorted = SortedObjects::find(&json, members);
    let mut levels: Vec<Level> = Vec::new();
    let mut next = Some(0..json.len());
    while let Some(span) = next {
        match sorted.first_in(&span) {
            Some(object) => {
                write(slice(&json, &(span.start..object.start + 1)));
                levels.push(Level {
                    members: object.members.clone(),
                    rest: object.end..span.end,
                });
                next = sorted.members.get(object.members.start).cloned();
            }
            None => {
                write(slice(&json, &span));
                next = sorted.after(&mut levels, &mut write);
            }
        }
    }
    Some(())
}

/// Each member of an object has a colon that is in no string, and nothing else has.
fn count_members(json: &[u8]) -> usize {
    let (mut count, mut index) = (0, 0);
    while let Some(offset) = memchr::memchr2(b'"', b':', json.get(index..).unwrap_or_default()) {
        let found = index + offset;
        if json.get(found) == Some(&b'"') {
            index = string_end(json, found);
        } else {
            count += 1;
            index = found + 1;
        }
    }
    count
}

/// An object whose members are being written.
struct Level {
    /// The one being written and those after it.
    members: Range<usize>,
    /// What follows after the last, from its bracket on.
    rest: Range<usize>,
}

/// The objects of a compact text that have two members or more: others are sorted as they are.
struct SortedObjects {
    /// By where they start.
    objects: Vec<Object>,
    /// The members of each in their order, as spans of the text.
    members: Vec<Range<usize>>,
}

struct Object {
    /// Where its first bracket is.
    start: usize,
    /// Where its last bracket is.
    end: usize,
    /// Which of the members are its own. Never empty.
    members: Range<usize>,
}

impl SortedObjects {
    /// Those of a text with so many members.
    fn find(json: &[u8], members: usize) -> Self {
        let mut sorted = Self {
            objects: Vec::new(),
            members: Vec::with_capacity(members),
        };
        // The objects that have not ended, with the number of members of those around them, and all their members.
        let mut open: Vec<(usize, usize)> = Vec::new();
        let mut members: Vec<Range<usize>> = Vec::new();
        let mut index = 0;
        while let Some(byte) = json.get(index) {
            match byte {
                b'{' => open.push((index, members.len())),
                b'}' => {
                    let (start, outer_count) = open.pop().unwrap_or_default();
                    let own = members.get_mut(outer_count..).unwrap_or_default();
                    if own.len() > 1 {
                        sorted.add(json, start..index, own);
                    }
                    members.truncate(outer_count);
                }
                b'"' => {
                    let end = string_end(json, index);
                    if json.get(end) == Some(&b':') {
                        members.push(index..index);
                    }
                    index = end;
                    continue;
                }
                _ => {}
            }
            index += 1;
        }
        sorted.objects.sort_unstable_by_key(|object| object.start);
        sorted
    }

    /// Adds an object. Of its members only the starts are known.
    fn add(&mut self, json: &[u8], brackets: Range<usize>, own: &mut [Range<usize>]) {
        // Each ends at the comma before the next.
        let mut end = brackets.end;
        for member in own.iter_mut().rev() {
            member.end = end;
            end = member.start.saturating_sub(1);
        }
        own.sort_by(|a, b| compare_keys(json, a, b));
        let first = self.members.len();
        for member in own.iter() {
            match self.members.get_mut(first..).and_then(<[_]>::last_mut) {
                Some(last) if compare_keys(json, last, member).is_eq() => *last = member.clone(),
                _ => self.members.push(member.clone()),
            }
        }
        self.objects.push(Object {
            start: brackets.start,
            end: brackets.end,
            members: first..self.members.len(),
        });
    }

    /// The first object that begins in a span.
    fn first_in(&self, span: &Range<usize>) -> Option<&Object> {
        let index = self
            .objects
            .partition_point(|object| object.start < span.start);
        self.objects
            .get(index)
            .filter(|object| object.start < span.end)
    }

    /// What to write after a span that has no more objects.
    fn after(
        &self,
        levels: &mut Vec<Level>,
        write: &mut impl FnMut(&[u8]),
    ) -> Option<Range<usize>> {
        let level = levels.last_mut()?;
        level.members.start += 1;
        if level.members.is_empty() {
            return levels.pop().map(|level| level.rest);
        }
        write(b",");
        self.members.get(level.members.start).cloned()
    }
}

/// Keys in whichever order, as long as it is one: that of their text.
fn compare_keys(json: &[u8], a: &Range<usize>, b: &Range<usize>) -> Ordering {
    let key = |member: &Range<usize>| slice(json, &(member.start..string_end(json, member.start)));
    key(a).cmp(key(b))
}

fn slice<'a>(json: &'a [u8], span: &Range<usize>) -> &'a [u8] {
    json.get(span.clone()).unwrap_or_default()
}

/// The same JSON with its strings escaped only where they must be.
fn plain_strings(json: &str) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\\', json.as_bytes()).is_none() {
        return Cow::Borrowed(json.as_bytes());
    }
    let mut out = Vec::with_capacity(json.len());
    let mut rest = json;
    while let Some(start) = memchr::memchr(b'"', rest.as_bytes()) {
        let end = string_end(rest.as_bytes(), start);
        let (before, after) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (between, string) = before.split_at_checked(start).unwrap_or((before, ""));
        out.extend_from_slice(between.as_bytes());
        write_string_bytes(&mut out, &unescaped(string).unwrap_or_default());
        rest = after;
    }
    out.extend_from_slice(rest.as_bytes());
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::JSON_DEPTH_MAX;

    fn canonical(json: &str) -> String {
        let mut out = Vec::new();
        write_canonical(json, usize::MAX, |piece| out.extend_from_slice(piece)).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn members_are_sorted_at_every_depth() {
        let json = r#"[{"b":{"z":[{"y":1,"x":2}],"a":{}},"a":{"c":3}},{"d":4},5,{"f":6,"e":7}]"#;
        let wanted = r#"[{"a":{"c":3},"b":{"a":{},"z":[{"x":2,"y":1}]}},{"d":4},5,{"e":7,"f":6}]"#;
        assert_eq!(canonical(json), wanted);
        assert_eq!(canonical(wanted), wanted);
    }

    #[test]
    fn arrays_keep_their_order() {
        assert_eq!(canonical("[3, 1,[2,1],{}]"), "[3,1,[2,1],{}]");
        assert_eq!(canonical("[]"), "[]");
        assert_eq!(canonical("7"), "7");
    }

    #[test]
    fn of_equal_keys_the_last_wins() {
        let json = r#"{"a":1,"b":{"c":1,"c":2},"\u0061":{"x":[2]},"a":{"y":3,"x":4}}"#;
        assert_eq!(canonical(json), r#"{"a":{"x":4,"y":3},"b":{"c":2}}"#);
        assert_eq!(canonical(r#"[{"a":1,"a":2},3]"#), r#"[{"a":2},3]"#);
    }

    #[test]
    fn strings_are_written_by_what_they_mean() {
        let json = r#"["\u0041\/\"\\\n","\ud83d\ude00",{"\u0062,}":"{","a":"\u0000"}]"#;
        let wanted = r#"["A/\"\\\n","😀",{"a":"\u0000","b,}":"{"}]"#;
        assert_eq!(canonical(json), wanted);
        assert_eq!(canonical(wanted), wanted);
    }

    #[test]
    fn halves_of_surrogate_pairs_are_not_alike() {
        let spelled = |json: &str| {
            let mut out = Vec::new();
            write_canonical(json, usize::MAX, |piece| out.extend_from_slice(piece)).unwrap();
            out
        };
        assert_eq!(spelled(r#"["\uD83D"]"#), spelled(r#"["\ud83d"]"#));
        let texts = [
            r#"["\ud83d"]"#,
            r#"["\ud83e"]"#,
            r#"["\ude00"]"#,
            r#"["\ufffd"]"#,
            r#"["\ud83d\ude00"]"#,
            r#"["\ude00\ud83d"]"#,
            r#"["\\ud83d"]"#,
        ];
        let all: std::collections::HashSet<_> = texts.map(spelled).into_iter().collect();
        assert_eq!(all.len(), texts.len());
        let keys = [r#"{"\ud800":1,"\ud801":2}"#, r#"{"\ud801":2}"#].map(spelled);
        assert_ne!(keys[0], keys[1]);
    }

    #[test]
    fn members_of_all_objects_are_counted() {
        let json = r#"[{"a":{"b":1},"c" : [{"\":\"d":"a:b"}]},{}]"#;
        let mut written = 0;
        let mut write = |members_max| write_canonical(json, members_max, |_| written += 1);
        assert_eq!(write(3), None);
        assert_eq!(write(4), Some(()));
        assert!(written > 0);
    }

    #[test]
    fn numbers_stay_as_they_are_written() {
        let json = "[1,1.0,1e0,-0,12345678901234567890123]";
        assert_eq!(canonical(json), json);
    }

    #[test]
    fn white_space_between_things_is_left_out() {
        let json = " { \"b\" : [ 1 , \"x y\" ] ,\t\"a\"\r\n: { } } ";
        assert_eq!(canonical(json), r#"{"a":{},"b":[1,"x y"]}"#);
    }

    #[test]
    fn deep_objects_are_sorted_without_a_deep_stack_or_much_time() {
        let depth = JSON_DEPTH_MAX - 1;
        let leaf = "x".repeat(1_000_000);
        let (open, close) = ("{\"b\":[".repeat(depth / 2), "],\"a\":1}".repeat(depth / 2));
        let (sorted_open, sorted_close) =
            ("{\"a\":1,\"b\":[".repeat(depth / 2), "]}".repeat(depth / 2));
        let (json, wanted) = (
            format!("{open}\"{leaf}\"{close}"),
            format!("{sorted_open}\"{leaf}\"{sorted_close}"),
        );
        let small_stack = std::thread::Builder::new().stack_size(64 * 1024);
        let thread = small_stack.spawn(move || assert!(canonical(&json) == wanted));
        thread.unwrap().join().unwrap();
    }
}
