//! One run's history as it is written: every change of state passes through here and is stored
//! together with the money it concerns.

use std::sync::Arc;

use crate::{
    clearance::{Cleared, Reserved},
    driver::{Clock, Ports},
    error::ErrorKind,
    figures::Figures,
    policy::Checked,
    ports::Amount,
    run::{Event, Principal, Recorded, Run, RunId},
};

/// The history of a run in progress. Events that need not be durable at once wait in `unsaved` and
/// join the next write.
#[derive(Debug)]
pub(crate) struct Journal {
    principal: Principal,
    run: Run,
    unsaved: Vec<Recorded>,
    ports: Arc<Ports>,
    clock: Clock,
    figures: Figures,
}

impl Journal {
    pub(crate) fn new(principal: Principal, id: RunId, ports: Arc<Ports>, clock: Clock) -> Journal {
        Journal { principal, run: Run::new(id), unsaved: Vec::new(), ports, clock, figures: Figures::new() }
    }

    pub(crate) fn run(&self) -> &Run {
        &self.run
    }

    /// Lets an event happen; it is stored with the next write.
    pub(crate) fn note(&mut self, event: &Event) -> Result<(), ErrorKind> {
        let recorded = self.run.apply(event, self.clock.now_ms())?;
        self.unsaved.push(recorded);
        self.figures.note(event);
        Ok(())
    }

    /// Stores what is not stored yet.
    pub(crate) async fn save(&mut self) -> Result<(), ErrorKind> {
        self.append(&[]).await
    }

    /// Stores what is not stored yet and lets the events happen; if the record fails, they have not.
    pub(crate) async fn append(&mut self, events: &[Event]) -> Result<(), ErrorKind> {
        let (run, records) = self.plan(events)?;
        self.ports.record.append(&self.principal, run.id(), &records).await?;
        self.happened(run, events);
        Ok(())
    }

    /// Reserves what the job may use and lets the events happen, durably; if the ledger refuses,
    /// nothing has happened.
    pub(crate) async fn reserve(&mut self, checked: Checked, events: &[Event]) -> Result<Cleared, ErrorKind> {
        let step = self.run.next_step();
        let (run, records) = self.plan(events)?;
        let reserved =
            Reserved::reserve(self.ports.ledger.as_ref(), &self.principal, run.id(), step, checked, &records)
                .await?;
        self.happened(run, events);
        Ok(reserved.clear())
    }

    /// Replaces a step's reservation by what was used and lets the events happen.
    pub(crate) async fn settle(
        &mut self,
        step: u32,
        used: Amount,
        events: &[Event],
    ) -> Result<(), ErrorKind> {
        let (run, records) = self.plan(events)?;
        self.ports.ledger.settle(&self.principal, run.id(), step, used, &records).await?;
        self.happened(run, events);
        Ok(())
    }

    /// Ends the run with an error, unless it has already ended.
    pub(crate) async fn end(&mut self, kind: &ErrorKind) -> Result<(), ErrorKind> {
        if self.run.stage().is_some_and(|stage| !stage.is_end()) {
            let failed = || Event::Failed { reason: kind.to_string() };
            self.note(&kind.end()).or_else(|_| self.note(&failed()))?;
            self.save().await?;
        }
        Ok(())
    }

    /// What was planned is stored.
    fn happened(&mut self, run: Run, events: &[Event]) {
        self.run = run;
        self.unsaved.clear();
        events.iter().for_each(|event| self.figures.note(event));
    }

    fn plan(&self, events: &[Event]) -> Result<(Run, Vec<Recorded>), ErrorKind> {
        let mut run = self.run.clone();
        let mut records = self.unsaved.clone();
        let now_ms = self.clock.now_ms();
        for event in events {
            records.push(run.apply(event, now_ms)?);
        }
        Ok((run, records))
    }
}
