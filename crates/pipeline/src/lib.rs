//! Carries a request from words or code to a recorded result.

pub mod ports;
pub mod run;
