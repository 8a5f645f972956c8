//! A service for Docker Compose with its health check; an image needs nothing but this program for it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{DATA_DIR, ENTRY_POINT, FAILURES, File, Image, Plan, START_SECONDS, STOP_SECONDS};

#[derive(Serialize)]
struct Compose {
    services: BTreeMap<String, Service>,
    volumes: BTreeMap<String, NoOptions>,
}

#[derive(Serialize)]
struct NoOptions {}

#[derive(Serialize)]
struct Service {
    image: Image,
    entrypoint: [&'static str; 3],
    environment: BTreeMap<&'static str, String>,
    ports: [String; 1],
    cgroup: &'static str,
    cap_add: [&'static str; 1],
    security_opt: [&'static str; 3],
    volumes: [String; 1],
    healthcheck: HealthCheck,
    restart: &'static str,
    stop_grace_period: String,
}

#[derive(Serialize)]
struct HealthCheck {
    test: [String; 5],
    interval: String,
    timeout: String,
    retries: u32,
    start_period: String,
}

pub(super) fn files(plan: &Plan, image: &Image) -> anyhow::Result<Vec<File>> {
    let (port, volume) = (plan.port(), format!("{}-data", plan.name));
    let url = format!("http://127.0.0.1:{port}");
    let healthcheck = HealthCheck {
        test: ["CMD", "ringfence", "health", "--url", &url].map(str::to_owned),
        interval: format!("{}s", plan.period_seconds),
        timeout: format!("{}s", plan.timeout_seconds),
        retries: FAILURES,
        start_period: format!("{START_SECONDS}s"),
    };
    let dockerfile = format!(
        "# In a Dockerfile: HEALTHCHECK --interval={} --timeout={} --start-period={} --retries={} CMD {}\n",
        healthcheck.interval,
        healthcheck.timeout,
        healthcheck.start_period,
        healthcheck.retries,
        serde_json::to_string(&healthcheck.test[1..])?
    );
    let service = Service {
        image: image.clone(),
        entrypoint: ENTRY_POINT,
        environment: BTreeMap::from([
            ("RINGFENCE_LISTEN", format!("0.0.0.0:{port}")),
            ("RINGFENCE_DATA_DIR", DATA_DIR.to_owned()),
        ]),
        ports: [format!("127.0.0.1:{port}:{port}")],
        // What a jail is made of; deploy/README.md says why.
        cgroup: "private",
        cap_add: ["SYS_ADMIN"],
        security_opt: ["seccomp=unconfined", "apparmor=unconfined", "systempaths=unconfined"],
        volumes: [format!("{volume}:{DATA_DIR}")],
        healthcheck,
        restart: "on-failure",
        stop_grace_period: format!("{STOP_SECONDS}s"),
    };
    let compose = Compose {
        services: BTreeMap::from([(plan.name.to_string(), service)]),
        volumes: BTreeMap::from([(volume, NoOptions {})]),
    };
    let content = dockerfile + &serde_saphyr::to_string(&compose)?;
    Ok(vec![File { path: "compose.yaml".to_owned(), content }])
}
