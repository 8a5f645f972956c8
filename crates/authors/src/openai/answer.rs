//! Finds the program in a model's answer: strictly first, then where models are known to hide it.
//!
//! Code is taken as it stands or not at all. An answer that was cut off is never run.

use ringfence_job::Language;
use ringfence_pipeline::ports::{AuthorError, Draft};
use serde::Deserialize;
use serde_json::Value;

/// Starts of objects that are tried in one answer.
const OBJECTS_TRIED_MAX: usize = 64;

/// The object that was asked for.
#[derive(Deserialize)]
struct Program {
    language: String,
    code: String,
    #[serde(default)]
    explanation: String,
}

/// The draft in the body of a chat completion.
pub(super) fn draft(body: &[u8]) -> Result<Draft, AuthorError> {
    let unusable = |why: &str| AuthorError::Unusable(why.to_owned());
    let body: Value = serde_json::from_slice(body).map_err(|_| unusable("it is not a chat completion"))?;
    let choice = &body["choices"][0];
    if choice["finish_reason"] == "length" {
        return Err(unusable("it was cut off, raise model.output_tokens_max"));
    }
    let content = choice["message"]["content"].as_str().ok_or_else(|| unusable("it has no content"))?;
    let program = program(content).ok_or_else(|| unusable("it holds no program"))?;
    let language: Language = program.language.to_lowercase().parse().map_err(AuthorError::Unusable)?;
    if program.code.trim().is_empty() {
        return Err(unusable("its program is empty"));
    }
    Ok(Draft {
        language,
        code: program.code,
        explanation: program.explanation,
        confidence: None,
        memory: None,
    })
}

fn program(content: &str) -> Option<Program> {
    let content = without_thoughts(content.trim().trim_start_matches('\u{feff}'));
    if let Ok(program) = serde_json::from_str(content) {
        return Some(program);
    }
    objects(content).next().or_else(|| fenced_code(content))
}

/// What comes after a leading `<think>…</think>`.
fn without_thoughts(content: &str) -> &str {
    match content.strip_prefix("<think>").and_then(|rest| rest.split_once("</think>")) {
        Some((_, rest)) => rest.trim(),
        None => content,
    }
}

/// Programs that start at some brace: inside fences, tags or prose.
fn objects(content: &str) -> impl Iterator<Item = Program> {
    content.match_indices('{').take(OBJECTS_TRIED_MAX).filter_map(|(at, _)| {
        // The deserializer stops at the object's end and leaves what follows.
        serde_json::Deserializer::from_str(&content[at..]).into_iter::<Program>().next()?.ok()
    })
}

/// The one fenced block of code in an answer that has no object. Two would be a choice that is not ours.
fn fenced_code(content: &str) -> Option<Program> {
    let mut blocks = content.split("\n```").collect::<Vec<_>>();
    if let Some(first) = blocks.first_mut()
        && let Some(rest) = first.strip_prefix("```")
    {
        *first = "";
        blocks.insert(1, rest);
    }
    // Prose, block, prose: an unclosed fence gives two parts, several blocks give five.
    let [before, block, after] = blocks[..] else { return None };
    let (tag, code) = block.split_once('\n')?;
    let language = match tag.trim() {
        "python" | "py" | "python3" => "python",
        "bash" | "sh" | "shell" => "bash",
        _ => return None,
    };
    let explanation =
        [before.trim(), after.trim()].into_iter().find(|text| !text.is_empty()).unwrap_or_default();
    Some(Program {
        language: language.to_owned(),
        code: format!("{code}\n"),
        explanation: explanation.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(content: &str) -> Option<(String, String)> {
        program(content).map(|program| (program.language, program.code))
    }

    fn some(code: &str) -> Option<(String, String)> {
        Some(("python".to_owned(), code.to_owned()))
    }

    #[test]
    fn programs_are_found_where_models_put_them() {
        let code = "print(\"```\")\nx = {'a': 1}  # {\n";
        let object = json!({"language": "python", "code": code, "explanation": "e"}).to_string();
        for content in [
            object.clone(),
            format!("```json\n{object}\n```"),
            format!("Sure! Here it is:\n{object}\nHope it helps {{}}"),
            format!("<think>maybe {{\"code\": 1}}</think>\n{object}"),
            format!("\u{feff}{object}"),
        ] {
            assert_eq!(parse(&content), some(code), "{content}");
        }
        assert_eq!(parse("Here:\n```python\nprint(1)\n```\nDone."), some("print(1)\n"));
        assert_eq!(parse("```py\nprint(1)\n```"), some("print(1)\n"));
    }

    #[test]
    fn nothing_is_guessed() {
        for content in [
            "",
            "I cannot do that.",
            "```python\nprint(1)",
            "```python\nprint(1)\n```\n```python\nprint(2)\n```",
            "```\nprint(1)\n```",
            r#"{"language": "python", "code": "print(1"#,
            r#"{"language": "python", "code": null}"#,
            r#"{"language": 3, "code": "x"}"#,
            "{\"language\": \"python\", \"code\": \"a\nb\"}",
        ] {
            assert_eq!(parse(content), None, "{content}");
        }
        assert_eq!(parse(&"{".repeat(100_000)), None);
    }
}
