//! Links between documents lead somewhere.

use std::fs;

use workmill_tests::documents;

/// What a document's links point to: the text between `](` and the next `)`.
fn link_targets(text: &str) -> impl Iterator<Item = &str> {
    text.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')'))
        .map(|(target, _)| target)
}

#[test]
fn every_link_between_documents_leads_somewhere() {
    let mut links = 0;
    let mut broken = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).expect("read a document");
        for target in link_targets(&text).filter(|target| !target.contains("://")) {
            let file = target.split('#').next().unwrap_or(target);
            let path = document.with_file_name(file);
            links += 1;
            if !path.exists() {
                broken.push(format!("{} -> {target}", document.display()));
            }
        }
    }
    assert!(
        links > 5,
        "only {links} links found: the test looks in the wrong place"
    );
    assert!(broken.is_empty(), "links that lead nowhere: {broken:#?}");
}
