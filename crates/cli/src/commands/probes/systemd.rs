//! Units beside `deploy/ringfence.service`: its start is over once it takes work, and a timer looks deeply.
//!
//! Nothing here starts it again: a server that has lost its supervisor ends by itself, and what else a
//! deep look finds, such as a full disk, a new start does not mend. A unit that failed is what an
//! operator sees, or hears of with `OnFailure=`.

use anyhow::Context;

use super::{File, Plan, START_SECONDS};

/// The unit that these belong to, as it is installed.
const UNIT: &str = include_str!("../../../../../deploy/ringfence.service");

pub(super) fn files(plan: &Plan) -> anyhow::Result<Vec<File>> {
    let (name, url) = (&plan.name, plan.url());
    let program = program().context("deploy/ringfence.service starts nothing")?;
    let started = vec![(
        "Service",
        vec![("ExecStartPost", format!("{program} health --wait {START_SECONDS} --url {url}"))],
    )];
    let look = vec![
        (
            "Unit",
            vec![
                ("Description", format!("Deep look at the health of {name}")),
                ("Requisite", format!("{name}.service")),
                ("After", format!("{name}.service")),
            ],
        ),
        (
            "Service",
            vec![
                ("Type", "oneshot".to_owned()),
                ("DynamicUser", "yes".to_owned()),
                ("ExecStart", format!("{program} health --deep --url {url}")),
                ("TimeoutStartSec", format!("{}s", plan.timeout_seconds)),
            ],
        ),
    ];
    let timer = vec![
        ("Unit", vec![("Description", format!("Looks at the health of {name} again and again"))]),
        (
            "Timer",
            vec![
                ("OnActiveSec", format!("{}s", plan.period_seconds)),
                ("OnUnitInactiveSec", format!("{}s", plan.period_seconds)),
            ],
        ),
        ("Install", vec![("WantedBy", "timers.target".to_owned())]),
    ];
    Ok(vec![
        File { path: format!("{name}.service.d/health.conf"), content: render(&started) },
        File { path: format!("{name}-health.service"), content: render(&look) },
        File { path: format!("{name}-health.timer"), content: render(&timer) },
    ])
}

/// The program that the unit starts.
fn program() -> Option<&'static str> {
    UNIT.lines().find_map(|line| line.strip_prefix("ExecStart="))?.split(' ').next()
}

/// Sections with their settings.
type Sections = Vec<(&'static str, Vec<(&'static str, String)>)>;

fn render(sections: &Sections) -> String {
    let section = |(name, settings): &(&str, Vec<(&str, String)>)| {
        let settings: String = settings.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
        format!("[{name}]\n{settings}")
    };
    sections.iter().map(section).collect::<Vec<_>>().join("\n")
}
