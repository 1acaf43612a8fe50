//! The job payload: what is checked, what is filled in, and what comes back byte for byte.

mod bulk;
mod checks;
mod later;
mod payload;
mod surrogates;

use workmill_tests::Client;

/// Takes the value of a member out of compact JSON, for members whose value the test cannot know.
fn string_member(text: &str, name: &str) -> String {
    let start = text
        .find(&format!("\"{name}\":\""))
        .unwrap_or_else(|| panic!("no {name} in {text}"));
    let rest = &text[start + name.len() + 4..];
    rest[..rest.find('"').unwrap()].to_owned()
}

fn push_and_fetch(client: &mut Client, job: &[u8]) -> String {
    client.ok([b"PUSH ", job].concat());
    let text = client.cmd("FETCH default q").text();
    client.ack(&string_member(&text, "jid"));
    text
}
