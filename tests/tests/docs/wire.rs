//! The conversations in the documents, held again with a server.
//!
//! They are the blocks of the language `fwp`; `docs/examples.md` says how they are written. A document is read from top
//! to bottom, as a person would type it: all its conversations are held with one server. Configuration before a
//! conversation is that of a new server.

use std::collections::BTreeMap;
use std::path::Path;

use workmill_tests::{Client, CodeBlock, Reply, Server, code_blocks, documents};

use crate::pattern::{Names, filled_in, fits};

/// A server, and who talks to it.
struct Stage {
    server: Server,
    clients: BTreeMap<String, Talker>,
    names: Names,
}

struct Talker {
    client: Client,
    /// How many of its commands have not been answered.
    waiting: usize,
}

impl Stage {
    fn new(config: &str) -> Self {
        Self {
            server: Server::builder().config(config).start(),
            clients: BTreeMap::new(),
            names: Names::new(),
        }
    }

    fn hold(&mut self, block: &CodeBlock) {
        for (index, line) in block.code.lines().enumerate() {
            if let Err(error) = self.take(line) {
                panic!("line {}: {line}\n{error}", block.line + index);
            }
        }
        for (name, talker) in &self.clients {
            let waiting = talker.waiting;
            assert_eq!(
                waiting, 0,
                "line {}: {name:?} waits for answers",
                block.line
            );
        }
    }

    fn take(&mut self, line: &str) -> Result<(), String> {
        let (name, sign, words) = parse(line).ok_or("neither a command nor an answer")?;
        if sign == '>' {
            let command = filled_in(words, &self.names);
            let talker = self.talker(name);
            talker.waiting += 1;
            talker.client.send(command);
            return Ok(());
        }
        let talker = self.talker(name);
        talker.waiting = talker
            .waiting
            .checked_sub(1)
            .ok_or("an answer to nothing")?;
        let answer = shown(talker.client.read_reply());
        match fits(words, &answer, &mut self.names) {
            true => Ok(()),
            false => Err(format!("but the server answers\n{answer}")),
        }
    }

    /// The connection of this name. A worker's has its name as its id.
    fn talker(&mut self, name: &str) -> &mut Talker {
        let server = &self.server;
        let connect = || Talker {
            client: match name {
                "" => server.client(),
                wid => server.worker(wid),
            },
            waiting: 0,
        };
        self.clients.entry(name.to_owned()).or_insert_with(connect)
    }
}

/// Who speaks, whether it is a command or an answer, and what it is.
fn parse(line: &str) -> Option<(&str, char, &str)> {
    let sign_at = line.find(['>', '<'])?;
    let (name, rest) = line.split_at(sign_at);
    let sign = rest.chars().next()?;
    let words = rest.get(1..)?.strip_prefix(' ')?;
    let is_name = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    is_name.then_some((name, sign, words))
}

/// An answer as the documents write it.
fn shown(reply: Reply) -> String {
    match reply {
        Reply::Simple(text) => format!("+{text}"),
        Reply::Error(text) => format!("-{text}"),
        Reply::Nil => "nothing".to_owned(),
        Reply::Closed => "the connection is closed".to_owned(),
        bulk @ Reply::Bulk(_) => bulk.text(),
    }
}

/// Holds the conversations of a document and returns how many there are.
fn hold_all(document: &Path) -> usize {
    let mut config = Some(String::new());
    let mut stage = None;
    let mut held = 0;
    for block in code_blocks(document) {
        match block.language.as_str() {
            "toml" => config = Some(block.code),
            "fwp" => {
                if let Some(config) = config.take() {
                    stage = Some(Stage::new(&config));
                }
                if let Some(stage) = &mut stage {
                    stage.hold(&block);
                }
                held += 1;
            }
            _ => {}
        }
    }
    held
}

#[test]
fn every_conversation_in_the_documents_goes_as_it_is_written() {
    let mut held = 0;
    let mut failed = Vec::new();
    for document in documents() {
        match std::panic::catch_unwind(|| hold_all(&document)) {
            Ok(conversations) => held += conversations,
            Err(_) => failed.push(document),
        }
    }
    assert!(failed.is_empty(), "in these it went otherwise: {failed:#?}");
    assert!(held > 10, "only {held} conversations found");
}
