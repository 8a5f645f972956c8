//! Runtimes: self-contained trees that a jail mounts read-only as its root.
//!
//! What a tree holds is declared in `runtimes/*/runtime.toml`, which are part of the binary. [`build`]
//! copies programs and the shared libraries they need from the host, installs hash-locked packages, checks
//! that everything works inside the tree, and moves it into place in one step:
//! `DIR/NAME/{root/, manifest.json, files.json, sources.json}`. [`load`] reads only the manifest, so that
//! it costs nothing at start; [`check_complete`] looks for every file, [`verify`] hashes it.

mod build;
mod elf;
mod libraries;
mod manifest;
mod node;
mod python;
mod spec;
mod tree;
mod wheels;

pub use build::{BuildError, BuildOptions, Built, build};
pub use manifest::{LoadError, Runtime, Verified, VerifyError, check_complete, load, verify};
pub use spec::{Name, Warm};
