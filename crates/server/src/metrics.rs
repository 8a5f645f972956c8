//! Figures for Prometheus: recorded in this process, rendered by our own route, sent nowhere.
//!
//! Labels are few and ours: route templates, codes and languages; never a user, a key, an id or a word of
//! a client.

use std::time::Duration;

use axum::http::Method;
use metrics::{Unit, describe_counter, describe_gauge, describe_histogram, gauge};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Time between two rounds in which single figures are summed up; until then they take memory.
const SUM_UP_EVERY: Duration = Duration::from_secs(5);

/// Bounds of the buckets in seconds: a warm run takes milliseconds, the longest ones minutes.
const SECONDS: [f64; 14] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0, 300.0];

/// The figures of this process.
#[derive(Debug, Clone)]
pub struct Metrics(PrometheusHandle);

/// Figures are being recorded already, or the bounds of their buckets are none.
#[derive(Debug)]
pub struct MetricsError(String);

impl std::fmt::Display for MetricsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "figures cannot be recorded: {}", self.0)
    }
}

impl std::error::Error for MetricsError {}

impl Metrics {
    /// Begins to record what the process's parts tell, from `now_ms` on; once in a process.
    ///
    /// # Errors
    /// They are being recorded already.
    pub fn record(now_ms: i64) -> Result<Metrics, MetricsError> {
        let failed = |error: &dyn std::fmt::Display| MetricsError(error.to_string());
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)
            .map_err(|error| failed(&error))?
            .build_recorder();
        let metrics = Metrics(recorder.handle());
        metrics::set_global_recorder(recorder).map_err(|error| failed(&error))?;
        describe();
        #[allow(clippy::cast_precision_loss)]
        gauge!("process_start_time_seconds").set(now_ms as f64 / 1000.0);
        gauge!("ringfence_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
        Ok(metrics)
    }

    /// The figures as text, in Prometheus' exposition format.
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Sums figures up again and again, so that they take no more memory if nobody ever asks for them.
    pub async fn sum_up(self) {
        loop {
            tokio::time::sleep(SUM_UP_EVERY).await;
            self.0.run_upkeep();
        }
    }
}

fn describe() {
    describe_counter!("ringfence_runs_total", "Runs that ended, by how and by language.");
    describe_histogram!(
        "ringfence_run_seconds",
        Unit::Seconds,
        "Time of runs, by phase: queue (waiting for a slot), exec (in the jail), read (our readers in the \
         jail), author (waiting for code), total."
    );
    describe_gauge!("ringfence_queue_waiting", "Jobs that wait for a slot.");
    describe_gauge!("ringfence_sandbox_slots", "Slots of the sandbox, by state.");
    describe_gauge!("ringfence_pool_waiting", "Jails and interpreters that wait for a run, by kind.");
    describe_counter!("ringfence_pool_hits_total", "Runs that got one that waited, by kind.");
    describe_counter!("ringfence_pool_misses_total", "Runs for which none waited, by kind.");
    describe_counter!(
        "ringfence_pool_steps_total",
        "Forks of zygotes, and takedowns of what was answered already."
    );
    describe_gauge!("ringfence_pool_step_seconds_total", Unit::Seconds, "Time of all those together.");
    describe_histogram!("ringfence_run_cpu_seconds", Unit::Seconds, "Processor time of runs, by language.");
    describe_counter!("ringfence_refusals_total", "Requests answered with a problem, by its code.");
    describe_counter!("ringfence_http_requests_total", "Requests, by route, method and status.");
    describe_histogram!(
        "ringfence_http_request_seconds",
        Unit::Seconds,
        "Time until the head of the answer, by route."
    );
    describe_histogram!(
        "ringfence_store_commit_seconds",
        Unit::Seconds,
        "Time until what a transaction wrote stays: on disk, or for a run's end committed and on disk within 5 ms."
    );
    describe_gauge!(
        "process_start_time_seconds",
        Unit::Seconds,
        "Start of the process since the Unix epoch, in seconds."
    );
    describe_gauge!("ringfence_build_info", "1; the label says which version this is.");
}

/// A method as a label: clients may send any word.
pub(crate) fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
