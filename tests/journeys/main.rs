//! What people do with Ringfence, door by door.

mod api;
mod ask;
mod command_line;
mod doctor;
mod health;
mod logs;
mod probes;
mod load;
mod processes;
mod record;
mod runs;
