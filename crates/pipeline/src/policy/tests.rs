//! The policy decides what its cases say: `policies/cases/*.toml`.

use std::path::Path;

use super::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    why: String,
    #[serde(default)]
    policy: PolicyChange,
    request: Request,
    facts: Option<CodeFacts>,
    #[serde(default)]
    allow: bool,
    #[serde(default)]
    deny: Vec<Denial>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyChange {
    languages: Option<BTreeSet<Language>>,
    allowed_libraries: Option<BTreeSet<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    language: Language,
    #[serde(default)]
    code: String,
    code_bytes: Option<usize>,
    #[serde(default)]
    args: Vec<String>,
    #[serde(default)]
    env: BTreeMap<String, String>,
    #[serde(default)]
    files: Vec<File>,
    #[serde(default)]
    limits: LimitsPatch,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    size: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Denial {
    code: String,
    pointer: String,
    #[serde(default)]
    detail: String,
}

impl Request {
    fn into_request(self) -> ExecuteRequest {
        let code = self.code_bytes.map_or(self.code, |bytes| "#".repeat(bytes));
        let file = |file: File| InputFile { name: file.name, content: vec![0; file.size] };
        ExecuteRequest {
            args: self.args,
            env: self.env,
            files: self.files.into_iter().map(file).collect(),
            limits: self.limits,
            ..ExecuteRequest::new(self.language, code)
        }
    }
}

fn check(case: Case) {
    let mut policy = Policy::default();
    if let Some(languages) = case.policy.languages {
        policy.languages = languages;
    }
    policy.allowed_libraries = case.policy.allowed_libraries;
    let decision = policy
        .examine(case.request.into_request(), &LimitsPolicy::default())
        .and_then(|examined| examined.decide(case.facts.as_ref()));
    let found = decision.err().unwrap_or_default();
    assert_eq!(found.is_empty(), case.allow, "{}: {found:?}", case.why);
    assert_eq!(found.len(), case.deny.len(), "{}: {found:?}", case.why);
    for (found, expected) in found.iter().zip(&case.deny) {
        assert_eq!((found.code, &found.pointer), (expected.code.as_str(), &expected.pointer), "{}", case.why);
        assert!(found.detail.contains(&expected.detail), "{}: {found}", case.why);
    }
}

#[test]
fn every_case_is_decided_as_it_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/cases");
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let cases: Cases = toml::from_str(&text).unwrap();
        count += cases.case.len();
        cases.case.into_iter().for_each(check);
    }
    assert!(count >= 25, "{count} cases were found");
}

#[test]
fn the_embedded_policy_is_valid_and_restricts_no_libraries() {
    assert_eq!(Policy::default().allowed_libraries, None);
    assert_eq!(Policy::default().max_code_bytes, CODE_BYTES_MAX);
}

#[test]
fn a_policy_file_is_read_strictly() {
    let text = include_str!("../../../../policies/default.toml");
    let changed = |from: &str, to: &str| {
        assert!(text.contains(from));
        Policy::parse(&text.replace(from, to)).unwrap_err().to_string()
    };
    assert!(changed("max_args = 256", "max_arg = 256").contains("unknown field `max_arg`"));
    assert!(changed("max_args = 256", "").contains("missing field `max_args`"));
    assert!(changed("version = 1", "version = 2").contains("version 2"));
    assert!(changed("262_144", "262_145").contains("set at most 262144"));
    for (name, value) in [("max_args", "256"), ("max_env", "64"), ("max_files", "32")] {
        let error = changed(&format!("{name} = {value}"), &format!("{name} = 16_385"));
        assert_eq!(error, format!("policy file sets {name} to 16385, set at most 16384"));
    }
    assert!(changed("\"bash\"", "\"perl\"").contains("perl"));
}

#[test]
fn mistakes_named_are_bounded() {
    let mut request = ExecuteRequest::new(Language::Python, "1");
    request.args = vec!["\0".to_owned(); 200];
    let found = Policy::default().examine(request, &LimitsPolicy::default()).unwrap_err();
    assert_eq!(found.len(), VIOLATIONS_MAX);
}

#[test]
fn a_question_is_neither_empty_nor_a_book() {
    let ask = |question: &str| {
        let request = AskRequest { question: question.to_owned(), ..AskRequest::default() };
        Policy::default().examine_question(&request, &LimitsPolicy::default())
    };
    ask("What is the sum of revenue?").unwrap();
    assert_eq!(ask(" \n").unwrap_err()[0].code, "question_empty");
    assert_eq!(ask(&"x".repeat(QUESTION_BYTES_MAX + 1)).unwrap_err()[0].code, "question_too_large");
}
