//! The layers of the jail, as the supervisor found them.

use ringfence_job::{Isolation, Layer, LayerState};

use super::{Check, CheckState};

/// Each layer of the jail, as the supervisor found it.
pub fn check_layers(isolation: &Isolation, problems: &[String]) -> Vec<Check> {
    isolation.0.iter().map(|state| check_layer(state, problems)).collect()
}

fn check_layer(state: &LayerState, problems: &[String]) -> Check {
    let name = format!("layer {}", state.layer.name());
    if state.layer == Layer::UserNamespace && state.in_force && state.detail.starts_with("own user") {
        return Check::new(name, CheckState::Degraded, "every run has this user's own uid")
            .mended_by("start ringfence as root: each slot then has a host uid of its own");
    }
    if state.in_force {
        return Check::new(name, CheckState::Ok, &*state.detail);
    }
    let (word, fix) = match state.layer {
        Layer::CgroupMemory | Layer::CgroupTasks | Layer::CgroupCpu => (
            "control group",
            "start ringfence in a control group of your own: systemd-run --user --scope -p Delegate=yes \
             ringfence serve; deploy/README.md has the unit, and what hosts without systemd and containers need",
        ),
        Layer::NetworkNamespace => ("network", "sysctl -w user.max_net_namespaces=10000"),
        Layer::Landlock => ("Landlock", "add lsm=landlock to the kernel's command line and reboot"),
        _ => ("", "sysctl -w user.max_user_namespaces=10000"),
    };
    let why = problems.iter().find(|problem| problem.contains(word)).cloned().unwrap_or_default();
    Check::new(name, CheckState::Missing, why).mended_by(fix)
}
