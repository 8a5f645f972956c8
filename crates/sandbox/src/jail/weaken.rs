//! Leaving out layers on purpose, for the tests that show that the tests can fail.

/// True if the layer `name` is left out: only in builds with the feature `weaken`, where the variable
/// `RINGFENCE_WEAKEN` lists names separated by commas.
#[cfg(feature = "weaken")]
pub(crate) fn is_off(name: &str) -> bool {
    static OFF: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    let off = OFF.get_or_init(|| {
        let list = std::env::var("RINGFENCE_WEAKEN").unwrap_or_default();
        list.split(',').map(str::to_owned).collect()
    });
    off.iter().any(|item| item == name)
}

/// True if a layer is left out.
#[cfg(feature = "weaken")]
pub(crate) fn any() -> bool {
    std::env::var_os("RINGFENCE_WEAKEN").is_some()
}

#[cfg(all(feature = "weaken", not(debug_assertions)))]
compile_error!("the feature `weaken` is for tests: it does not exist in release builds");

/// Every layer holds.
#[cfg(not(feature = "weaken"))]
pub(crate) const fn is_off(_name: &str) -> bool {
    false
}

/// Every layer holds.
#[cfg(not(feature = "weaken"))]
pub(crate) const fn any() -> bool {
    false
}
