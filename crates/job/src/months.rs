//! Names of months in languages other than English, as people write them in dates.

use serde::{Deserialize, Serialize};

/// A language in which a column's months are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MonthLanguage {
    /// German.
    #[serde(rename = "de")]
    German,
    /// French.
    #[serde(rename = "fr")]
    French,
    /// Spanish.
    #[serde(rename = "es")]
    Spanish,
    /// Italian.
    #[serde(rename = "it")]
    Italian,
    /// Dutch.
    #[serde(rename = "nl")]
    Dutch,
}

impl MonthLanguage {
    /// Every language; of those that fit all dates of a column the first is taken.
    pub const ALL: [MonthLanguage; 5] = [
        MonthLanguage::German,
        MonthLanguage::French,
        MonthLanguage::Spanish,
        MonthLanguage::Italian,
        MonthLanguage::Dutch,
    ];

    /// Its code of two letters.
    pub fn code(self) -> &'static str {
        match self {
            MonthLanguage::German => "de",
            MonthLanguage::French => "fr",
            MonthLanguage::Spanish => "es",
            MonthLanguage::Italian => "it",
            MonthLanguage::Dutch => "nl",
        }
    }

    /// The names of each month in lower case, from January, the whole one first. Each stands for one month only;
    /// one that is cut may be followed by a point.
    pub fn months(self) -> [&'static [&'static str]; 12] {
        match self {
            MonthLanguage::German => [
                &["januar", "jan", "jänner", "jän"],
                &["februar", "feb", "feber"],
                &["märz", "mär", "mrz", "maerz"],
                &["april", "apr"],
                &["mai"],
                &["juni", "jun"],
                &["juli", "jul"],
                &["august", "aug"],
                &["september", "sep", "sept"],
                &["oktober", "okt"],
                &["november", "nov"],
                &["dezember", "dez"],
            ],
            MonthLanguage::French => [
                &["janvier", "janv", "jan"],
                &["février", "févr", "fév", "fevrier", "fevr", "fev"],
                &["mars", "mar"],
                &["avril", "avr"],
                &["mai"],
                &["juin"],
                &["juillet", "juil"],
                &["août", "aout"],
                &["septembre", "sept", "sep"],
                &["octobre", "oct"],
                &["novembre", "nov"],
                &["décembre", "déc", "decembre", "dec"],
            ],
            MonthLanguage::Spanish => [
                &["enero", "ene"],
                &["febrero", "feb"],
                &["marzo", "mar"],
                &["abril", "abr"],
                &["mayo", "may"],
                &["junio", "jun"],
                &["julio", "jul"],
                &["agosto", "ago"],
                &["septiembre", "setiembre", "sept", "sep", "set"],
                &["octubre", "oct"],
                &["noviembre", "nov"],
                &["diciembre", "dic"],
            ],
            MonthLanguage::Italian => [
                &["gennaio", "gen"],
                &["febbraio", "feb"],
                &["marzo", "mar"],
                &["aprile", "apr"],
                &["maggio", "mag"],
                &["giugno", "giu"],
                &["luglio", "lug"],
                &["agosto", "ago"],
                &["settembre", "sett", "set"],
                &["ottobre", "ott"],
                &["novembre", "nov"],
                &["dicembre", "dic"],
            ],
            MonthLanguage::Dutch => [
                &["januari", "jan"],
                &["februari", "feb"],
                &["maart", "mrt"],
                &["april", "apr"],
                &["mei"],
                &["juni", "jun"],
                &["juli", "jul"],
                &["augustus", "aug"],
                &["september", "sept", "sep"],
                &["oktober", "okt"],
                &["november", "nov"],
                &["december", "dec"],
            ],
        }
    }

    /// The number of the month that has this name, in lower case.
    pub fn month(self, name: &str) -> Option<u32> {
        (1..).zip(self.months()).find_map(|(number, names)| names.contains(&name).then_some(number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_one_month_in_every_language() {
        let mut known = std::collections::HashMap::new();
        for language in MonthLanguage::ALL {
            for (number, names) in (1..).zip(language.months()) {
                for name in names {
                    assert_eq!(*known.entry(*name).or_insert(number), number, "{name}");
                    assert_eq!(language.month(name), Some(number), "{name}");
                }
            }
        }
        assert_eq!(MonthLanguage::German.month("mars"), None);
    }
}
