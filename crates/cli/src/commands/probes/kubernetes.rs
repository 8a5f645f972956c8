//! A whole set of Kubernetes objects: a volume for the data, a Deployment with its probes, a Service.

use std::collections::BTreeMap;

use ringfence_sandbox::SandboxConfig;
use ringfence_server::paths;
use serde::Serialize;
use serde_json::json;

use super::{DATA_DIR, ENTRY_POINT, FAILURES, File, Image, Label, Plan, START_SECONDS, STOP_SECONDS};

/// Memory for the server, the supervisor and jails that are ready, beside the runs', in MiB.
const OWN_MIB: u64 = 512;

/// Time in which the pod is taken out of the Service before it is asked to stop, in seconds.
const LEAVE_SECONDS: u32 = 5;

/// Name of the port in these objects.
const PORT_NAME: &str = "http";

/// Name of the volume in the pod.
const VOLUME: &str = "data";

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Object<S> {
    api_version: &'static str,
    kind: &'static str,
    metadata: Metadata,
    spec: S,
}

#[derive(Serialize)]
struct Metadata {
    name: String,
    labels: Labels,
}

/// What pods are found by.
type Labels = BTreeMap<&'static str, Label>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Deployment {
    replicas: u32,
    strategy: serde_json::Value,
    selector: Selector,
    template: Template,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Selector {
    match_labels: Labels,
}

#[derive(Serialize)]
struct Template {
    metadata: TemplateMetadata,
    spec: Pod,
}

#[derive(Serialize)]
struct TemplateMetadata {
    labels: Labels,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Pod {
    host_users: bool,
    automount_service_account_token: bool,
    termination_grace_period_seconds: u32,
    containers: [Container; 1],
    volumes: serde_json::Value,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Container {
    name: &'static str,
    image: Image,
    command: [&'static str; 3],
    env: [Variable; 3],
    ports: [ContainerPort; 1],
    startup_probe: Probe,
    liveness_probe: Probe,
    readiness_probe: Probe,
    lifecycle: serde_json::Value,
    security_context: serde_json::Value,
    resources: serde_json::Value,
    volume_mounts: serde_json::Value,
}

#[derive(Serialize)]
struct Variable {
    name: &'static str,
    value: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ContainerPort {
    name: &'static str,
    container_port: u16,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Probe {
    http_get: HttpGet,
    period_seconds: u32,
    timeout_seconds: u32,
    failure_threshold: u32,
}

#[derive(Serialize)]
struct HttpGet {
    path: &'static str,
    port: &'static str,
}

#[derive(Serialize)]
struct Service {
    selector: Labels,
    ports: [ServicePort; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServicePort {
    name: &'static str,
    port: u16,
    target_port: &'static str,
}

pub(super) fn files(plan: &Plan, image: &Image, sandbox: &SandboxConfig) -> anyhow::Result<Vec<File>> {
    let documents = [
        serde_saphyr::to_string(&volume(plan))?,
        serde_saphyr::to_string(&deployment(plan, image, sandbox))?,
        serde_saphyr::to_string(&service(plan))?,
    ];
    Ok(vec![File { path: format!("{}.yaml", plan.name), content: documents.join("---\n") }])
}

fn labels(plan: &Plan) -> Labels {
    BTreeMap::from([("app.kubernetes.io/name", plan.name.clone())])
}

fn object<S>(plan: &Plan, api_version: &'static str, kind: &'static str, name: String, spec: S) -> Object<S> {
    Object { api_version, kind, metadata: Metadata { name, labels: labels(plan) }, spec }
}

fn claim(plan: &Plan) -> String {
    format!("{}-data", plan.name)
}

fn volume(plan: &Plan) -> Object<serde_json::Value> {
    let spec = json!({
        "accessModes": ["ReadWriteOnce"],
        "resources": { "requests": { "storage": "10Gi" } },
    });
    object(plan, "v1", "PersistentVolumeClaim", claim(plan), spec)
}

fn service(plan: &Plan) -> Object<Service> {
    let port = ServicePort { name: PORT_NAME, port: plan.port(), target_port: PORT_NAME };
    object(plan, "v1", "Service", plan.name.to_string(), Service { selector: labels(plan), ports: [port] })
}

fn deployment(plan: &Plan, image: &Image, sandbox: &SandboxConfig) -> Object<Deployment> {
    let pod = Pod {
        // Kubernetes allows an unmasked /proc only in a user namespace.
        host_users: false,
        automount_service_account_token: false,
        termination_grace_period_seconds: LEAVE_SECONDS + STOP_SECONDS,
        containers: [container(plan, image, sandbox)],
        volumes: json!([{ "name": VOLUME, "persistentVolumeClaim": { "claimName": claim(plan) } }]),
    };
    let spec = Deployment {
        // One server owns the data directory.
        replicas: 1,
        strategy: json!({ "type": "Recreate" }),
        selector: Selector { match_labels: labels(plan) },
        template: Template { metadata: TemplateMetadata { labels: labels(plan) }, spec: pod },
    };
    object(plan, "apps/v1", "Deployment", plan.name.to_string(), spec)
}

fn container(plan: &Plan, image: &Image, sandbox: &SandboxConfig) -> Container {
    let probe = |path, failure_threshold| Probe {
        http_get: HttpGet { path, port: PORT_NAME },
        period_seconds: plan.period_seconds,
        timeout_seconds: plan.timeout_seconds,
        failure_threshold,
    };
    // As much as runs may use that ask for nothing.
    let mib = u64::from(sandbox.slots) * (sandbox.limits.memory_bytes.default >> 20) + OWN_MIB;
    let memory = format!("{mib}Mi");
    Container {
        name: "ringfence",
        image: image.clone(),
        command: ENTRY_POINT,
        env: [
            Variable { name: "RINGFENCE_LISTEN", value: format!("0.0.0.0:{}", plan.port()) },
            Variable { name: "RINGFENCE_DATA_DIR", value: DATA_DIR.to_owned() },
            Variable { name: "RINGFENCE_SLOTS", value: sandbox.slots.to_string() },
        ],
        ports: [ContainerPort { name: PORT_NAME, container_port: plan.port() }],
        startup_probe: probe(paths::STARTUP, START_SECONDS.div_ceil(plan.period_seconds).max(FAILURES)),
        liveness_probe: probe(paths::LIVE, FAILURES),
        readiness_probe: probe(paths::READY, FAILURES),
        lifecycle: json!({ "preStop": { "sleep": { "seconds": LEAVE_SECONDS } } }),
        // What a jail is made of; deploy/README.md says why.
        security_context: json!({
            "capabilities": { "add": ["SYS_ADMIN"] },
            "procMount": "Unmasked",
            "seccompProfile": { "type": "Unconfined" },
            "appArmorProfile": { "type": "Unconfined" },
        }),
        resources: json!({ "requests": { "cpu": "1", "memory": memory }, "limits": { "memory": memory } }),
        volume_mounts: json!([{ "name": VOLUME, "mountPath": DATA_DIR }]),
    }
}
