//! Figures about runs, and a line in the log at the end of each, told where their history is written;
//! whoever runs the process records them. Nothing here holds a word of a client or of a program.

use std::time::{Duration, Instant};

use metrics::{Histogram, counter, histogram};
use ringfence_job::Language;

use crate::{
    budget::{Amount, Crossing},
    ports::Receipt,
    run::Event,
};

/// What is counted and timed of one run.
#[derive(Debug)]
pub(crate) struct Figures {
    began: Instant,
    /// When an author was asked for code.
    asked: Option<Instant>,
    language: Option<Language>,
    /// How its last execution ended.
    status: Option<&'static str>,
}

impl Figures {
    pub(crate) fn new() -> Figures {
        Figures { began: Instant::now(), asked: None, language: None, status: None }
    }

    /// An event has happened.
    pub(crate) fn note(&mut self, event: &Event) {
        match event {
            Event::Requested { language, .. } => self.language = *language,
            Event::CodeAsked { .. } => self.asked = Some(Instant::now()),
            Event::CodeWritten { language, .. } => {
                self.language = Some(*language);
                self.written();
            }
            Event::CodeDeclined { .. } => self.written(),
            Event::ReadFinished { used, .. } | Event::FactsFinished { used, .. } => {
                phase("read").record(seconds(*used));
            }
            Event::ExecFinished(execution) => {
                self.status = Some(execution.status.name());
                phase("exec").record(seconds(execution.used));
                let language = self.language.map_or("none", Language::name);
                let cpu = Duration::from_millis(execution.usage.cpu_ms);
                histogram!("ringfence_run_cpu_seconds", "language" => language).record(cpu);
            }
            Event::Settled { .. } => self.ended(self.status.unwrap_or("succeeded")),
            Event::Refused { .. } => self.ended("refused"),
            Event::Failed { .. } => self.ended("error"),
            Event::Interrupted {} => self.ended("interrupted"),
            Event::ReadStarted { .. }
            | Event::CodeDropped { .. }
            | Event::FactsStarted { .. }
            | Event::PolicyPassed { .. }
            | Event::BudgetReserved { .. }
            | Event::ExecStarted { .. } => {}
        }
    }

    /// A step was settled. Who spent it is no label: there may be any number of them.
    pub(crate) fn settled(&self, what: &str, used: Amount, receipt: &Receipt) {
        let count = |figure: i64| u64::try_from(figure).unwrap_or(0);
        counter!("ringfence_cost_nano_usd_total", "for" => what.to_owned()).increment(count(used.nano_usd));
        if used.tokens > 0 {
            counter!("ringfence_tokens_total", "author" => what.to_owned()).increment(count(used.tokens));
        }
        for Crossing { scope, period, percent } in &receipt.crossed {
            let (kind, period) = (scope.kind.name(), period.name());
            tracing::warn!(scope = %scope, tenant = scope.tenant, period, percent, "budget threshold reached");
            let percent = percent.to_string();
            counter!("ringfence_budget_thresholds_total", "scope" => kind, "percent" => percent).increment(1);
        }
    }

    fn written(&mut self) {
        if let Some(asked) = self.asked.take() {
            phase("author").record(asked.elapsed());
        }
    }

    fn ended(&self, outcome: &'static str) {
        let language = self.language.map_or("none", Language::name);
        counter!("ringfence_runs_total", "outcome" => outcome, "language" => language).increment(1);
        let took = self.began.elapsed();
        phase("total").record(took);
        let duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(outcome, language, duration_ms, "run ended");
    }
}

/// A job had its turn after it had waited since then.
pub(crate) fn waited(since: Instant) {
    phase("queue").record(since.elapsed());
}

fn phase(name: &'static str) -> Histogram {
    histogram!("ringfence_run_seconds", "phase" => name)
}

#[allow(clippy::cast_precision_loss)]
fn seconds(used: Amount) -> f64 {
    used.sandbox_ms as f64 / 1000.0
}
