//! A test for each rule of the engine, with explicit time, on the SQLite store.

mod world;

mod admin;
mod failing;
mod fetching;
mod mutating;
mod pushing;
mod reserving;
mod scheduling;
mod slicing;
mod trouble;
