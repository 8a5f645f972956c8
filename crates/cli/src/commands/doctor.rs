//! `ringfence doctor`: what is in force, what is not, and the line that mends it.

use std::process::ExitCode;

use ringfence_sandbox::{
    Pool, SandboxConfig,
    doctor::{self, Check, CheckState},
};

use super::{one_shot_runtime, print_json, print_line};
use crate::{args, clock, config::Config};

/// Looks at the host and tries the limits. The exit code says whether a server would start.
pub(crate) fn doctor(config: &Config, command: &args::Doctor) -> anyhow::Result<ExitCode> {
    let mut checks = doctor::check_host(&config.data_dir, clock::now_ms());
    checks.extend(doctor::check_runtimes(&config.sandbox.runtimes_dir, command.deep));
    let sandbox = SandboxConfig { pool: Pool::default(), ..config.sandbox.clone() };
    match ringfence_sandbox::start(sandbox).and_then(|started| started.ready_as_it_is()) {
        Err(error) => {
            checks.push(
                Check::new("supervisor", CheckState::Missing, error.to_string())
                    .mended_by("mend what is marked MISSING above"),
            );
        }
        Ok(ready) => {
            checks.extend(doctor::check_layers(ready.isolation(), ready.problems()));
            let tried = one_shot_runtime()?.block_on(async {
                let (sandbox, process) = ready.connect()?;
                let tried = doctor::self_test(&sandbox, &config.sandbox.limits).await;
                sandbox.close();
                anyhow::Ok((tried, process))
            });
            let (tried, process) = tried?;
            process.wait();
            checks.extend(tried);
        }
    }
    if checks.iter().all(|check| check.name != "supervisor") {
        checks.push(try_pool(config)?);
    }
    // Last, as it cannot be undone in this process.
    checks.push(match ringfence_sandbox::give_up_privileges(&config.data_dir) {
        Ok(_) => Check::new("data directory", CheckState::Ok, config.data_dir.display().to_string()),
        Err(error) => {
            Check::new("data directory", CheckState::Missing, error.to_string()).mended_by(format!(
                "make {} a directory of mode 700 of the user that runs ringfence",
                config.data_dir.display()
            ))
        }
    });
    if let Some(url) = &config.database_url {
        checks.push(match one_shot_runtime()?.block_on(ringfence_store::check_postgres(url)) {
            Ok(found) => Check::new("database", CheckState::Ok, found),
            Err(error) => Check::new("database", CheckState::Missing, error.to_string())
                .mended_by("start Postgres, or set RINGFENCE_DATABASE_URL to where it is"),
        });
    }
    let ready = checks.iter().all(|check| check.state != CheckState::Missing || accepted(config, check));
    if command.json {
        print_json(&serde_json::json!({ "ready": ready, "checks": checks }))?;
    } else {
        checks.iter().try_for_each(print_check)?;
        print_line(if ready { "ready" } else { "not ready: see the lines marked MISSING" })?;
    }
    Ok(if ready { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Has a supervisor keep ready what a server's would, and runs a program there.
fn try_pool(config: &Config) -> anyhow::Result<Check> {
    if !config.sandbox.pool.keeps_ready() {
        return Ok(Check::new("pool", CheckState::Skipped, "the configuration keeps nothing ready"));
    }
    let started = ringfence_sandbox::start(config.sandbox.clone())?.ready_as_it_is()?;
    one_shot_runtime()?.block_on(async {
        let (sandbox, process) = started.connect()?;
        let tried = doctor::self_test_pool(&sandbox, &config.sandbox.limits).await;
        sandbox.close();
        process.wait();
        Ok(tried)
    })
}

/// True if the configuration says that this layer may be missing.
fn accepted(config: &Config, check: &Check) -> bool {
    config.sandbox.accept_missing.iter().any(|layer| check.name == format!("layer {}", layer.name()))
}

fn print_check(check: &Check) -> anyhow::Result<()> {
    let word = match check.state {
        CheckState::Ok => "ok",
        CheckState::Degraded => "DEGRADED",
        CheckState::Missing => "MISSING",
        CheckState::Skipped => "skipped",
    };
    print_line(format_args!("{word:<9} {:<32} {}", check.name, check.detail))?;
    if let Some(fix) = &check.fix {
        print_line(format_args!("          {:<32} -> {fix}", ""))?;
    }
    Ok(())
}
