//! A question in plain words and its answer.

use std::{collections::BTreeMap, fmt};

use ringfence_job::{InputFile, Language, LimitsPatch};
use serde::{Deserialize, Serialize};

use crate::{answer::Answer, cost::Cost, files::UploadRef, results::RunResult, run::RunId};

/// The output file in which a program may leave its answer as a value: `{"value": …, "label": …}`.
pub const RESULT_FILE: &str = "result.json";

/// Largest result file that is read, in bytes.
const RESULT_BYTES_MAX: usize = 64 * 1024;

/// Longest label that is passed on, in bytes.
const LABEL_BYTES_MAX: usize = 1000;

/// A question and the files it is about.
#[derive(Clone, Default)]
pub struct AskRequest {
    /// The question in plain words.
    pub question: String,
    /// Files in the program's working directory; those that are tables are profiled first.
    pub files: Vec<InputFile>,
    /// Files that were uploaded before, to join the others.
    pub uploads: Vec<UploadRef>,
    /// Limits asked for.
    pub limits: LimitsPatch,
    /// The session that it goes on with; none begins one. Without files it is about those of the turn before.
    pub session: Option<String>,
    /// What charts are saved as.
    pub chart_format: ChartFormat,
}

/// What a chart is saved as, unless its program says otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum ChartFormat {
    /// Pixels.
    #[default]
    Png,
    /// Lines and shapes, which any size suits.
    Svg,
}

impl ChartFormat {
    /// Every format.
    pub const ALL: [ChartFormat; 2] = [ChartFormat::Png, ChartFormat::Svg];

    /// Its name, with which the names of its files end.
    pub fn name(self) -> &'static str {
        match self {
            ChartFormat::Png => "png",
            ChartFormat::Svg => "svg",
        }
    }

    /// The environment that tells a program's library; none for what that does by itself, so that a warm
    /// interpreter can have the program.
    pub(crate) fn env(self) -> BTreeMap<String, String> {
        match self {
            ChartFormat::Png => BTreeMap::new(),
            ChartFormat::Svg => BTreeMap::from([("CHART_FORMAT".to_owned(), self.name().to_owned())]),
        }
    }
}

// A question is personal: it stays out of logs and panics.
impl fmt::Debug for AskRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AskRequest({} bytes, {:?})", self.question.len(), self.files)
    }
}

/// What came of a question.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AskAnswer {
    /// The run's identity.
    pub id: RunId,
    /// The conversation, to go on with; absent from answers of earlier versions.
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub session_id: String,
    /// What was made of the question.
    pub decision: Decision,
    /// What the program printed, without blanks around it.
    pub answer: String,
    /// What the program showed, in its order; absent from answers of earlier versions.
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub results: Vec<RunResult>,
    /// The answer as a value, if the program left one; else the first number or text that it showed.
    #[cfg_attr(feature = "schema", schema(value_type = Value, required))]
    pub value: Option<serde_json::Value>,
    /// What the value is, if the program said so.
    #[cfg_attr(feature = "schema", schema(required))]
    pub label: Option<String>,
    /// The program that computed it.
    pub code: String,
    /// The program's language.
    pub language: Language,
    /// What the program does, in a sentence.
    pub explanation: String,
    /// How the question was understood: the explanation under the name that tells more.
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub interpretation: String,
    /// How sure the author is that this was meant, from 0 to 1; null if it does not say.
    #[cfg_attr(feature = "schema", schema(required = false, minimum = 0, maximum = 1))]
    pub confidence: Option<f64>,
    /// What is asked back: nothing, for the question is answered.
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub clarification: Option<AskedBack>,
    /// Who wrote the program.
    pub author: String,
    /// From the question to the answer, in milliseconds.
    pub duration_ms: i64,
    /// What the run has cost; absent from answers of earlier versions.
    #[cfg_attr(feature = "schema", schema(required = false))]
    pub cost: Cost,
    /// As [`Answer::left_nano_usd`].
    #[serde(skip)]
    pub left_nano_usd: Option<i64>,
    /// The program's execution, whether it succeeded or not.
    pub run: Answer,
}

/// What was made of a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// A program was written for it, and run.
    Answered,
    /// Something has to be known first, and is asked back.
    Clarify,
    /// It is not answered: it was not understood, the data cannot say, or it would destroy something.
    Refused,
}

/// What is asked back, and by which name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct AskedBack {
    /// Its identity: that of the run which asks.
    pub id: RunId,
    /// The question.
    pub question: String,
    /// Answers to choose from; none if there is no such choice.
    pub options: Vec<String>,
}

impl AskAnswer {
    /// The answer as it is given over HTTP: as [`Answer::linked`].
    pub fn linked(&self) -> serde_json::Value {
        let mut json = serde_json::to_value(self).unwrap_or_default();
        json["run"] = self.run.linked();
        json
    }

    /// The answer as JSON without the contents that the record keeps by their hashes.
    pub(crate) fn outline(&self) -> serde_json::Value {
        let mut outline = serde_json::to_value(self).unwrap_or_default();
        outline["run"] = self.run.outline();
        outline
    }
}

/// The value and label that the program left in its result file, if it did.
pub(crate) fn result_of(run: &Answer) -> (Option<serde_json::Value>, Option<String>) {
    let Some(file) = run.files.iter().find(|file| file.name == RESULT_FILE) else {
        return (None, None);
    };
    if file.content.len() > RESULT_BYTES_MAX {
        return (None, None);
    }
    let Ok(serde_json::Value::Object(mut result)) = serde_json::from_slice(&file.bytes()) else {
        return (None, None);
    };
    let label = match result.remove("label") {
        Some(serde_json::Value::String(label)) if label.len() <= LABEL_BYTES_MAX => Some(label),
        _ => None,
    };
    (result.remove("value"), label)
}
