//! What a run executes, read back from its history: code and all it gets, by the hashes of their contents.

use std::collections::BTreeMap;

use ringfence_job::{InputFile, Language, Limits};
use serde::Deserialize;

use crate::{
    policy::ExecuteRequest,
    ports::{Record, StoreError},
    repeat::NoOriginal,
    run::{Event, FileRef, RunId},
};

/// A program as the events until now tell it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Program {
    code: Option<(Language, String)>,
    stdin: Option<String>,
    call: Option<String>,
    files: Vec<FileRef>,
    limits: Option<Limits>,
    fresh: bool,
}

impl Program {
    /// Takes note of what an event tells about it.
    pub(crate) fn see(&mut self, event: &Event) {
        match event {
            Event::Requested { language, code, stdin, call, files, fresh, .. } => {
                self.code = language.zip(code.clone());
                (self.stdin, self.call) = (stdin.clone(), call.clone());
                self.files.clone_from(files);
                self.fresh = *fresh;
            }
            Event::CodeWritten { language, code, .. } => self.code = Some((*language, code.clone())),
            Event::PolicyPassed { limits } => self.limits = Some(*limits),
            _ => {}
        }
    }

    /// True if it can be executed.
    pub(crate) fn is_whole(&self) -> bool {
        self.code.is_some() && self.limits.is_some()
    }

    #[cfg(test)]
    pub(crate) fn code_hash(&self) -> Option<&str> {
        self.code.as_ref().map(|(_, hash)| hash.as_str())
    }

    /// Bytes of its files.
    pub(crate) fn files_bytes(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// A request for it, with the contents it had and within the limits it passed with.
    pub(crate) async fn request(
        &self,
        record: &dyn Record,
        run: RunId,
    ) -> Result<ExecuteRequest, NoOriginal> {
        let (Some((language, code)), Some(limits)) = (&self.code, self.limits) else {
            return Err(damaged("its events tell of no program").into());
        };
        let contents = Contents { record, run };
        let mut request = ExecuteRequest::new(*language, contents.text("the code", code).await?);
        (request.limits, request.fresh) = (limits.into(), self.fresh);
        if let Some(hash) = &self.stdin {
            request.stdin = contents.get("standard input", hash).await?;
        }
        if let Some(hash) = &self.call {
            let call = contents.text("the arguments", hash).await?;
            let call: Call = serde_json::from_str(&call).map_err(|error| damaged(&error.to_string()))?;
            (request.args, request.env) = (call.args, call.env);
        }
        for FileRef { name, sha256, .. } in &self.files {
            let content = contents.get(&format!("file {name:?}"), sha256).await?;
            request.files.push(InputFile { name: name.clone(), content });
        }
        Ok(request)
    }
}

/// Arguments and environment, as a run's record keeps them.
#[derive(Deserialize)]
struct Call {
    args: Vec<String>,
    env: BTreeMap<String, String>,
}

/// Contents of a run.
struct Contents<'a> {
    record: &'a dyn Record,
    run: RunId,
}

impl Contents<'_> {
    async fn get(&self, what: &str, hash: &str) -> Result<Vec<u8>, NoOriginal> {
        let erased = || NoOriginal::Erased { run: self.run, what: what.to_owned() };
        self.record.get_blob(hash).await?.ok_or_else(erased)
    }

    async fn text(&self, what: &str, hash: &str) -> Result<String, NoOriginal> {
        let bytes = self.get(what, hash).await?;
        Ok(String::from_utf8(bytes).map_err(|error| damaged(&error.to_string()))?)
    }
}

/// A history that we have not written.
pub(crate) fn damaged(reason: &str) -> StoreError {
    StoreError::new("reading a history", reason)
}
