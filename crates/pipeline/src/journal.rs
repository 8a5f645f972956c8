//! One run's history as it is written: every change of state passes through here and is stored
//! together with the money it concerns.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use crate::{
    budget::{Amount, Prices},
    clearance::{Adopted, Cleared, Reserved},
    cost::{Cost, SANDBOX},
    error::ErrorKind,
    figures::Figures,
    policy::Checked,
    ports::{Admitted, Charge, Clock, Kept, LedgerError, Part, Ports, Put, Receipt, Rest, StoreError},
    program::{Program, damaged},
    run::{Event, Principal, Recorded, Run, RunId},
};

/// The history of a run in progress. Events that need not be durable at once wait in `unsaved` and
/// join the next write.
pub(crate) struct Journal {
    principal: Principal,
    run: Run,
    unsaved: Vec<Recorded>,
    /// Contents that an event may come to name, by their hashes.
    kept: BTreeMap<String, Kept>,
    /// True once the store may have an event of this run.
    saved: bool,
    ports: Arc<Ports>,
    clock: Clock,
    figures: Figures,
    /// Who wrote the code that is being run; empty if the client sent it.
    author: String,
    /// The session that pays with the others, if the run is a turn of one.
    session: Option<String>,
    cost: Cost,
    /// What the ledger said when a step was last settled.
    receipt: Receipt,
    /// What is to be written once the answer is given. Nobody else has the history; the lock only says so.
    rest: Mutex<Option<Rest>>,
}

/// What a step used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent<'a> {
    pub(crate) step: u32,
    /// What for, as a cost names it.
    pub(crate) what: &'a str,
    pub(crate) used: Amount,
    /// True if that is its bound, because nobody knows better.
    pub(crate) estimated: bool,
}

impl Spent<'_> {
    /// Time in the jail, which is measured.
    pub(crate) fn in_jail(step: u32, used: Amount) -> Spent<'static> {
        Spent { step, what: SANDBOX, used, estimated: false }
    }
}

impl Journal {
    pub(crate) fn new(principal: Principal, id: RunId, ports: Arc<Ports>, clock: Clock) -> Journal {
        Journal {
            principal,
            run: Run::new(id),
            unsaved: Vec::new(),
            kept: BTreeMap::new(),
            saved: false,
            ports,
            clock,
            figures: Figures::new(),
            author: String::new(),
            session: None,
            cost: Cost::default(),
            receipt: Receipt::default(),
            rest: Mutex::default(),
        }
    }

    /// Goes on with the history of a run that another process has begun to write. Returns its program.
    pub(crate) fn go_on(&mut self, history: &[Recorded]) -> Result<Program, StoreError> {
        self.run = Run::replay(self.run.id(), history).map_err(|error| damaged(&error.to_string()))?;
        self.saved = true;
        let mut program = Program::default();
        for recorded in history {
            let event = Event::from_recorded(recorded).map_err(|error| damaged(&error.to_string()))?;
            self.cost.see(&event);
            program.see(&event);
            if let Event::Requested { .. } = &event {
                self.figures.note(&event);
            }
        }
        Ok(program)
    }

    pub(crate) fn run(&self) -> &Run {
        &self.run
    }

    /// What the run has cost so far.
    pub(crate) fn cost(&self) -> &Cost {
        &self.cost
    }

    /// The least money that any of those who pay had left when a step was last settled, in nano-dollars.
    pub(crate) fn left_nano_usd(&self) -> Option<i64> {
        self.receipt.left_nano_usd
    }

    /// Names the session of which the run is a turn.
    pub(crate) fn turn_of(&mut self, session: &str) {
        self.session = Some(session.to_owned());
    }

    /// Names who wrote the code that is run from now on.
    pub(crate) fn written_by(&mut self, author: &str) {
        author.clone_into(&mut self.author);
    }

    /// Lets an event happen; it is stored with the next write.
    pub(crate) fn note(&mut self, event: &Event) -> Result<(), ErrorKind> {
        let recorded = self.run.apply(event, self.clock.now_ms())?;
        self.unsaved.push(self.with_contents(recorded, event));
        self.figures.note(event);
        Ok(())
    }

    /// Keeps what came in, and gives its hash; a later event names it.
    pub(crate) async fn keep_input(&mut self, content: &[u8]) -> Result<String, ErrorKind> {
        match self.put(Part::Input, content).await? {
            Put::Kept(kept) => Ok(self.remember(kept)),
            Put::NoRoom { quota, .. } => Err(LedgerError::Quota(quota).into()),
        }
    }

    /// Keeps what came of the run if there is room for it, and gives its hash; a later event names it.
    pub(crate) async fn keep_output(&mut self, content: &[u8]) -> Result<String, ErrorKind> {
        match self.put(Part::Output, content).await? {
            Put::Kept(kept) => Ok(self.remember(kept)),
            Put::NoRoom { sha256, .. } => Ok(sha256),
        }
    }

    async fn put(&self, part: Part, content: &[u8]) -> Result<Put, StoreError> {
        self.ports.record.put_blob(&self.principal, self.run.id(), part, content).await
    }

    fn remember(&mut self, kept: Kept) -> String {
        let sha256 = kept.sha256.clone();
        self.kept.insert(sha256.clone(), kept);
        sha256
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
    /// nothing has happened. `admitted` as with [`crate::ports::Ledger::reserve_and_tell`].
    pub(crate) async fn reserve(
        &mut self,
        checked: Checked,
        prices: &Prices,
        events: &[Event],
        admitted: Admitted<'_>,
    ) -> Result<Cleared, ErrorKind> {
        let (run, records) = self.plan(events)?;
        let (ledger, charge) = (self.ports.ledger.as_ref(), self.charge(&self.author));
        let reserved = Reserved::reserve(ledger, charge, checked, prices, &records, admitted).await?;
        let cleared = reserved.clear();
        self.cost.reserved(cleared.amount());
        self.happened(run, events);
        Ok(cleared)
    }

    /// Adopts what was reserved for a step by a process that is gone; none if another was quicker.
    pub(crate) async fn adopt(&self, step: u32) -> Result<Option<Adopted>, StoreError> {
        Adopted::of(self.ports.ledger.as_ref(), &self.principal, self.run.id(), step).await
    }

    /// Lets a step that was reserved before begin, durably.
    pub(crate) async fn start(&mut self, step: u32) -> Result<(), ErrorKind> {
        let events = [Event::ExecStarted { step }];
        let (run, records) = self.plan(&events)?;
        self.ports.ledger.start(&self.principal, run.id(), step, &records).await?;
        self.happened(run, &events);
        Ok(())
    }

    /// Reserves what asking an author may use and lets the event happen, durably; if the ledger refuses,
    /// nothing has happened.
    pub(crate) async fn reserve_author(
        &mut self,
        author: &str,
        amount: Amount,
        event: &Event,
    ) -> Result<(), ErrorKind> {
        let events = std::slice::from_ref(event);
        let (run, records) = self.plan(events)?;
        self.ports.ledger.reserve(self.charge(author), amount, &records).await?;
        self.cost.reserved(amount);
        self.happened(run, events);
        Ok(())
    }

    /// The next step of the run.
    fn charge<'a>(&'a self, author: &'a str) -> Charge<'a> {
        let step = self.run.next_step();
        let session = self.session.as_deref();
        Charge { principal: &self.principal, run: self.run.id(), step, session, author }
    }

    /// Replaces a step's reservation by what was used and lets the events happen.
    pub(crate) async fn settle(&mut self, spent: &Spent<'_>, events: &[Event]) -> Result<(), ErrorKind> {
        self.settle_when(false, spent, events).await
    }

    /// As [`Journal::settle`], for the step that the run ends with: it is stored with [`Journal::write_rest`].
    pub(crate) async fn settle_soon(&mut self, spent: &Spent<'_>, events: &[Event]) -> Result<(), ErrorKind> {
        self.settle_when(true, spent, events).await
    }

    async fn settle_when(
        &mut self,
        soon: bool,
        spent: &Spent<'_>,
        events: &[Event],
    ) -> Result<(), ErrorKind> {
        let (run, records) = self.plan(events)?;
        let Spent { step, what, used, estimated } = *spent;
        let (ledger, principal) = (&self.ports.ledger, &self.principal);
        let (receipt, rest) = match soon {
            true => ledger.settle_soon(principal, run.id(), step, used, &records).await?,
            false => (ledger.settle(principal, run.id(), step, used, &records).await?, None),
        };
        self.rest = Mutex::new(rest);
        self.cost.used(what, used, estimated);
        self.figures.settled(what, used, &receipt);
        self.receipt = receipt;
        self.happened(run, events);
        Ok(())
    }

    /// What the run will have cost once a step is settled.
    pub(crate) fn cost_with(&self, spent: &Spent<'_>) -> Cost {
        let mut cost = self.cost.clone();
        cost.used(spent.what, spent.used, spent.estimated);
        cost
    }

    /// Ends the run with an error, unless it has already ended, or goes on after a restart. One that there was
    /// no room for from the beginning leaves nothing: a flood of such must not fill the disk either.
    pub(crate) async fn end(&mut self, kind: &ErrorKind) -> Result<(), ErrorKind> {
        let crowded = matches!(kind, ErrorKind::Ledger(LedgerError::Quota(_)));
        if !self.saved && (crowded || self.run.stage().is_none()) {
            return Ok(self.ports.record.give_up(&self.principal, self.run.id()).await?);
        }
        if matches!(kind, ErrorKind::Stopping) && self.run.is_to_begin() {
            return Ok(());
        }
        if self.run.stage().is_some_and(|stage| !stage.is_end()) {
            let failed = || Event::Failed { reason: kind.to_string() };
            self.note(&kind.end()).or_else(|_| self.note(&failed()))?;
            self.save().await?;
        }
        Ok(())
    }

    /// Stores what was not before the answer.
    pub(crate) async fn write_rest(&mut self) {
        if let Some(rest) = std::mem::take(&mut self.rest).into_inner().ok().flatten() {
            rest.await;
        }
    }

    /// What was planned is stored, or will be within the next moment.
    fn happened(&mut self, run: Run, events: &[Event]) {
        self.run = run;
        self.written();
        events.iter().for_each(|event| self.figures.note(event));
    }

    fn plan(&self, events: &[Event]) -> Result<(Run, Vec<Recorded>), ErrorKind> {
        let mut run = self.run.clone();
        let mut records = self.unsaved.clone();
        let now_ms = self.clock.now_ms();
        for event in events {
            records.push(self.with_contents(run.apply(event, now_ms)?, event));
        }
        Ok((run, records))
    }

    /// Everything that was noted is stored.
    fn written(&mut self) {
        self.unsaved.clear();
        self.kept.clear();
        self.saved = true;
    }

    /// Tells whoever stores a record which contents it names.
    fn with_contents(&self, recorded: Recorded, event: &Event) -> Recorded {
        let contents = event.contents().filter_map(|hash| self.kept.get(hash).cloned()).collect();
        Recorded { contents, ..recorded }
    }
}
