//! The connections of the web port: taken in up to a limit, each with its time for everything, ended when the server stops.

mod connection;
mod limits;
mod patience;
mod places;
mod serve;

pub use serve::{TlsSource, serve};
