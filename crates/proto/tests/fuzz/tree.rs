//! JSON as what it means, and texts that mean it.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

/// What a JSON value means: objects have no order. Small ones, so that two are often equal.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Tree {
    /// A number, with its text.
    Number(&'static str),
    /// A string.
    Text(String),
    /// An array.
    Array(Vec<Tree>),
    /// An object.
    Object(BTreeMap<String, Tree>),
}

/// Any of them.
pub(crate) fn tree() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        prop_oneof![Just("1"), Just("1.0"), Just("-0")].prop_map(Tree::Number),
        "[a\"\\\\{é]{0,2}".prop_map(Tree::Text),
    ];
    leaf.prop_recursive(4, 20, 4, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Tree::Array),
            btree_map("[ab\"é]{0,2}", inner, 0..4).prop_map(Tree::Object),
        ]
    })
}

impl Tree {
    /// Its text as most libraries write it.
    pub(crate) fn render_plain(&self) -> String {
        match self {
            Self::Number(text) => (*text).to_owned(),
            Self::Text(text) => serde_json::Value::from(text.as_str()).to_string(),
            Self::Array(elements) => {
                let elements: Vec<_> = elements.iter().map(Self::render_plain).collect();
                format!("[{}]", elements.join(","))
            }
            Self::Object(members) => {
                let member = |(key, value): (&String, &Self)| {
                    let key = serde_json::Value::from(key.as_str());
                    format!("{key}:{}", value.render_plain())
                };
                let members: Vec<_> = members.iter().map(member).collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }

    /// Another text for it: members the other way round and twice, every character escaped, space around everything.
    pub(crate) fn render_oddly(&self, space: &str) -> String {
        let text = match self {
            Self::Number(text) => (*text).to_owned(),
            Self::Text(text) => escape_all(text),
            Self::Array(elements) => {
                let elements: Vec<_> = elements.iter().map(|e| e.render_oddly(space)).collect();
                format!("[{space}{}]", elements.join(","))
            }
            Self::Object(members) => {
                let wrong = members
                    .keys()
                    .map(|key| format!("{space}{}:{{\"b\":1,\"a\":2}}", escape_all(key)));
                let right = members.iter().rev().map(|(key, value)| {
                    format!(
                        "{space}{}{space}:{}",
                        escape_all(key),
                        value.render_oddly(space)
                    )
                });
                let members: Vec<_> = wrong.chain(right).collect();
                format!("{{{}{space}}}", members.join(","))
            }
        };
        format!("{space}{text}{space}")
    }
}

fn escape_all(text: &str) -> String {
    let units = text.encode_utf16().map(|unit| format!("\\u{unit:04X}"));
    format!("\"{}\"", units.collect::<String>())
}
