//! A job: one program, its inputs and its limits.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::Limits;

/// A programming language a client may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// CPython 3.11 or later with the scientific libraries of `runtimes/python`.
    Python,
    /// Node 20 or later, CommonJS or ES module.
    JavaScript,
    /// The same Node; types are taken away in the jail.
    TypeScript,
    /// GNU Bash with the tools of `runtimes/shell`.
    Bash,
}

impl Language {
    /// Every language, in the order in which messages list them.
    pub const ALL: [Language; 4] =
        [Language::Python, Language::JavaScript, Language::TypeScript, Language::Bash];

    /// The name used in requests and answers.
    pub fn name(self) -> &'static str {
        match self {
            Language::Python => "python",
            Language::JavaScript => "javascript",
            Language::TypeScript => "typescript",
            Language::Bash => "bash",
        }
    }

    /// Guesses the language from a file name's extension.
    pub fn from_file_name(name: &str) -> Option<Language> {
        match name.rsplit_once('.')?.1 {
            "py" => Some(Language::Python),
            "js" | "mjs" | "cjs" => Some(Language::JavaScript),
            "ts" | "mts" | "cts" => Some(Language::TypeScript),
            "sh" | "bash" => Some(Language::Bash),
            _ => None,
        }
    }
}

impl fmt::Display for Language {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Language::ALL.into_iter().find(|language| language.name() == text).ok_or_else(|| {
            let names = Language::ALL.map(Language::name).join(", ");
            format!("unknown language {text:?}, use one of: {names}")
        })
    }
}

/// What the jail holds while a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Runtime {
    /// `runtimes/python`: runs `Job::code` as a Python program.
    Python,
    /// `runtimes/javascript`: runs `Job::code` as a JavaScript program.
    JavaScript,
    /// `runtimes/javascript` as well: runs `Job::code` as a TypeScript program.
    TypeScript,
    /// `runtimes/shell`: runs `Job::code` as a Bash script.
    Bash,
    /// Our own binary as a reader of what is hostile, spreadsheets and source code; `Job::code` is empty,
    /// `Job::args` say what to read.
    Reader,
}

impl Runtime {
    /// The runtime whose tree this one runs in: jails are built for trees.
    pub fn tree(self) -> Runtime {
        match self {
            Runtime::TypeScript => Runtime::JavaScript,
            other => other,
        }
    }
}

impl From<Language> for Runtime {
    fn from(language: Language) -> Self {
        match language {
            Language::Python => Runtime::Python,
            Language::JavaScript => Runtime::JavaScript,
            Language::TypeScript => Runtime::TypeScript,
            Language::Bash => Runtime::Bash,
        }
    }
}

/// A file placed in the working directory before the program starts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InputFile {
    /// A name that [`check_file_name`] accepts.
    pub name: String,
    /// The content, byte for byte.
    pub content: Vec<u8>,
}

// Contents are people's data: they stay out of logs and panics.
impl fmt::Debug for InputFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InputFile({:?}, {} bytes)", self.name, self.content.len())
    }
}

/// One program to run once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// What the jail holds.
    pub runtime: Runtime,
    /// The program text.
    pub code: String,
    /// Arguments after the program's name.
    pub args: Vec<String>,
    /// Bytes on standard input; empty means end of file at once.
    pub stdin: Vec<u8>,
    /// Environment variables added to the runtime's own.
    pub env: BTreeMap<String, String>,
    /// Files in the working directory.
    pub files: Vec<InputFile>,
    /// Effective limits.
    pub limits: Limits,
    /// Ask for a newly executed interpreter rather than a warm one.
    pub fresh: bool,
}

/// Why a file name is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameError {
    /// The name is empty.
    Empty,
    /// The name has more than the allowed number of bytes.
    TooLong,
    /// The name is `.` or `..`, or holds a slash, a backslash, NUL or another control character.
    NotPlain,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NameError::Empty => "file name is empty",
            NameError::TooLong => "file name is longer than 200 bytes",
            NameError::NotPlain => {
                "file name must be a plain name without slashes, backslashes or control characters"
            }
        })
    }
}

impl std::error::Error for NameError {}

/// Longest input file name in bytes; tmpfs itself allows 255.
const INPUT_NAME_BYTES_MAX: usize = 200;

/// Accepts plain file names only: one path component, no control characters.
pub fn check_file_name(name: &str) -> Result<(), NameError> {
    if name.is_empty() {
        return Err(NameError::Empty);
    }
    if name.len() > INPUT_NAME_BYTES_MAX {
        return Err(NameError::TooLong);
    }
    let plain = name != "." && name != ".." && !name.chars().any(|c| c == '/' || c == '\\' || c.is_control());
    if plain { Ok(()) } else { Err(NameError::NotPlain) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn languages_have_names_and_endings() {
        for language in Language::ALL {
            assert_eq!(language.name().parse(), Ok(language));
        }
        assert_eq!(Language::from_file_name("a.b.mts"), Some(Language::TypeScript));
        assert_eq!(Language::from_file_name("main.cjs"), Some(Language::JavaScript));
        assert_eq!(Language::from_file_name("js"), None);
        let message = "ruby".parse::<Language>().unwrap_err();
        assert!(message.ends_with("python, javascript, typescript, bash"), "{message}");
    }

    #[test]
    fn only_plain_file_names_pass() {
        for name in ["sales.csv", "Umsätze 2026.csv", ".hidden", "a"] {
            assert_eq!(check_file_name(name), Ok(()), "{name:?}");
        }
        for name in [".", "..", "a/b", "/etc/passwd", "a\\b", "a\0b", "a\nb", "a\u{7f}"] {
            assert_eq!(check_file_name(name), Err(NameError::NotPlain), "{name:?}");
        }
        assert_eq!(check_file_name(""), Err(NameError::Empty));
        assert_eq!(check_file_name(&"x".repeat(201)), Err(NameError::TooLong));
    }
}
