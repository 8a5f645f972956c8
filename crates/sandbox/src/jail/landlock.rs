//! A second fence around the same files: Landlock, applied by the guest's process to itself.

use std::os::fd::OwnedFd;

use landlock::{
    ABI, Access, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible, PathBeneath, PathFd, PathFdError,
    Ruleset, RulesetAttr, RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};

/// The newest version whose rights are asked for; older kernels enforce what they know.
const ABI_WANTED: ABI = ABI::V6;

/// Directories in which the guest may create, write and delete.
const WRITABLE_DIRECTORIES: [&str; 3] = ["/work", "/tmp", "/dev/shm"];

/// Devices the guest may write to.
const WRITABLE_DEVICES: [&str; 5] = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];

/// Why this process could not be restricted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LandlockError {
    /// A directory of the finished root is missing.
    #[error(transparent)]
    Path(#[from] PathFdError),
    /// The kernel refuses.
    #[error(transparent)]
    Rules(#[from] RulesetError),
    /// The kernel has no Landlock.
    #[error("this kernel enforces no Landlock rule")]
    NotEnforced,
}

/// Restricts this process and all it will start. Needs no_new_privs and the finished root.
///
/// # Errors
/// The kernel refuses, or enforces nothing although it has Landlock.
pub(crate) fn restrict_self() -> Result<(), LandlockError> {
    let status = rules()?.restrict_self()?;
    match status.ruleset {
        RulesetStatus::NotEnforced => Err(LandlockError::NotEnforced),
        _ => Ok(()),
    }
}

/// The same rules, for another process to restrict itself with.
///
/// # Errors
/// As [`restrict_self`].
pub(crate) fn ruleset() -> Result<OwnedFd, LandlockError> {
    let rules: Option<OwnedFd> = rules()?.into();
    rules.ok_or(LandlockError::NotEnforced)
}

fn rules() -> Result<RulesetCreated, LandlockError> {
    let read: BitFlags<AccessFs> = AccessFs::ReadFile | AccessFs::ReadDir | AccessFs::Execute;
    let all = AccessFs::from_all(ABI_WANTED);
    let device = AccessFs::ReadFile | AccessFs::WriteFile;
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(all)?
        // Handled and never allowed: no TCP port may be bound or connected to.
        .handle_access(AccessNet::from_all(ABI_WANTED))?
        .scope(Scope::from_all(ABI_WANTED))?
        .create()?
        .add_rule(beneath("/", read)?)?;
    for directory in WRITABLE_DIRECTORIES {
        rules = rules.add_rule(beneath(directory, all)?)?;
    }
    for path in WRITABLE_DEVICES {
        rules = rules.add_rule(beneath(path, device)?)?;
    }
    Ok(rules)
}

fn beneath(path: &str, access: BitFlags<AccessFs>) -> Result<PathBeneath<PathFd>, LandlockError> {
    Ok(PathBeneath::new(PathFd::new(path)?, access))
}
