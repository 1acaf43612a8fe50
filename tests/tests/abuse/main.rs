//! Clients that do the server harm, and what may come of it: nothing is lost, those who behave are served meanwhile,
//! memory stays below a named figure, and the server runs on.

mod attack;
mod crowds;
mod disk_full;
mod disk_hung;
mod lines;
mod passwords;
mod tls;
mod vanishing;
