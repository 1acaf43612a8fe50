//! Load generator and null server.
fn main() {}
