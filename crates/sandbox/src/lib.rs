//! Runs one job in a jail and says what happened.
//!
//! [`start`] forks the supervisor before any thread exists; [`give_up_privileges`] makes the calling
//! process the unprivileged server's side; [`Sandbox::run`] runs jobs. It knows no HTTP, no SQL, no
//! model and no money.

pub mod doctor;
mod figures;
mod host;
mod imports;
mod jail;
mod layers;
mod outputs;
mod reader;
pub mod runtimes;
mod server_side;
mod supervisor;
mod sys;
mod wire;

pub use figures::{KindFigures, PoolFigures, Times};
pub use host::{
    Pool, Prepared, Ready, Sandbox, SandboxConfig, SandboxError, StartError, Started, SupervisorProcess,
    Waiting, start,
};
pub use jail::warm::wait_for_arguments;
pub use reader::{READER_COMMAND, WAITING_READER_COMMAND};
pub use server_side::{give_up_privileges, give_up_privileges_with, return_freed_memory, take_short_turns};
