//! What a server has broken of what it promised.

/// The list of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Violations(Vec<String>);

impl Violations {
    /// Something was broken.
    pub(crate) fn add(&mut self, what: String) {
        self.0.push(what);
    }

    /// All of it.
    pub(crate) fn all(&self) -> &[String] {
        &self.0
    }

    /// Panics if anything was broken.
    pub(crate) fn assert_none(&self, context: &str) {
        let count = self.0.len();
        let shown: Vec<_> = self.0.iter().take(20).cloned().collect();
        assert!(
            count == 0,
            "{context}: {count} violations:\n{}",
            shown.join("\n")
        );
    }
}
