//! Exists so that Cargo fetches the dependency; there is no code.
