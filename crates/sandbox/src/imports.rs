//! Which libraries a Python program will want loaded: a guess by the words in it, made without reading it as
//! a program. A wrong guess costs time and nothing else.

use serde::{Deserialize, Serialize};

/// What an interpreter has loaded before its program is there: each more than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Imports {
    /// Of the standard library what most programs use.
    Standard,
    /// And numpy.
    Numpy,
    /// And pandas.
    Pandas,
    /// And what draws.
    Matplotlib,
}

impl Imports {
    /// Every set, the smallest first.
    pub(crate) const ALL: [Imports; 4] =
        [Imports::Standard, Imports::Numpy, Imports::Pandas, Imports::Matplotlib];

    /// The end of its name in figures.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Imports::Standard => "",
            Imports::Numpy => "-numpy",
            Imports::Pandas => "-pandas",
            Imports::Matplotlib => "-matplotlib",
        }
    }

    /// The modules to import.
    pub(crate) fn modules(self) -> &'static [&'static str] {
        match self {
            Imports::Standard => STANDARD,
            Imports::Numpy => &["numpy"],
            Imports::Pandas => &["pandas"],
            Imports::Matplotlib => &["pandas", "matplotlib.pyplot"],
        }
    }

    /// What a program with this text is likely to want.
    pub(crate) fn guess(code: &str) -> Imports {
        let names = [
            (Imports::Matplotlib, &["matplotlib", "seaborn"][..]),
            (Imports::Pandas, &["pandas", "statsmodels"]),
            (Imports::Numpy, &["numpy", "scipy", "sklearn"]),
        ];
        let named = |(_, words): &(Imports, &[&str])| words.iter().any(|word| code.contains(word));
        // What is drawn through our own module.
        if code.contains("ringfence") && code.contains("chart(") {
            return Imports::Matplotlib;
        }
        names.into_iter().find(named).map_or(Imports::Standard, |(imports, _)| imports)
    }
}

const STANDARD: &[&str] = &[
    "collections",
    "csv",
    "datetime",
    "decimal",
    "functools",
    "io",
    "itertools",
    "json",
    "math",
    "random",
    "re",
    "statistics",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_set_that_is_named_is_taken() {
        for (code, imports) in [
            ("print(1)", Imports::Standard),
            ("import numpy as np", Imports::Numpy),
            ("import numpy, pandas", Imports::Pandas),
            ("from matplotlib import pyplot", Imports::Matplotlib),
            ("import seaborn", Imports::Matplotlib),
            ("import pandas\nfrom ringfence import chart\nchart('bar', x)", Imports::Matplotlib),
            ("import ringfence\nringfence.show(1)", Imports::Standard),
        ] {
            assert_eq!(Imports::guess(code), imports, "{code}");
        }
    }
}
