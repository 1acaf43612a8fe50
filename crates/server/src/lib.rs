//! Workmill, the server.
