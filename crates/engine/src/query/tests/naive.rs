//! The language held against a filter that is written in another way: over a tree of its own and parsed JSON, with
//! backtracking, floats and no laziness.

use proptest::prelude::*;
use serde_json::{Value, json};
use workmill_proto::SetName;
use workmill_store::{FailureId, Place};

use super::*;

/// A query as the test makes it.
#[derive(Clone, Debug)]
enum Tree {
    And(Vec<Tree>),
    Or(Vec<Tree>),
    Not(Box<Tree>),
    /// A field, and the alternatives.
    Field(&'static str, Vec<String>),
    Word(String),
}

impl Tree {
    fn text(&self) -> String {
        let join = |parts: &[Self], between: &str| {
            let parts: Vec<_> = parts.iter().map(Self::text).collect();
            format!("({})", parts.join(between))
        };
        match self {
            Self::And(parts) => join(parts, " AND "),
            Self::Or(parts) => join(parts, " OR "),
            Self::Not(part) => format!("NOT {}", part.text()),
            Self::Field(name, values) => format!("{name}:({})", values.join(" OR ")),
            Self::Word(word) => word.clone(),
        }
    }

    fn matches(&self, job: &Job) -> bool {
        match self {
            Self::And(parts) => parts.iter().all(|part| part.matches(job)),
            Self::Or(parts) => parts.iter().any(|part| part.matches(job)),
            Self::Not(part) => !part.matches(job),
            Self::Word(word) => {
                let pattern = format!("*{}*", word.to_lowercase());
                job.texts()
                    .iter()
                    .any(|text| like(&pattern, &text.to_lowercase()))
            }
            Self::Field(name, values) => values.iter().any(|value| field(name, value, job)),
        }
    }
}

/// Whether the text is like the pattern, by trying everything.
fn like(pattern: &str, text: &str) -> bool {
    match pattern.chars().next() {
        None => text.is_empty(),
        Some('*') => {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            let mut ends = ends;
            ends.any(|at| like(&pattern[1..], &text[at..]))
        }
        Some(c) => text.starts_with(c) && like(&pattern[c.len_utf8()..], &text[c.len_utf8()..]),
    }
}

#[derive(Clone, Debug)]
struct Job {
    place: usize,
    queue: String,
    jobtype: String,
    arg: Value,
    retries: Option<i64>,
    message: String,
    enqueued_secs_ago: Option<i64>,
    group: Option<u64>,
}

const PLACES: [&str; 6] = [
    "enqueued",
    "working",
    "scheduled",
    "retries",
    "dead",
    "completed",
];

impl Job {
    fn sample(&self) -> Sample {
        let failure = self.retries.map(
            |count| json!({"retry_count":count,"failed_at":"2026-11-29T10:00:00Z","message":self.message}),
        );
        let mut payload = json!({
            "jid": "jid-0001", "queue": self.queue, "jobtype": self.jobtype, "args": [self.arg]
        });
        if let Some(failure) = failure {
            payload["failure"] = failure;
        }
        let place = match self.place {
            0 => Place::Queue((&*self.queue).into()),
            1 => Place::Working,
            index => Place::Set(SetName::ALL[index - 2]),
        };
        let at = self
            .enqueued_secs_ago
            .map(|secs| now().wall.plus_secs(-secs));
        Sample::of(place, &payload.to_string())
            .held_by("w", 60)
            .edited(|record| {
                record.enqueued_at = at;
                record.failure = self.group.map(FailureId);
            })
    }

    fn texts(&self) -> Vec<String> {
        let mut texts = vec!["jid-0001".to_owned(), self.jobtype.clone()];
        texts.push(json!([self.arg]).to_string());
        if self.retries.is_some() {
            texts.push(self.message.clone());
        }
        texts
    }
}

fn field(name: &str, value: &str, job: &Job) -> bool {
    match name {
        "state" => PLACES[job.place] == value,
        "queue" => like(value, &job.queue),
        "type" => like(value, &job.jobtype),
        "error" => {
            let pattern = format!("*{}*", value.to_lowercase());
            job.retries.is_some() && like(&pattern, &job.message.to_lowercase())
        }
        "retries" => number(value, job.retries.unwrap_or(0) as f64),
        "arg.0" => match &job.arg {
            Value::Number(n) => number(value, n.as_f64().unwrap()),
            Value::String(text) => like(value, text),
            _ => false,
        },
        "enqueued" => job.enqueued_secs_ago.is_some_and(|ago| {
            let minutes: i64 = value.trim_matches(['<', '>', '-', 'm']).parse().unwrap();
            match value.as_bytes()[0] {
                b'<' => ago > minutes * 60,
                _ => ago < minutes * 60,
            }
        }),
        // A job that is tried again belongs to no group meanwhile.
        "group" => {
            let is_counted = matches!(PLACES[job.place], "retries" | "dead");
            is_counted
                && job
                    .group
                    .is_some_and(|group| format!("{group:016x}") == value)
        }
        other => panic!("{other}"),
    }
}

fn number(value: &str, actual: f64) -> bool {
    let Ok(wanted) = value.trim_matches(['<', '>', '=']).parse::<f64>() else {
        return false;
    };
    match value.trim_matches(|c: char| c.is_ascii_digit() || c == '-') {
        "" => actual == wanted,
        "<" => actual < wanted,
        "<=" => actual <= wanted,
        ">" => actual > wanted,
        ">=" => actual >= wanted,
        other => panic!("{other}"),
    }
}

fn letters() -> impl Strategy<Value = String> {
    "[abAB]{1,3}"
}

fn pattern() -> impl Strategy<Value = String> {
    "[ab]{0,2}[*]?[abA]{1,2}[*]?"
}

fn comparison() -> impl Strategy<Value = String> {
    let signs = ["", "<", "<=", ">", ">="];
    (prop::sample::select(signs.to_vec()), -3_i64..4).prop_map(|(sign, n)| format!("{sign}{n}"))
}

fn tree() -> impl Strategy<Value = Tree> {
    let list = |values: BoxedStrategy<String>| prop::collection::vec(values, 1..3);
    let states = prop::sample::select(PLACES.map(str::to_owned).to_vec()).boxed();
    let ago = (prop::sample::select(vec!['<', '>']), 0_i64..5)
        .prop_map(|(sign, minutes)| format!("{sign}-{minutes}m"))
        .boxed();
    let leaf = prop_oneof![
        pattern().prop_map(Tree::Word),
        list(states).prop_map(|values| Tree::Field("state", values)),
        list(pattern().boxed()).prop_map(|values| Tree::Field("queue", values)),
        list(pattern().boxed()).prop_map(|values| Tree::Field("type", values)),
        list(pattern().boxed()).prop_map(|values| Tree::Field("error", values)),
        list(comparison().boxed()).prop_map(|values| Tree::Field("retries", values)),
        list(comparison().boxed()).prop_map(|values| Tree::Field("arg.0", values)),
        list(letters().boxed()).prop_map(|values| Tree::Field("arg.0", values)),
        list(ago).prop_map(|values| Tree::Field("enqueued", values)),
        list("0{15}[0-2]".boxed()).prop_map(|values| Tree::Field("group", values)),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let several = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            several.clone().prop_map(Tree::And),
            several.prop_map(Tree::Or),
            inner.prop_map(|part| Tree::Not(Box::new(part))),
        ]
    })
}

fn job() -> impl Strategy<Value = Job> {
    let arg = prop_oneof![
        (-3_i64..4).prop_map(Value::from),
        letters().prop_map(Value::from),
        Just(Value::Null),
    ];
    let retries = prop::option::of(0_i64..4);
    let ago = prop::option::of(0_i64..300);
    (
        0..PLACES.len(),
        letters(),
        letters(),
        arg,
        retries,
        letters(),
        ago,
        prop::option::of(0..3_u64),
    )
        .prop_map(
            |(place, queue, jobtype, arg, retries, message, enqueued_secs_ago, group)| Job {
                place,
                queue,
                jobtype,
                arg,
                retries,
                message,
                enqueued_secs_ago,
                group,
            },
        )
}

proptest! {
    #[test]
    fn a_job_matches_exactly_when_the_naive_filter_says_so(
        tree in tree(),
        jobs in prop::collection::vec(job(), 1..20),
    ) {
        let text = tree.text();
        let query = match Query::parse(&text) {
            Ok(query) => query,
            Err(error) => {
                prop_assert!(error.text.contains("at most"), "{text}: {error}");
                return Ok(());
            }
        };
        for job in jobs {
            let sample = job.sample();
            let wanted = match tree.matches(&job) {
                true => Verdict::Yes,
                false => Verdict::No,
            };
            prop_assert_eq!(sample.verdict(&query), wanted, "{} of {:?}", text, job);
            // A search must not pass over the place of a match.
            if wanted == Verdict::Yes {
                prop_assert!(query.can_match_in(&sample.place), "{} of {:?}", text, job);
                let queues = query.queues();
                prop_assert!(queues.is_none_or(|queues| queues.contains(&*job.queue)));
            }
        }
    }

    #[test]
    fn a_query_is_what_its_canonical_form_parses_to(tree in tree()) {
        if let Ok(query) = Query::parse(&tree.text()) {
            let printed = query.to_string();
            prop_assert_eq!(&Query::parse(&printed), &Ok(query), "{}", printed);
        }
    }

    /// Whatever is typed.
    #[test]
    fn any_text_is_a_query_or_an_error_at_a_place_of_it(
        parts in prop::collection::vec(prop::sample::select(PARTS.to_vec()), 0..12),
    ) {
        let text = parts.concat();
        match Query::parse(&text) {
            Ok(query) => {
                let printed = query.to_string();
                prop_assert_eq!(&Query::parse(&printed), &Ok(query), "{} as {}", text, printed);
            }
            Err(error) => {
                prop_assert!(text.get(error.at..error.at + error.len).is_some(), "{text}: {error:?}");
            }
        }
    }
}

const PARTS: [&str; 42] = [
    " ",
    " ",
    " ",
    "a",
    "é",
    "*",
    "\\",
    "\"",
    "(",
    ")",
    "-",
    "AND",
    "OR",
    "NOT",
    "arg.0",
    "arg",
    "custom",
    ".",
    ":",
    ":",
    "queue:",
    "state:",
    "dead",
    "type",
    "at:",
    "-1h",
    "..",
    "now",
    "2026-11-29",
    "retries:",
    "3",
    "1e3",
    ">",
    "<=",
    "=",
    "error:",
    "null",
    "\"x y\"",
    "::",
    "\n",
    "tag:",
    "05",
];
