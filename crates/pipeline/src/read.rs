//! Reading runs back from the record, for the tenant they belong to.

use crate::{
    answer::fill,
    audit::AuditEntry,
    files::{Content, Files},
    pipeline::Pipeline,
    ports::{Record, StoreError},
    run::{Principal, RunId},
    sessions::Sessions,
    view::{RunKind, RunView},
};

impl Pipeline {
    /// A run as its history tells it; none if there is none, or it is another tenant's.
    ///
    /// # Errors
    /// The store fails, or what it holds is damaged.
    pub async fn view(&self, principal: &Principal, run: RunId) -> Result<Option<RunView>, StoreError> {
        let history = self.record().history(principal, run).await?;
        RunView::read(run, &history).map_err(|error| StoreError::new("reading a history", error.to_string()))
    }

    /// The tenant's runs, newest first: at most `limit` of those before `before`.
    ///
    /// # Errors
    /// As [`Pipeline::view`].
    pub async fn list(
        &self,
        principal: &Principal,
        before: Option<RunId>,
        limit: u32,
    ) -> Result<Vec<RunView>, StoreError> {
        let mut views = Vec::new();
        for run in self.record().runs(principal, before, limit).await? {
            views.extend(self.view(principal, run).await?);
        }
        Ok(views)
    }

    /// What was done in the tenant, newest first: at most `limit` of the entries before the one numbered `before`.
    ///
    /// # Errors
    /// The store fails.
    pub async fn audit(
        &self,
        principal: &Principal,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Vec<AuditEntry>, StoreError> {
        self.record().audit(principal, before, limit).await
    }

    /// The answer of a run that ended, as it is given over HTTP; contents erased since are null. None if
    /// it has none.
    ///
    /// # Errors
    /// As [`Pipeline::view`].
    pub async fn answer(&self, view: &RunView) -> Result<Option<serde_json::Value>, StoreError> {
        let (Some(answer), Some(execution)) = (&view.answer, &view.execution) else { return Ok(None) };
        let Some(outline) = self.record().get_blob(answer).await? else { return Ok(None) };
        let mut outline: serde_json::Value = serde_json::from_slice(&outline)
            .map_err(|error| StoreError::new("reading an answer", error.to_string()))?;
        let run = match view.kind {
            RunKind::Execute => &mut outline,
            RunKind::Ask => &mut outline["run"],
        };
        fill(run, execution, self.record()).await?;
        Ok(Some(outline))
    }

    /// What was uploaded.
    pub fn files(&self) -> &dyn Files {
        self.driver().ports.files.as_ref()
    }

    /// Conversations.
    pub fn sessions(&self) -> &dyn Sessions {
        self.driver().ports.sessions.as_ref()
    }

    /// Content by the hash that a view or a file gives, to be read in pieces; none if it was erased.
    ///
    /// # Errors
    /// As [`Pipeline::view`].
    pub async fn open(&self, sha256: &str) -> Result<Option<Content>, StoreError> {
        self.record().open_blob(sha256).await
    }

    /// Content by the hash that a view gives; none if it was erased.
    ///
    /// # Errors
    /// As [`Pipeline::view`].
    pub async fn content(&self, sha256: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.record().get_blob(sha256).await
    }

    pub(crate) fn record(&self) -> &dyn Record {
        self.driver().ports.record.as_ref()
    }
}
