//! What people do with Ringfence, door by door.

mod api;
mod ask;
mod command_line;
mod doctor;
mod files;
mod processes;
mod record;
mod runs;
