//! The limits of a run: values, defaults, the operator's floors and ceilings.

use std::fmt;

use serde::{Deserialize, Serialize};

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

macro_rules! limits {
    ($($field:ident, $kind:ident, $name:literal, $default:expr, $floor:expr, $ceiling:expr, $doc:literal;)*) => {
        /// Effective limits of one run; each holds for the whole process tree.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[serde(rename_all = "camelCase")]
        pub struct Limits { $(#[doc = $doc] pub $field: u64,)* }

        /// Limits a client asks for; what is absent takes the default.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[serde(rename_all = "camelCase", deny_unknown_fields)]
        pub struct LimitsPatch { $(
            #[doc = $doc]
            #[serde(default, skip_serializing_if = "Option::is_none")]
            pub $field: Option<u64>,
        )* }

        /// The operator's default, floor and ceiling of every limit.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "camelCase", deny_unknown_fields, default)]
        pub struct LimitsPolicy { $(#[doc = $doc] pub $field: LimitRange,)* }

        /// Names one limit.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
        #[serde(rename_all = "camelCase")]
        pub enum LimitKind { $(#[doc = $doc] $kind,)* }

        impl LimitKind {
            /// Every limit, in the order of the documentation.
            pub const ALL: &'static [LimitKind] = &[$(LimitKind::$kind,)*];

            /// The name used in requests, answers, `--limit` and the configuration.
            pub fn name(self) -> &'static str {
                match self { $(LimitKind::$kind => $name,)* }
            }
        }

        impl Limits {
            /// The value of one limit.
            pub fn get(&self, kind: LimitKind) -> u64 {
                match kind { $(LimitKind::$kind => self.$field,)* }
            }
        }

        impl From<Limits> for LimitsPatch {
            fn from(limits: Limits) -> Self {
                LimitsPatch { $($field: Some(limits.$field),)* }
            }
        }

        impl LimitsPatch {
            /// Sets one limit by its name, for `--limit KEY=VALUE`.
            pub fn set(&mut self, kind: LimitKind, value: u64) {
                match kind { $(LimitKind::$kind => self.$field = Some(value),)* }
            }
        }

        impl Default for LimitsPolicy {
            fn default() -> Self {
                LimitsPolicy { $($field: LimitRange { default: $default, floor: $floor, ceiling: $ceiling },)* }
            }
        }

        impl LimitsPolicy {
            /// Default, floor and ceiling of one limit.
            pub fn range(&self, kind: LimitKind) -> LimitRange {
                match kind { $(LimitKind::$kind => self.$field,)* }
            }

            /// Turns what a client asks for into effective limits.
            ///
            /// # Errors
            /// Names the first limit outside the operator's range, with the range.
            pub fn resolve(&self, asked: &LimitsPatch) -> Result<Limits, LimitError> {
                let limits = Limits { $(
                    $field: self.$field.resolve(LimitKind::$kind, asked.$field)?,
                )* };
                limits.check_scratch_fits_memory(asked)
            }
        }
    };
}

limits! {
    wall_ms, WallMs, "wallMs", 10_000, 10, 300_000, "Wall-clock time in milliseconds.";
    cpu_ms, CpuMs, "cpuMs", 10_000, 10, 300_000, "CPU time of the whole tree in milliseconds.";
    memory_bytes, MemoryBytes, "memoryBytes", 512 * MIB, 16 * MIB, 4096 * MIB,
        "Memory of the whole tree in bytes, scratch and shared memory included.";
    tasks, Tasks, "tasks", 128, 1, 1024, "Processes and threads alive at once.";
    open_files, OpenFiles, "openFiles", 256, 16, 4096, "Open files of each process.";
    file_bytes, FileBytes, "fileBytes", 256 * MIB, KIB, 2048 * MIB, "Size of any one file in bytes.";
    scratch_bytes, ScratchBytes, "scratchBytes", 256 * MIB, 64 * KIB, 2048 * MIB,
        "Bytes in the working directory, /tmp and /dev/shm together, whole pages counted.";
    scratch_inodes, ScratchInodes, "scratchInodes", 8192, 16, 65_536,
        "Files and directories in the working directory, /tmp and /dev/shm together.";
    stdout_bytes, StdoutBytes, "stdoutBytes", 64 * KIB, 0, 4 * MIB, "Bytes kept of standard output.";
    stderr_bytes, StderrBytes, "stderrBytes", 64 * KIB, 0, 4 * MIB, "Bytes kept of standard error.";
    output_files, OutputFiles, "outputFiles", 32, 0, 256, "Files returned.";
    output_bytes, OutputBytes, "outputBytes", 10 * MIB, 0, 64 * MIB, "Bytes of all returned files together.";
    output_depth, OutputDepth, "outputDepth", 8, 1, 32, "Directory levels searched for files to return.";
    output_name_bytes, OutputNameBytes, "outputNameBytes", 255, 1, 1024,
        "Length of a returned file's path in bytes.";
}

/// Default, floor and ceiling of one limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitRange {
    /// In force when the client asks for nothing.
    pub default: u64,
    /// The least a client may ask for.
    pub floor: u64,
    /// The most a client may ask for.
    pub ceiling: u64,
}

impl LimitRange {
    fn resolve(&self, kind: LimitKind, asked: Option<u64>) -> Result<u64, LimitError> {
        let value = asked.unwrap_or(self.default);
        if value > self.ceiling {
            return Err(LimitError::AboveCeiling { kind, asked: value, ceiling: self.ceiling });
        }
        if value < self.floor {
            return Err(LimitError::BelowFloor { kind, asked: value, floor: self.floor });
        }
        Ok(value)
    }
}

impl Limits {
    /// Scratch lives in memory, so more than half the memory could never be filled: what the client
    /// asked for is refused, a default shrinks.
    fn check_scratch_fits_memory(mut self, asked: &LimitsPatch) -> Result<Limits, LimitError> {
        let most = self.memory_bytes / 2;
        if self.scratch_bytes > most {
            if asked.scratch_bytes.is_some() {
                return Err(LimitError::ScratchAboveHalfMemory { asked: self.scratch_bytes, most });
            }
            self.scratch_bytes = most;
        }
        Ok(self)
    }
}

/// Why a requested limit is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitError {
    /// More than the operator's ceiling.
    AboveCeiling {
        /// The limit.
        kind: LimitKind,
        /// What was asked for.
        asked: u64,
        /// The most that is allowed.
        ceiling: u64,
    },
    /// Less than the operator's floor.
    BelowFloor {
        /// The limit.
        kind: LimitKind,
        /// What was asked for.
        asked: u64,
        /// The least that is allowed.
        floor: u64,
    },
    /// More scratch than half the memory limit.
    ScratchAboveHalfMemory {
        /// What was asked for, in bytes.
        asked: u64,
        /// Half the memory limit, in bytes.
        most: u64,
    },
}

impl LimitError {
    /// The limit that is refused.
    pub fn kind(&self) -> LimitKind {
        match self {
            LimitError::AboveCeiling { kind, .. } | LimitError::BelowFloor { kind, .. } => *kind,
            LimitError::ScratchAboveHalfMemory { .. } => LimitKind::ScratchBytes,
        }
    }
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LimitError::AboveCeiling { kind, asked, ceiling } => {
                write!(f, "limit {} = {asked} is above the ceiling of {ceiling}", kind.name())
            }
            LimitError::BelowFloor { kind, asked, floor } => {
                write!(f, "limit {} = {asked} is below the floor of {floor}", kind.name())
            }
            LimitError::ScratchAboveHalfMemory { asked, most } => write!(
                f,
                "limit scratchBytes = {asked} is above {most}, half of memoryBytes: scratch is held in memory"
            ),
        }
    }
}

impl std::error::Error for LimitError {}

impl fmt::Display for LimitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for LimitKind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        LimitKind::ALL.iter().copied().find(|kind| kind.name() == text).ok_or_else(|| {
            let names: Vec<&str> = LimitKind::ALL.iter().map(|kind| kind.name()).collect();
            format!("unknown limit {text:?}, use one of: {}", names.join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_the_documented_ones() {
        let limits = LimitsPolicy::default().resolve(&LimitsPatch::default()).unwrap();
        assert_eq!((limits.wall_ms, limits.cpu_ms), (10_000, 10_000));
        assert_eq!(limits.memory_bytes, 512 * MIB);
        assert_eq!(limits.tasks, 128);
        assert_eq!((limits.stdout_bytes, limits.stderr_bytes), (64 * KIB, 64 * KIB));
        assert_eq!(limits.scratch_bytes, 256 * MIB);
        assert_eq!((limits.output_files, limits.output_bytes), (32, 10 * MIB));
    }

    #[test]
    fn beyond_a_ceiling_is_refused_with_the_ceiling_in_the_message() {
        let asked = LimitsPatch { wall_ms: Some(300_001), ..LimitsPatch::default() };
        let error = LimitsPolicy::default().resolve(&asked).unwrap_err();
        assert_eq!(error.to_string(), "limit wallMs = 300001 is above the ceiling of 300000");
    }

    #[test]
    fn scratch_is_at_most_half_the_memory() {
        let asked = LimitsPatch { memory_bytes: Some(64 * MIB), ..LimitsPatch::default() };
        assert_eq!(LimitsPolicy::default().resolve(&asked).unwrap().scratch_bytes, 32 * MIB);
        let asked = LimitsPatch { scratch_bytes: Some(33 * MIB), ..asked };
        let error = LimitsPolicy::default().resolve(&asked).unwrap_err();
        assert_eq!(error.kind(), LimitKind::ScratchBytes);
    }

    #[test]
    fn every_name_parses_back() {
        for kind in LimitKind::ALL {
            assert_eq!(kind.name().parse::<LimitKind>(), Ok(*kind));
        }
    }
}
