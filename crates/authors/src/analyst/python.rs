//! Writes values as Python source. Names of files and columns are hostile text: they reach a program
//! only through [`literal`].

/// `text` as a Python string literal on one line, whatever it holds.
pub(crate) fn literal(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for char in text.chars() {
        match char {
            '\\' => quoted.push_str("\\\\"),
            '\'' => quoted.push_str("\\'"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            _ if is_plain(char) => quoted.push(char),
            _ => quoted.push_str(&escape(u32::from(char))),
        }
    }
    quoted.push('\'');
    quoted
}

fn escape(code: u32) -> String {
    match code {
        0..=0xff => format!("\\x{code:02x}"),
        0x100..=0xffff => format!("\\u{code:04x}"),
        _ => format!("\\U{code:08x}"),
    }
}

/// False for what a reader could not see or would misread: controls, odd spaces, joiners, and the
/// marks that turn the direction of text.
fn is_plain(char: char) -> bool {
    let hidden = matches!(u32::from(char),
        0xad | 0x61c | 0x115f..=0x1160 | 0x17b4..=0x17b5 | 0x180b..=0x180f | 0x200b..=0x200f | 0x2028..=0x202e
        | 0x2060..=0x206f | 0x3164 | 0xe000..=0xf8ff | 0xfe00..=0xfe0f | 0xfeff | 0xffa0 | 0xfff0..=0xffff
        | 0xe0000..=0x10_ffff);
    char == ' ' || !(char.is_control() || char.is_whitespace() || hidden)
}

/// A list of string literals.
pub(crate) fn list<S: AsRef<str>>(texts: impl IntoIterator<Item = S>) -> String {
    let literals: Vec<String> = texts.into_iter().map(|text| literal(text.as_ref())).collect();
    format!("[{}]", literals.join(", "))
}

/// A number, whole ones without a point.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value}");
    if text == "-0" { "0".to_owned() } else { text }
}

/// Wraps `text` into comment lines; what could end a comment becomes a space.
pub(crate) fn comment(text: &str) -> String {
    const WIDTH: usize = 96;
    let clean: String = text.chars().map(|char| if is_plain(char) { char } else { ' ' }).collect();
    let mut lines = vec![String::from("#")];
    for word in clean.split_whitespace() {
        let full = lines.last().is_some_and(|line| line.len() > 1 && line.len() + word.len() >= WIDTH);
        if full {
            lines.push(String::from("#"));
        }
        if let Some(line) = lines.last_mut() {
            line.push(' ');
            line.push_str(word);
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use proptest::prelude::*;

    use super::*;

    fn read_back(text: &str) -> String {
        let program = format!("import sys; sys.stdout.buffer.write({}.encode())", literal(text));
        let output = Command::new("python3").args(["-c", &program]).output().unwrap();
        assert!(output.status.success(), "{program}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[test]
    fn hostile_text_comes_back_unchanged() {
        for text in [
            "",
            "a'b\"c",
            "\\",
            "\\'",
            "'''",
            "a\nb\r\tc",
            "x\u{0}y",
            "é 漢 😀",
            "\u{202e}evil",
            "\u{2028}",
            "\u{feff}",
            "#{x}%s",
        ] {
            // A command line cannot carry NUL; the literal must not hold one anyway.
            assert!(!literal(text).contains(['\0', '\n', '\u{202e}']), "{text:?}");
            assert_eq!(read_back(text), text, "{text:?}");
        }
    }

    #[test]
    fn comments_stay_comments() {
        let text = comment("one\nimport os\r\u{2028}two\u{85}three");
        assert!(text.lines().all(|line| line.starts_with('#')), "{text}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn any_text_comes_back_unchanged(text in any::<String>()) {
            prop_assert_eq!(read_back(&text), text);
        }
    }
}
