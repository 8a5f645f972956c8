//! Crashes: a server under load is killed in the middle of whatever it does, again and again. Afterwards
//! the books balance, nothing has run twice, and what was answered is in the record.

mod books;
mod clients;
mod cuts;
mod database;
mod dice;
mod house;
mod kills;
