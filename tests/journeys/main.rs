//! What people do with Ringfence, door by door.

mod api;
mod ask;
mod audit;
mod backup;
mod budgets;
mod command_line;
mod doctor;
mod files;
mod health;
mod keys;
mod load;
mod logs;
mod probes;
mod processes;
mod record;
mod replay;
mod results;
mod runs;
mod tables;
