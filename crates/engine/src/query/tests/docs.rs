use super::Query;

/// The examples of the page that explains the language.
#[test]
fn examples_in_the_documentation_are_queries() {
    let page = include_str!("../../../../../docs/query.md");
    let blocks = page.split("```query\n").skip(1);
    let examples = blocks.filter_map(|block| block.split_once("```"));
    let examples: Vec<&str> = examples.flat_map(|(block, _)| block.lines()).collect();
    assert!(examples.len() > 10, "{examples:?}");
    for example in examples {
        assert!(Query::parse(example).is_ok(), "{example}");
    }
}
