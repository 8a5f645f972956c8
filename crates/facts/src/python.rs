//! What a Python program imports, by an iterative walk over its syntax tree.

use std::collections::BTreeSet;

use tree_sitter::{Node, Parser};

use crate::{CodeFacts, NAMES_MAX};

/// Names through which Python code can import, or run text that imports, without an import statement.
const DYNAMIC_NAMES: [&str; 12] = [
    "__builtins__",
    "__import__",
    "__loader__",
    "__spec__",
    "__subclasses__",
    "builtins",
    "compile",
    "eval",
    "exec",
    "importlib",
    "pkgutil",
    "runpy",
];

/// Reads the facts of a Python program.
///
/// # Errors
/// Says why the parser could not be used at all; code that is not Python gives facts that say so.
pub fn python_facts(code: &[u8]) -> Result<CodeFacts, String> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_python::LANGUAGE.into()).map_err(|error| error.to_string())?;
    let tree = parser.parse(code, None).ok_or("the parser gave up")?;
    let mut found = Found { code, imports: BTreeSet::new(), dynamic: BTreeSet::new(), incomplete: false };
    let mut cursor = tree.walk();
    loop {
        found.visit(cursor.node());
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return Ok(found.into_facts(tree.root_node().has_error()));
            }
        }
    }
}

struct Found<'a> {
    code: &'a [u8],
    imports: BTreeSet<String>,
    dynamic: BTreeSet<String>,
    incomplete: bool,
}

impl Found<'_> {
    fn visit(&mut self, node: Node<'_>) {
        match node.kind() {
            "import_statement" => {
                let mut cursor = node.walk();
                for name in node.children_by_field_name("name", &mut cursor) {
                    self.import(name);
                }
            }
            "import_from_statement" => {
                if let Some(module) = node.child_by_field_name("module_name") {
                    self.import(module);
                }
            }
            "future_import_statement" => self.list_import("__future__".to_owned()),
            "identifier" => {
                let name = self.text(node);
                if let Ok(at) = DYNAMIC_NAMES.binary_search(&name.as_str()) {
                    self.dynamic.insert(DYNAMIC_NAMES[at].to_owned());
                } else if name.chars().any(stands_for_ascii) {
                    self.dynamic.insert("an identifier in look-alike letters".to_owned());
                }
            }
            _ => {}
        }
    }

    fn import(&mut self, node: Node<'_>) {
        match node.kind() {
            "aliased_import" => {
                if let Some(name) = node.child_by_field_name("name") {
                    self.import(name);
                }
            }
            "relative_import" => self.list_import(".".to_owned()),
            _ => {
                let first = node.named_child(0).map_or_else(|| self.text(node), |first| self.text(first));
                self.list_import(first);
            }
        }
    }

    fn list_import(&mut self, name: String) {
        if self.imports.len() < NAMES_MAX {
            self.imports.insert(name);
        } else {
            self.incomplete = true;
        }
    }

    fn text(&self, node: Node<'_>) -> String {
        String::from_utf8_lossy(&self.code[node.byte_range()]).chars().take(NAME_CHARS_MAX).collect()
    }

    fn into_facts(self, has_error: bool) -> CodeFacts {
        CodeFacts {
            imports: self.imports.into_iter().collect(),
            dynamic: self.dynamic.into_iter().collect(),
            has_error,
            incomplete: self.incomplete,
        }
    }
}

/// Longest name listed, in characters; a longer one is cut and so matches nothing.
const NAME_CHARS_MAX: usize = 100;

/// Python compares identifiers after NFKC normalisation, so letters of these blocks can spell a name
/// in ASCII: long s, ordinals, phonetic and modifier letters, sub- and superscripts, letter-like
/// symbols, roman and circled letters, ligatures, full-width forms, mathematical letters.
fn stands_for_ascii(letter: char) -> bool {
    matches!(u32::from(letter),
        0xAA | 0xBA | 0x17F | 0x2B0..=0x2FF | 0x1D2C..=0x1DBF | 0x2070..=0x209F | 0x2100..=0x218F
        | 0x2460..=0x24FF | 0x2C7C..=0x2C7D | 0xFB00..=0xFB06 | 0xFE30..=0xFE4F | 0xFF00..=0xFFEF
        | 0x1D400..=0x1D7FF)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(code: &str) -> CodeFacts {
        python_facts(code.as_bytes()).unwrap()
    }

    #[test]
    fn every_form_of_import_is_seen() {
        let cases: [(&str, &[&str]); 9] = [
            ("import numpy", &["numpy"]),
            ("import numpy as np, pandas.io.json as j", &["numpy", "pandas"]),
            ("from scipy.stats import norm", &["scipy"]),
            ("from . import helper", &["."]),
            ("from .a import b", &["."]),
            ("from os import *", &["os"]),
            ("from __future__ import annotations", &["__future__"]),
            ("def f():\n    if x:\n        import socket", &["socket"]),
            ("try: import a\nexcept ImportError: import b; import c", &["a", "b", "c"]),
        ];
        for (code, imports) in cases {
            let facts = facts(code);
            assert_eq!(facts.imports, imports, "{code}");
            assert!(!facts.has_error, "{code}");
        }
    }

    #[test]
    fn ways_around_the_import_statement_are_named() {
        for (code, name) in [
            ("__import__('os')", "__import__"),
            ("f = __import__", "__import__"),
            ("import importlib\nimportlib.import_module('os')", "importlib"),
            ("exec('import os')", "exec"),
            ("eval(text)", "eval"),
            ("().__class__.__base__.__subclasses__()", "__subclasses__"),
            ("x.__builtins__['open']", "__builtins__"),
            ("ｅｘｅｃ('import os')", "an identifier in look-alike letters"),
            ("__𝐢mport__('os')", "an identifier in look-alike letters"),
        ] {
            assert_eq!(facts(code).dynamic, [name], "{code}");
        }
        assert_eq!(facts("größe = 1\nprint(größe)").dynamic, Vec::<String>::new());
        assert_eq!(facts("import math\nprint(math.pi)").dynamic, Vec::<String>::new());
    }

    #[test]
    fn the_list_of_dynamic_names_is_sorted_for_the_search() {
        assert!(DYNAMIC_NAMES.is_sorted());
    }

    #[test]
    fn text_that_is_not_python_is_an_error_fact() {
        for code in ["def (", "import", "a b c", "print 'x' y", "x = (\n"] {
            assert!(facts(code).has_error, "{code}");
        }
        assert!(!facts("").has_error);
    }

    #[test]
    fn deep_nesting_neither_overflows_nor_hides_an_import() {
        let deep = format!("x = {}1{}\nimport socket\n", "(".repeat(100_000), ")".repeat(100_000));
        let facts = facts(&deep);
        assert!(facts.has_error || facts.imports == ["socket"]);
        let _ = python_facts(format!("x = {}", "-".repeat(200_000)).as_bytes()).unwrap();
        let _ = python_facts("[".repeat(200_000).as_bytes()).unwrap();
    }

    #[test]
    fn more_imports_than_listed_are_marked() {
        let many: String = (0..NAMES_MAX + 1).map(|n| format!("import m{n}\n")).collect();
        let facts = facts(&many);
        assert_eq!(facts.imports.len(), NAMES_MAX);
        assert!(facts.incomplete);
    }

    #[test]
    fn bytes_that_are_not_utf8_are_survived() {
        let _ = python_facts(b"import \xff\xfe\nx = '\xc3'").unwrap();
    }
}
