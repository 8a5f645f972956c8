//! What differs between two executions of the same code: pure, on what the record says of both.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use ringfence_job::Status;
use serde::Serialize;

use crate::run::{Execution, FileRef, RunId};

/// Lines shown before the first one that differs.
const LINES_BEFORE: usize = 2;
/// Lines shown from the first one that differs, of each side.
const LINES_FROM: usize = 3;
/// Longest part of a line that is shown, in characters.
const LINE_CHARS_MAX: usize = 160;
/// Characters of the first line that differs which are shown before the difference, if it is far in.
const LEAD_CHARS: usize = 40;

/// How an execution compares with the one it repeats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The run that was repeated.
    pub of: RunId,
    /// True if nothing differs.
    pub identical: bool,
    /// What differs.
    pub differences: Vec<Difference>,
    /// True if it ran in another tree than then: the runtime was built anew.
    pub runtime_changed: bool,
}

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(tag = "what", rename_all = "camelCase")]
pub enum Difference {
    /// How the program ended.
    Status {
        /// Then.
        before: Status,
        /// Now.
        after: Status,
    },
    /// The program's exit code.
    ExitCode {
        /// Then; null if it had none.
        #[cfg_attr(feature = "schema", schema(required))]
        before: Option<i32>,
        /// Now; null if it had none.
        #[cfg_attr(feature = "schema", schema(required))]
        after: Option<i32>,
    },
    /// The signal that ended the program.
    Signal {
        /// Then; null if none did.
        #[cfg_attr(feature = "schema", schema(required))]
        before: Option<i32>,
        /// Now; null if none did.
        #[cfg_attr(feature = "schema", schema(required))]
        after: Option<i32>,
    },
    /// Standard output.
    Stdout(Output),
    /// Standard error.
    Stderr(Output),
    /// Names of the limits that fired.
    LimitsHit {
        /// Then.
        before: Vec<String>,
        /// Now.
        after: Vec<String>,
    },
    /// Names of the system calls that were refused.
    DeniedSyscalls {
        /// Then.
        before: Vec<String>,
        /// Now.
        after: Vec<String>,
    },
    /// A file that the program left behind.
    File {
        /// Then; null if it was not there.
        #[cfg_attr(feature = "schema", schema(required))]
        before: Option<FileRef>,
        /// Now; null if it is not there.
        #[cfg_attr(feature = "schema", schema(required))]
        after: Option<FileRef>,
    },
}

/// How two outputs differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Output {
    /// Bytes that were printed then, kept or not.
    pub bytes_before: u64,
    /// Bytes that were printed now, kept or not.
    pub bytes_after: u64,
    /// Where what is kept begins to differ; null if only what was not kept does, or the one from then was
    /// erased.
    #[cfg_attr(feature = "schema", schema(required))]
    pub excerpt: Option<Excerpt>,
}

/// Two texts around the first line that differs, control characters escaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Excerpt {
    /// The number of the first line that differs, from 1.
    pub line: usize,
    /// The lines before it.
    pub common: Vec<String>,
    /// That line and some after it, then.
    pub before: Vec<String>,
    /// That line and some after it, now.
    pub after: Vec<String>,
}

/// What differs between two executions, without their outputs.
pub(crate) fn differences(before: &Execution, after: &Execution) -> Vec<Difference> {
    let mut found = Vec::new();
    if before.status != after.status {
        found.push(Difference::Status { before: before.status, after: after.status });
    }
    if before.exit_code != after.exit_code {
        found.push(Difference::ExitCode { before: before.exit_code, after: after.exit_code });
    }
    if before.signal != after.signal {
        found.push(Difference::Signal { before: before.signal, after: after.signal });
    }
    // Which of several comes first is chance.
    let (limits_before, limits_after) = (sorted(&before.limits_hit), sorted(&after.limits_hit));
    if limits_before != limits_after {
        found.push(Difference::LimitsHit { before: limits_before, after: limits_after });
    }
    let (calls_before, calls_after) = (sorted(&before.denied_syscalls), sorted(&after.denied_syscalls));
    if calls_before != calls_after {
        found.push(Difference::DeniedSyscalls { before: calls_before, after: calls_after });
    }
    found.extend(files(&before.files, &after.files));
    found
}

fn sorted(names: &[String]) -> Vec<String> {
    let names: BTreeSet<&String> = names.iter().collect();
    names.into_iter().cloned().collect()
}

fn files(before: &[FileRef], after: &[FileRef]) -> Vec<Difference> {
    let by_name = |files: &[FileRef]| -> BTreeMap<String, FileRef> {
        files.iter().map(|file| (file.name.clone(), file.clone())).collect()
    };
    let (mut old, mut new) = (by_name(before), by_name(after));
    let names: BTreeSet<String> = old.keys().chain(new.keys()).cloned().collect();
    names
        .into_iter()
        .map(|name| (old.remove(&name), new.remove(&name)))
        .filter(|(before, after)| before != after)
        .map(|(before, after)| Difference::File { before, after })
        .collect()
}

/// Where two outputs begin to differ; none if they are the same.
pub(crate) fn excerpt(before: &[u8], after: &[u8]) -> Option<Excerpt> {
    if before == after {
        return None;
    }
    let text = std::str::from_utf8(before).is_ok() && std::str::from_utf8(after).is_ok();
    let shown = |line: &[u8]| if text { visible(&String::from_utf8_lossy(line)) } else { escaped(line) };
    let lines = |output: &[u8]| output.split_inclusive(|byte| *byte == b'\n').map(shown).collect::<Vec<_>>();
    let (old, new) = (lines(before), lines(after));
    let same = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let skipped = match (old.get(same), new.get(same)) {
        (Some(old), Some(new)) => far_in(old, new),
        _ => 0,
    };
    let from = |lines: &[String]| -> Vec<String> {
        let lines = lines.iter().skip(same).take(LINES_FROM).enumerate();
        lines.map(|(at, line)| part(line, if at == 0 { skipped } else { 0 })).collect()
    };
    Some(Excerpt {
        line: same + 1,
        common: old[same.saturating_sub(LINES_BEFORE)..same].iter().map(|line| part(line, 0)).collect(),
        before: from(&old),
        after: from(&new),
    })
}

/// A line as it is shown: what cannot be seen is escaped, and so is the end of a line that has none.
fn visible(line: &str) -> String {
    let (line, ended) = match line.strip_suffix('\n') {
        Some(line) => (line, true),
        None => (line, false),
    };
    let mut shown = String::with_capacity(line.len());
    for c in line.chars() {
        if c.is_control() && c != '\t' { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    if !ended {
        shown.push_str(" (no line end)");
    }
    shown
}

fn escaped(line: &[u8]) -> String {
    line.escape_ascii().to_string()
}

/// Characters to leave out at the beginning of two lines, so that what differs is seen.
fn far_in(old: &str, new: &str) -> usize {
    let same = old.chars().zip(new.chars()).take_while(|(old, new)| old == new).count();
    if same < LINE_CHARS_MAX / 2 { 0 } else { same - LEAD_CHARS }
}

/// A part of a line that is not too long, with marks where something was left out.
fn part(line: &str, skipped: usize) -> String {
    let mut rest = line.chars().skip(skipped);
    let mut part: String = rest.by_ref().take(LINE_CHARS_MAX).collect();
    if skipped > 0 {
        part.insert(0, '…');
    }
    if rest.next().is_some() {
        part.push('…');
    }
    part
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.identical {
            return f.write_str("identical");
        }
        let differences: Vec<String> = self.differences.iter().map(ToString::to_string).collect();
        f.write_str(&differences.join("\n"))?;
        if self.runtime_changed {
            f.write_str("\nruntime: it was built anew since, from other files")?;
        }
        Ok(())
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |number: &Option<i32>| number.map_or_else(|| "none".to_owned(), |n| n.to_string());
        match self {
            Difference::Status { before, after } => write!(f, "status: was {before}, is {after}"),
            Difference::ExitCode { before, after } => {
                write!(f, "exit code: was {}, is {}", number(before), number(after))
            }
            Difference::Signal { before, after } => {
                write!(f, "signal: was {}, is {}", number(before), number(after))
            }
            Difference::Stdout(output) => write!(f, "standard output{output}"),
            Difference::Stderr(output) => write!(f, "standard error{output}"),
            Difference::LimitsHit { before, after } => {
                write!(f, "limits hit: were {}, are {}", list(before), list(after))
            }
            Difference::DeniedSyscalls { before, after } => {
                write!(f, "refused system calls: were {}, are {}", list(before), list(after))
            }
            Difference::File { before: Some(before), after: Some(after) } => {
                write!(f, "file {:?}: changed, {} bytes then, {} now", before.name, before.size, after.size)
            }
            Difference::File { before: Some(before), .. } => {
                write!(f, "file {:?}: missing, {} bytes then", before.name, before.size)
            }
            Difference::File { after: Some(after), .. } => {
                write!(f, "file {:?}: added, {} bytes now", after.name, after.size)
            }
            Difference::File { .. } => Ok(()),
        }
    }
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

impl fmt::Display for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(excerpt) = &self.excerpt else {
            let (before, after) = (self.bytes_before, self.bytes_after);
            return write!(f, ": differs beyond what is kept, {before} bytes then, {after} now");
        };
        write!(f, ": differs from line {}", excerpt.line)?;
        let marked = [(' ', &excerpt.common), ('-', &excerpt.before), ('+', &excerpt.after)];
        for (mark, line) in marked.iter().flat_map(|(mark, lines)| lines.iter().map(move |line| (mark, line)))
        {
            write!(f, "\n  {mark} {line}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use ringfence_job::Usage;

    use super::*;
    use crate::budget::Amount;

    fn execution() -> Execution {
        Execution {
            step: 0,
            status: Status::Succeeded,
            exit_code: Some(0),
            signal: None,
            usage: Usage::default(),
            used: Amount::default(),
            stdout: None,
            stderr: None,
            limits_hit: vec!["tasks".to_owned(), "fileBytes".to_owned()],
            denied_syscalls: Vec::new(),
            files: vec![file("a", "1"), file("b", "2")],
            isolation_complete: true,
            runtime: None,
        }
    }

    fn file(name: &str, sha256: &str) -> FileRef {
        FileRef { name: name.to_owned(), size: 1, sha256: sha256.to_owned() }
    }

    fn said(before: &Execution, after: &Execution) -> Vec<String> {
        differences(before, after).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn neither_what_was_used_nor_an_order_is_a_difference() {
        let mut after = execution();
        (after.step, after.usage.wall_ms, after.used.sandbox_ms) = (3, 9, 9);
        after.limits_hit.reverse();
        after.files.reverse();
        assert_eq!(differences(&execution(), &after), []);
    }

    #[test]
    fn whatever_else_differs_is_named() {
        let mut after = execution();
        (after.status, after.exit_code, after.signal) = (Status::Signaled, None, Some(11));
        after.limits_hit.pop();
        after.denied_syscalls = vec!["ptrace".to_owned()];
        after.files = vec![file("b", "3"), file("c", "4")];
        let expected = [
            "status: was succeeded, is signaled",
            "exit code: was 0, is none",
            "signal: was none, is 11",
            "limits hit: were fileBytes, tasks, are tasks",
            "refused system calls: were none, are ptrace",
            "file \"a\": missing, 1 bytes then",
            "file \"b\": changed, 1 bytes then, 1 now",
            "file \"c\": added, 1 bytes now",
        ];
        assert_eq!(said(&execution(), &after), expected);
    }

    fn shown(before: &str, after: &str) -> (usize, Vec<String>, Vec<String>, Vec<String>) {
        let excerpt = excerpt(before.as_bytes(), after.as_bytes()).unwrap();
        (excerpt.line, excerpt.common, excerpt.before, excerpt.after)
    }

    fn lines(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    #[test]
    fn the_first_line_that_differs_is_shown_with_those_around_it() {
        assert_eq!(excerpt(b"same\n", b"same\n"), None);
        let found = shown("1\n2\n3\nold\n5\n6\n7\n", "1\n2\n3\nnew\n5\n");
        let expected = (4, lines(&["2", "3"]), lines(&["old", "5", "6"]), lines(&["new", "5"]));
        assert_eq!(found, expected);
        assert_eq!(shown("", "x\n"), (1, vec![], vec![], lines(&["x"])));
    }

    #[test]
    fn what_cannot_be_seen_is_shown() {
        assert_eq!(shown("a\n", "a").3, lines(&["a (no line end)"]));
        assert_eq!(shown("a\r\n\u{1b}[1m\n", "a\n").2, lines(&["a\\r", "\\u{1b}[1m"]));
        let binary = excerpt(b"\xff\n", b"\xfe\n").unwrap();
        assert_eq!((binary.before, binary.after), (lines(&["\\xff\\n"]), lines(&["\\xfe\\n"])));
    }

    #[test]
    fn long_lines_are_cut_around_what_differs() {
        let (same, rest) = ("ä".repeat(5000), "z".repeat(5000));
        let (_, _, before, after) = shown(&format!("{same}1{rest}\n"), &format!("{same}2{rest}\n"));
        for (line, differs) in [(&before[0], "ä1z"), (&after[0], "ä2z")] {
            assert!(line.contains(differs) && line.chars().count() <= LINE_CHARS_MAX + 2, "{line}");
        }
    }
}
