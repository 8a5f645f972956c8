//! What a question wants to know.

use super::{
    facts::{COUNTED, What},
    reading::Reading,
    savings::multiple,
};

/// What can be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Topic {
    Npv,
    Irr,
    Mirr,
    Payback,
    ProfitabilityIndex,
    Depreciation,
    BreakEven,
    Cagr,
    EffectiveRate,
    Comparison,
    Affordability,
    Amortisation,
    Periods,
    Rate,
    Payment,
    Present,
    Future,
    Inflation,
    Bond,
    Tax,
    Margin,
    Roi,
    Percentage,
}

const LOAN: [&str; 10] =
    ["loan", "mortgage", "borrow", "debt", "lend", "repay", "owe", "instalment", "finance", "lease"];
const SAVE: [&str; 5] = ["save", "deposit", "contribute", "invest", "aside"];

impl Topic {
    /// The topic that the question names, and how sure that is, in percent less than certain.
    pub(super) fn of(reading: &Reading) -> Option<(Topic, u8)> {
        Topic::flows(reading)
            .or_else(|| Topic::business(reading))
            .or_else(|| Topic::money(reading))
            .or_else(|| Topic::shares(reading))
    }

    /// Series of cash flows.
    fn flows(r: &Reading) -> Option<(Topic, u8)> {
        let long =
            r.says(&["how long", "how many year", "how many month", "how fast", "how quickly", "how soon"])
                || r.has("when");
        let percents = r.free(What::Percent).count();
        let days = r.facts.iter().filter(|fact| matches!(fact.what, What::Day(_))).count();
        Some(match () {
            () if days > 2 && r.any(&["annualised", "return"]) => (Topic::Irr, 3),
            () if r.any(&["mirr"]) || r.says(&["modified internal rate", "modified irr"]) => (Topic::Mirr, 0),
            () if r.any(&["irr"])
                || r.says(&["internal rate", "rate of return"]) && !r.any(&["required", "npv", "growth"]) =>
            {
                (Topic::Irr, 0)
            }
            () if r.says(&["profitability index"]) => (Topic::ProfitabilityIndex, 0),
            () if r.has("payback") || r.says(&["pay itself back", "pay for itself", "pay itself off"]) => {
                (Topic::Payback, 0)
            }
            () if long && r.has("recoup")
                || long
                    && r.says(&["money back", "earn back", "break even", "get back"])
                    && !r.any(&["fixed", "price", "sell"]) =>
            {
                (Topic::Payback, 3)
            }
            () if long && r.says(&["pay back"]) && !r.any(&LOAN) => (Topic::Payback, 3),
            () if r.says(&["present value"])
                && r.free(What::Amount).count() > 1
                && (r.says(&["cash flow", "follow cash"])
                    || r.has("cashflow")
                    || r.facts.iter().filter(|fact| fact.point).count() > 1) =>
            {
                (Topic::Npv, 4)
            }
            () if percents == 1
                && r.free(What::Amount).count() > 2
                && r.has("discount")
                && r.says(&["worth today", "worth now", "value today"]) =>
            {
                (Topic::Npv, 4)
            }
            () if r.any(&["npv", "dcf"])
                || r.says(&["net present", "present worth", "discount cash", "discount cashflow"]) =>
            {
                (Topic::Npv, 0)
            }
            () if percents == 1
                && (r.says(&["worth invest", "worth it", "worthwhile"]))
                && r.any(&["invest", "outlay", "cost", "spend"])
                && r.free(What::Amount).count() > 1 =>
            {
                (Topic::Npv, 10)
            }
            () if r.has("discount") && r.any(&["cashflow", "inflow", "outlay"])
                || r.says(&["cash flow", "cash flows"]) && r.any(&["discount", "hurdle", "wacc"])
                || r.any(&["hurdle", "wacc"]) && r.any(&["invest", "outlay"])
                || r.any(&["outlay", "initial"]) && r.has("discount") =>
            {
                (Topic::Npv, 8)
            }
            () => return None,
        })
    }

    /// Running a business.
    fn business(r: &Reading) -> Option<(Topic, u8)> {
        let even = r.has("breakeven")
            || r.says(&["break even"])
            || r.seq(&["break", "even"])
            || r.then(&["break"], &["even"], 1);
        let sells =
            r.any(&["price", "sell", "unit", "fixed", "variable", "contribution", "margin", "charge"]);
        let quantity = r.facts.iter().any(|fact| {
            fact.what == What::Amount
                && fact.after.first().is_some_and(|word| COUNTED.contains(&word.as_str()))
        });
        Some(match () {
            () if r.has("lose")
                && r.any(&["worth", "value"])
                && r.free(What::Percent).count() == 1
                && r.free(What::Amount).count() == 1
                && !r.has("inflation") =>
            {
                (Topic::Depreciation, 5)
            }
            () if r.has("profit") && quantity && r.any(&["price", "sell", "cost", "fixed", "variable"]) => {
                (Topic::BreakEven, 2)
            }
            () if r.has("depreciation")
                || r.says(&["book value", "straight line", "decline balance", "sum of year"])
                || r.then(&["sum"], &["digits"], 4) =>
            {
                (Topic::Depreciation, 0)
            }
            () if even && sells
                || r.then(&["cover"], &["fixed"], 3)
                || r.has("contribution") && r.has("fixed")
                || r.has("fixed")
                    && r.any(&["profit", "revenue"])
                    && r.any(&["margin", "price", "variable"])
                || r.has("fixed") && r.any(&["price", "sell"]) && r.any(&["many", "unit"]) =>
            {
                (Topic::BreakEven, 0)
            }
            () if r.has("cagr")
                || r.then(&["compound", "annualised"], &["growth"], 2)
                || r.has("annualised")
                || r.then(&["average", "annual"], &["growth"], 2) =>
            {
                (Topic::Cagr, 0)
            }
            () if r.has("buy") && r.has("sell") && r.any(&["return", "gain", "gains"]) => (Topic::Roi, 4),
            () if r.then(&["growth"], &["rate"], 1) && r.free(What::Amount).count() == 2 => (Topic::Cagr, 4),
            () if r.any(&["roi"])
                || r.says(&[
                    "return on invest",
                    "return on my invest",
                    "return on the invest",
                    "return on our invest",
                ]) =>
            {
                (Topic::Roi, 0)
            }
            () if r.any(&["vat", "gst", "mwst", "mehrwertsteuer"])
                || r.says(&["sell tax", "revenue tax"])
                || r.has("tax") && r.free(What::Percent).count() == 1 && r.facts.len() == 2 =>
            {
                (Topic::Tax, 0)
            }
            () if r.has("markup")
                || r.says(&["mark up"])
                || r.has("margin")
                || r.then(&["mark"], &["up"], 1) =>
            {
                (Topic::Margin, 0)
            }
            () => return None,
        })
    }

    /// Loans and savings.
    fn money(r: &Reading) -> Option<(Topic, u8)> {
        let loan = r.any(&LOAN);
        let percents = r.free(What::Percent).count();
        let rated = percents > 0 || r.any(&["rate", "interest"]);
        let many = r.any(&["compare", "cheaper", "versus", "vs", "against"])
            || r.any(&["better", "or", "than", "lower", "lowest", "less", "least", "offer"])
                && (percents > 1 || r.facts.iter().filter(|f| matches!(f.what, What::Span(_))).count() > 1);
        let long = r.says(&[
            "how long",
            "how many year",
            "how many month",
            "how many payment",
            "how many instalment",
            "how many period",
            "how many quarter",
            "number of period",
            "number of payment",
            "number of year",
            "number of month",
            "rule of",
        ]) || r.any(&["nper", "when"])
            || r.asks_time();
        let spans = r.span_count();
        let pmt = r.has("pmt") && !r.free(What::Amount).any(|fact| fact.beside(&["pmt"]));
        let known_rate = r
            .free(What::Amount)
            .any(|fact| fact.before.iter().any(|word| word == "rate" || word == "interest" || word == "at"));
        let asked_rate =
            percents == 0 && !known_rate && r.any(&["rate"]) && r.span_count() > 0 && !r.any(&["discount"])
                || (r.then(&["what", "which"], &["rate", "return", "yield", "growth"], 3)
                    || r.then(&["required", "need"], &["rate", "return", "growth"], 2))
                    && spans > 0
                    && (r.free(What::Amount).count() > 1 || multiple(r).is_some())
                || r.then(&["what", "which"], &["rate"], 4) && !r.then(&["rate"], &["effective"], 2)
                || r.says(&[
                    "rate of interest",
                    "what interest",
                    "find rate",
                    "interest rate am",
                    "at what rate",
                ]);
        let often = r.frequency().is_some();
        let regular = r.free(What::Amount).filter(|fact| fact.per.is_some()).count();
        let amounts = r.free(What::Amount).count();
        Some(match () {
            () if pmt
                || r.has("refinance") && percents == 2
                || r.says(&["interest only"]) && percents == 1 && amounts == 1 =>
            {
                (Topic::Payment, 0)
            }
            () if r.any(&["bond", "coupon"]) && regular == 0 && percents > 0 && !asked_rate => {
                (Topic::Bond, 2)
            }
            () if r.has("inflation")
                || r.says(&["today's money", "real return", "real rate", "purchasing power"])
                    && percents > 0 =>
            {
                (Topic::Inflation, 2)
            }
            () if percents == 1
                && amounts == 0
                && spans == 0
                && r.has("rate")
                && r.free(What::Percent).any(|fact| {
                    fact.per.is_some() || r.any(&["equivalent", "correspond", "corresponds", "effective"])
                }) =>
            {
                (Topic::EffectiveRate, 2)
            }
            () if amounts == 1
                && regular == 1
                && r.then(
                    &["what", "which", "size", "maximum", "max", "biggest", "largest"],
                    &["loan", "mortgage"],
                    2,
                ) =>
            {
                (Topic::Affordability, 2)
            }
            () if r.any(&["ear", "apy", "aer"])
                || r.then(&["effective"], &["rate", "annual", "interest", "yield"], 2)
                    && !r.any(&["payment"])
                || r.has("effective")
                    && r.any(&["nominal", "convert"])
                    && r.free(What::Amount).count() == 0
                || r.then(&["nominal", "equivalent"], &["rate"], 2) && r.free(What::Amount).count() == 0 =>
            {
                (Topic::EffectiveRate, 0)
            }
            () if many
                && percents > 0
                && r.facts.len() > 3
                && !r.any(&["step", "steps", "refinance"])
                && !r.has("fv")
                && !r.says(&["future value", "present value"]) =>
            {
                (Topic::Comparison, 2)
            }
            () if r.then(&["can", "could"], &["borrow", "afford"], 3)
                || r.says(&["how big a", "how large a", "how much of a"]) && loan
                || r.has("afford")
                || r.then(&["how"], &["borrow"], 4) && !r.any(&["if", "pay"]) =>
            {
                (Topic::Affordability, 0)
            }
            () if long && (rated || r.any(&["pay", "repay"]) || r.saves() && amounts > 1) && amounts > 0
                || long && multiple(r).is_some() =>
            {
                (Topic::Periods, 0)
            }
            () if asked_rate
                && percents == 0
                && (r.free(What::Amount).count() > 1 || multiple(r).is_some()) =>
            {
                (Topic::Rate, 0)
            }
            () if r.has("amortisation")
                || r.says(&[
                    "repayment plan",
                    "payment plan",
                    "payment schedule",
                    "payment table",
                    "loan schedule",
                ])
                || r.any(&["schedule"]) && rated
                || r.any(&["balance", "outstanding", "owe", "remain", "principal", "left"])
                    && r.facts.iter().any(|f| f.point)
                    && (loan || r.any(&["payment", "pay", "outstanding"]))
                || r.any(&["interest", "principal"])
                    && r.facts.iter().any(|f| {
                        f.point
                            && (f.what == What::Count || f.near(&["interest", "principal", "pay", "repay"]))
                    })
                    && amounts > 0
                    && (loan || spans > 1)
                    && !r.saves()
                || r.then(&["total", "much"], &["interest"], 3) && (loan || r.any(&["pay", "payment"]))
                || r.seq(&["total", "interest"]) && percents > 0 && !r.any(&SAVE) && !r.has("earn")
                || r.then(&["interest"], &["total"], 4) && (loan || r.any(&["pay", "payment"])) =>
            {
                (Topic::Amortisation, 0)
            }
            () if r.any(&["pmt"])
                || r.any(&["payment", "instalment"])
                    && !r.says(&["present value", "future value"])
                    && !r.any(&["pv", "fv"]) =>
            {
                (Topic::Payment, 0)
            }
            () if loan && r.any(&["pay", "repay"]) && (often || rated) => (Topic::Payment, 2),
            () if (r.then(
                &SAVE,
                &["each", "every", "per", "monthly", "annual", "month", "quarterly", "weekly"],
                4,
            ) || r.then(&["monthly", "annual", "quarterly", "weekly"], &SAVE, 1)
                || r.saves() && often && r.has("much"))
                && !r.pays_in()
                && r.regular_free() == 0
                && r.any(&[
                    "have",
                    "reach",
                    "get",
                    "target",
                    "goal",
                    "need",
                    "accumulate",
                    "want",
                    "give",
                    "grow",
                ])
                && !r.any(&["future"]) =>
            {
                (Topic::Payment, 2)
            }
            () if r.then(&["pay"], &["monthly", "annual", "quarterly", "month", "year", "quarter"], 2)
                && percents > 0
                && r.span_count() > 0
                && r.regular_free() == 0
                && r.free(What::Amount).count() == 1
                && !r.any(&["put", "account", "invest", "deposit"]) =>
            {
                (Topic::Payment, 8)
            }
            () if r.saves()
                && often
                && amounts == 1
                && spans == 1
                && regular == 0
                && r.has("much")
                && percents == 0 =>
            {
                (Topic::Payment, 2)
            }
            () if r.has("withdraw") && r.regular_free() == 0 && often => (Topic::Payment, 2),
            () if r.has("pv") && r.span_count() == 0 && r.free(What::Amount).count() > 2 => (Topic::Npv, 12),
            () if r.any(&["pv", "perpetuity"])
                || r.tokens.iter().any(|t| t.is_any(&["bond", "coupon", "coupons"])) && !asked_rate
                || r.says(&[
                    "present value",
                    "worth today",
                    "worth now",
                    "value today",
                    "today's value",
                    "worth in today's",
                ])
                || r.says(&["lump sum"]) && regular == 1
                || r.then(&["how"], &["need"], 4)
                    && regular == 1
                    && percents == 1
                    && spans == 1
                    && !r.saves()
                || r.has("discount") && (regular == 1 || r.has("annuity")) && percents > 0
                || r.says(&["lump sum"]) && r.has("need") && r.any(&["today", "now"])
                || r.says(&["value today"])
                || r.then(&["worth"], &["today", "now"], 8)
                || r.then(&["need", "must", "should", "have"], &["today", "now"], 6)
                    && r.any(&SAVE)
                    && rated
                || r.then(&SAVE, &["today", "now"], 4) && r.any(&["need", "must", "should"]) && rated =>
            {
                (Topic::Present, 0)
            }
            () if r.any(&["fv"])
                || r.says(&["future value", "compound interest", "simple interest", "interest on"])
                || r.has("interest") && r.tokens.iter().any(|token| token.is("simple"))
                || percents == 1 && spans == 1 && amounts == 1 && r.any(&["growth", "grow"]) && !loan
                || rated && spans > 0 && regular == 1 && !loan && r.any(&["worth", "end", "final"])
                || r.saves() && often && percents == 1 && spans > 0
                || rated
                    && (r.span_count() > 0 || r.regular_free() > 0)
                    && (r.any(&["grow", "balance", "accumulate", "become", "becomes", "compound"])
                        || r.has("worth")
                            && r.tokens.iter().any(|t| t.is_any(&["will", "would", "be", "become"]))
                        || r.any(&SAVE)
                        || r.says(&[
                            "end up",
                            "will i have",
                            "would i have",
                            "do i have",
                            "turn into",
                            "how much interest",
                            "put in",
                            "put away",
                            "put",
                        ])) =>
            {
                (Topic::Future, 2)
            }
            () if asked_rate && percents == 0 && r.free(What::Amount).count() > 1 => (Topic::Rate, 3),
            () if loan && percents > 0 && r.span_count() > 0 => (Topic::Payment, 12),
            () => return None,
        })
    }

    /// Percentages of everyday life.
    fn shares(r: &Reading) -> Option<(Topic, u8)> {
        let percents = r.free(What::Percent).count();
        let amounts = r.free(What::Amount).count();
        let moved = r.then(&["from"], &["to"], 2)
            && r.any(&["grow", "decrease", "went", "goes", "go", "up", "down", "change"]);
        let steps =
            ["up", "down", "plus", "minus", "discount", "off", "then", "grow", "decrease", "add", "markup"];
        if percents > 1 && amounts == 1 && r.facts.len() == percents + 1 && r.any(&steps) && !r.any(&LOAN) {
            return Some((Topic::Percentage, 5));
        }
        let asked = moved
            || r.has("percentage")
            || r.any(&["discount", "markdown"])
            || r.tokens.iter().any(|token| token.is_mark('%'))
            || r.has("share");
        // "a loan of 50,000 at 6%" lacks what to compute.
        let rule = r.says(&["rule of"]);
        let known = percents == 1 && amounts == 1 && r.facts.len() == 2 && !r.any(&LOAN) && !rule;
        let verbs = [
            "grow",
            "decrease",
            "reduce",
            "off",
            "discount",
            "plus",
            "minus",
            "add",
            "more",
            "less",
            "of",
            "cut",
            "tip",
            "on",
            "commission",
            "bonus",
            "take",
            "subtract",
        ];
        ((asked && amounts == 2 && r.facts.len() == 2) || (known && r.any(&verbs)))
            .then_some((Topic::Percentage, 2))
    }

    /// True if the topic is about a series of cash flows, which a file may hold.
    pub(super) fn is_of_flows(self) -> bool {
        matches!(self, Topic::Npv | Topic::Irr | Topic::Mirr | Topic::Payback | Topic::ProfitabilityIndex)
    }
}

impl Reading {
    fn regular_free(&self) -> usize {
        self.free(What::Amount).filter(|fact| fact.per.is_some()).count()
    }

    /// True for "save 250": the sum is what is paid in, not what is reached.
    fn pays_in(&self) -> bool {
        let verbs = ["save", "deposit", "contribute", "invest", "aside", "away"];
        self.free(What::Amount)
            .any(|fact| fact.before.last().is_some_and(|word| verbs.contains(&word.as_str())))
    }

    /// True for "years to reach", "months until": a time that no number is said of.
    fn asks_time(&self) -> bool {
        let numbered = |at: usize| self.facts.iter().any(|fact| (fact.start..fact.end).contains(&at));
        self.tokens.windows(2).enumerate().any(|(at, pair)| {
            pair[0].stems(&["year", "month", "time"])
                && pair[1].stems(&["to", "until", "till", "needed", "required"])
                && !numbered(at)
                && !(at > 0 && self.tokens[at - 1].is_any(&["a", "per", "each", "every"]))
        }) && self
            .any(&["reach", "repay", "pay", "become", "have", "save", "double", "triple", "until", "get"])
    }

    /// How many lengths of time, or numbers of payments, there are.
    pub(super) fn span_count(&self) -> usize {
        self.facts.iter().filter(|fact| matches!(fact.what, What::Span(_) | What::Count)).count()
    }
}
