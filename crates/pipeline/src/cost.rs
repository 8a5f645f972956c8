//! What a run costs: added up as its steps are reserved and settled, and told with its answer.

use serde::Serialize;

use crate::{
    budget::{Amount, Usd},
    run::Event,
};

/// What a run costs.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Cost {
    /// What was reserved for it, in dollars: it could not cost more.
    #[cfg_attr(feature = "schema", schema(value_type = f64))]
    pub estimated_usd: Usd,
    /// What it cost, in dollars.
    #[cfg_attr(feature = "schema", schema(value_type = f64))]
    pub actual_usd: Usd,
    /// What for.
    pub breakdown: Vec<CostItem>,
}

/// A part of a cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct CostItem {
    /// `sandbox`, or the name of the author that was asked.
    pub what: String,
    /// What it cost, in dollars.
    #[cfg_attr(feature = "schema", schema(value_type = f64))]
    pub usd: Usd,
    /// Tokens that it read and wrote.
    pub tokens: i64,
    /// Sandbox time in milliseconds.
    pub sandbox_ms: i64,
    /// True if what it used is not known, and its bound was charged.
    pub estimated: bool,
}

/// The part of a cost that is paid for the jail.
pub(crate) const SANDBOX: &str = "sandbox";

impl Cost {
    /// An event was read back from a history in which nothing but our own readers and the code itself cost
    /// anything.
    pub(crate) fn see(&mut self, event: &Event) {
        match event {
            Event::ReadStarted { reserved, .. }
            | Event::FactsStarted { reserved, .. }
            | Event::BudgetReserved { reserved, .. } => self.reserved(*reserved),
            Event::ReadFinished { used, .. } | Event::FactsFinished { used, .. } => {
                self.used(SANDBOX, *used, false);
            }
            _ => {}
        }
    }

    /// A step was reserved.
    pub(crate) fn reserved(&mut self, amount: Amount) {
        self.estimated_usd.0 = self.estimated_usd.0.saturating_add(amount.nano_usd);
    }

    /// A step was settled.
    pub(crate) fn used(&mut self, what: &str, used: Amount, estimated: bool) {
        self.actual_usd.0 = self.actual_usd.0.saturating_add(used.nano_usd);
        let at = self.breakdown.iter().position(|item| item.what == what).unwrap_or_else(|| {
            let nothing =
                CostItem { what: what.to_owned(), usd: Usd(0), tokens: 0, sandbox_ms: 0, estimated: false };
            self.breakdown.push(nothing);
            self.breakdown.len() - 1
        });
        let item = &mut self.breakdown[at];
        item.usd.0 = item.usd.0.saturating_add(used.nano_usd);
        item.tokens = item.tokens.saturating_add(used.tokens);
        item.sandbox_ms = item.sandbox_ms.saturating_add(used.sandbox_ms);
        item.estimated |= estimated;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_and_dollars_are_exact() {
        let mut cost = Cost::default();
        cost.reserved(Amount { nano_usd: 31_000_000, ..Amount::default() });
        let sandbox = Amount { nano_usd: 5_000, sandbox_ms: 5, ..Amount::default() };
        cost.used(SANDBOX, sandbox, false);
        cost.used("m", Amount { nano_usd: 1, tokens: 9, ..Amount::default() }, true);
        cost.used(SANDBOX, sandbox, false);
        let json = serde_json::to_string(&cost).unwrap();
        assert_eq!(
            json,
            "{\"estimatedUsd\":0.031,\"actualUsd\":0.000010001,\"breakdown\":[\
             {\"what\":\"sandbox\",\"usd\":0.00001,\"tokens\":0,\"sandboxMs\":10,\"estimated\":false},\
             {\"what\":\"m\",\"usd\":1e-9,\"tokens\":9,\"sandboxMs\":0,\"estimated\":true}]}"
        );
        assert_eq!(serde_json::to_string(&Usd(999_999_999_999_999)).unwrap(), "999999.999999999");
    }
}
