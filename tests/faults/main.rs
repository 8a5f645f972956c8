//! What goes wrong around us: processes that die, disks that are full, files that vanish, peers that lie.

mod crash;
mod init;
mod postgres;
mod quota;
mod runtime;
mod stop;
mod store;
mod wire;
