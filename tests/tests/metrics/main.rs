//! Metrics, as an agent that speaks DogStatsD gets them. Every datagram is read strictly.

mod configuration;
mod reach;
mod table;
