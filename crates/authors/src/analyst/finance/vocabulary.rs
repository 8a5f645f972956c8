//! The words that questions about money are made of, whatever ending they have and however they are misspelt.

/// A stem and its other forms.
const WORDS: &[(&str, &[&str])] = &[
    ("irr", &["xirr"]),
    ("mirr", &[]),
    ("npv", &["xnpv", "npvs"]),
    ("cagr", &[]),
    ("pmt", &[]),
    ("what", &["what's", "whats"]),
    ("accumulate", &["accumulates", "accumulated"]),
    ("afford", &["affordable", "affordability"]),
    (
        "amortisation",
        &["amortization", "amortise", "amortize", "amortised", "amortized", "amortising", "amortizing"],
    ),
    ("annual", &["annually", "yearly"]),
    ("annualised", &["annualized"]),
    ("annuity", &["annuities"]),
    ("average", &[]),
    ("balance", &["balances"]),
    ("balloon", &[]),
    ("beginning", &["begin", "begins", "start", "starts", "starting", "started", "opening", "initially"]),
    ("benefit", &["benefits"]),
    ("better", &[]),
    ("book", &[]),
    ("borrow", &["borrows", "borrowing", "borrowed"]),
    ("break", &["breaks", "breaking"]),
    ("breakeven", &[]),
    ("bond", &["bonds"]),
    ("bring", &["brings", "bringing", "brought"]),
    ("buy", &["buys", "buying", "bought", "purchase", "purchases", "purchased", "purchasing"]),
    ("capital", &[]),
    ("cash", &[]),
    ("cashflow", &["cashflows"]),
    ("change", &["changes", "changed"]),
    ("charge", &["charges", "charging", "charged"]),
    ("cheaper", &["cheapest"]),
    ("compare", &["compares", "comparing", "compared", "comparison"]),
    ("compound", &["compounds", "compounded", "compounding"]),
    ("continuous", &["continuously"]),
    ("contribute", &["contributes", "contributing", "contributed", "contributions"]),
    ("contribution", &[]),
    ("cost", &["costs", "costing"]),
    ("coupon", &["coupons"]),
    ("cover", &["covers", "covering"]),
    ("daily", &[]),
    ("debt", &["debts"]),
    ("decline", &["declines", "declining"]),
    (
        "decrease",
        &["decreases", "decreased", "drop", "drops", "dropped", "fall", "falls", "fell", "shrink", "shrank"],
    ),
    ("deposit", &["deposits", "depositing", "deposited"]),
    ("depreciation", &["depreciate", "depreciates", "depreciated", "depreciating"]),
    ("discount", &["discounts", "discounted", "discounting", "rebate"]),
    ("double", &["doubles", "doubled", "doubling"]),
    ("triple", &["triples", "tripled", "tripling"]),
    ("quadruple", &["quadruples", "quadrupled", "quadrupling"]),
    ("earn", &["earns", "earning", "earned", "earnings"]),
    ("effective", &["effectively"]),
    ("equal", &["equals"]),
    ("equivalent", &[]),
    ("excluding", &["exclude", "excludes", "excl", "without", "before"]),
    ("expense", &["expenses"]),
    ("extra", &["additional", "overpay", "overpaying", "overpayment"]),
    ("final", &[]),
    ("finance", &["financed", "financing", "finances"]),
    ("flow", &["flows"]),
    ("fixed", &["overhead", "overheads", "rent"]),
    ("future", &[]),
    ("generate", &["generates", "generating", "generated"]),
    ("give", &["gives", "giving"]),
    ("gross", &[]),
    (
        "grow",
        &[
            "grows",
            "growing",
            "grew",
            "grown",
            "increase",
            "increases",
            "increased",
            "increasing",
            "rise",
            "rises",
            "rose",
            "raise",
            "raised",
        ],
    ),
    ("growth", &[]),
    ("hurdle", &[]),
    ("including", &["include", "includes", "included", "incl"]),
    ("income", &["incomes"]),
    ("inflation", &[]),
    ("inflow", &["inflows"]),
    ("initial", &["upfront"]),
    ("instalment", &["instalments", "installment", "installments"]),
    ("interest", &[]),
    ("internal", &[]),
    ("invest", &["invests", "invested", "investing", "investment", "investments"]),
    ("lease", &["leases", "leasing", "leased"]),
    ("lend", &["lends", "lending", "lent", "lender"]),
    ("life", &["lifetime", "lifespan"]),
    ("loan", &["loans", "credit"]),
    ("lose", &["loses", "losing", "lost"]),
    ("make", &["makes", "making"]),
    ("manufacture", &["produce", "produces", "producing", "production"]),
    ("margin", &["margins"]),
    ("markup", &["markups"]),
    ("modified", &[]),
    ("monthly", &[]),
    ("mortgage", &["mortgages"]),
    ("need", &["needs", "needed"]),
    ("net", &[]),
    ("nominal", &[]),
    ("off", &[]),
    ("offer", &["offers", "option", "options"]),
    ("original", &["originally"]),
    ("outflow", &["outflows"]),
    ("outlay", &["outlays"]),
    ("outstanding", &[]),
    ("owe", &["owes", "owed", "owing"]),
    ("pay", &["pays", "paying", "paid"]),
    ("payback", &[]),
    ("payment", &["payments", "repayment", "repayments"]),
    ("percentage", &["percent"]),
    ("period", &["periods", "periodic"]),
    ("perpetuity", &["perpetual", "forever"]),
    ("present", &[]),
    ("price", &["prices", "priced", "pricing"]),
    ("principal", &["principle"]),
    ("profit", &["profits", "profitable"]),
    ("profitability", &[]),
    ("quarterly", &[]),
    ("rate", &["rates", "apr"]),
    ("refinance", &["refinancing", "refinanced", "refinances"]),
    ("reach", &["reaches", "reached"]),
    ("receive", &["receives", "receiving", "received"]),
    ("recoup", &["recoups", "recover", "recovers", "recovered"]),
    ("reduce", &["reduces", "reduced", "reducing", "reduction"]),
    ("reinvest", &["reinvested", "reinvestment"]),
    ("remain", &["remains", "remaining"]),
    ("repay", &["repays", "repaying", "repaid"]),
    ("return", &["returns", "returning", "returned"]),
    ("revenue", &["revenues", "turnover", "sales"]),
    ("salvage", &["residual", "scrap", "resale", "terminal"]),
    ("save", &["saves", "saving", "saved", "savings"]),
    ("schedule", &["schedules"]),
    ("sell", &["sells", "selling", "sold", "sale", "retail"]),
    ("spend", &["spends", "spending", "spent"]),
    ("straight", &[]),
    ("tax", &["taxes", "taxed"]),
    ("total", &["altogether", "overall"]),
    ("unit", &["units"]),
    ("useful", &[]),
    ("value", &["values", "valued"]),
    ("variable", &[]),
    ("wacc", &[]),
    ("weekly", &[]),
    ("wholesale", &[]),
    ("withdraw", &["withdraws", "withdrawing", "withdrawal", "withdrawals"]),
    ("worth", &[]),
    ("yield", &["yields", "yielding", "yielded"]),
    ("year", &["years", "yr", "yrs", "annum"]),
    ("month", &["months", "mths", "mos"]),
    ("quarter", &["quarters"]),
    ("week", &["weeks"]),
    ("day", &["days"]),
    ("decade", &["decades"]),
];

/// Words that look like one of ours and are right as they are.
const OTHERS: &[&str] = &[
    "great", "greater", "large", "larger", "there", "where", "these", "those", "three", "would", "could",
    "should", "while", "which", "whole", "house", "horse", "money", "years", "never", "every", "other",
    "after", "about", "under", "these", "single", "bundle", "table", "market", "share", "stores", "store",
    "story", "place", "prize", "piece", "pieces", "print", "paint", "right", "night", "eight", "light",
    "sheet", "state", "start", "stays", "chart", "class", "least", "least", "slide", "coffee", "mouth",
    "lower", "money", "budget", "number", "member", "version", "starter", "grows", "crown", "brown", "cells",
    "salon", "salad", "bread", "break", "breaks", "dates", "rated", "rating", "later", "water", "great",
    "units", "until", "total", "metal", "royal", "medal", "worse", "words", "worst", "world", "works",
    "clean",
];

/// The known form that a word is, or is nearly, with its stem; and true if it was misspelt.
pub(super) fn look_up(word: &str) -> (Option<(&'static str, &'static str)>, bool) {
    let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("\u{2019}s")).unwrap_or(word);
    let forms = || {
        WORDS.iter().flat_map(|(stem, forms)| {
            std::iter::once((*stem, *stem)).chain(forms.iter().map(|form| (*form, *stem)))
        })
    };
    if let Some(found) = forms().find(|(form, _)| *form == word) {
        return (Some(found), false);
    }
    let letters = word.chars().count();
    let plain = word.chars().all(|char| char.is_ascii_lowercase());
    if !(5..=20).contains(&letters) || !plain || OTHERS.contains(&word) {
        return (None, false);
    }
    let most = if letters < 9 { 1 } else { 2 };
    let near = forms()
        .filter(|(form, _)| form.len() >= 5 && form.bytes().next() == word.bytes().next())
        .map(|known| (distance(word.as_bytes(), known.0.as_bytes()), known))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance);
    (near.map(|(_, known)| known), near.is_some())
}

/// How many letters to add, drop, change or swap with their neighbour to make one of the other.
fn distance(left: &[u8], right: &[u8]) -> usize {
    let width = right.len() + 1;
    let mut before = vec![0; width];
    let mut above: Vec<usize> = (0..width).collect();
    for (row, letter) in left.iter().enumerate() {
        let mut line = vec![row + 1; width];
        for (column, other) in right.iter().enumerate() {
            let change = above[column] + usize::from(letter != other);
            let mut least = change.min(above[column + 1] + 1).min(line[column] + 1);
            if row > 0 && column > 0 && *letter == right[column - 1] && left[row - 1] == *other {
                least = least.min(before[column - 1] + 1);
            }
            line[column + 1] = least;
        }
        before = std::mem::replace(&mut above, line);
    }
    above[width - 1]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_and_slips_are_overlooked() {
        for (word, stem) in [
            ("paying", "pay"),
            ("presnt", "present"),
            ("discountd", "discount"),
            ("futur", "future"),
            ("peroid", "period"),
            ("amortizaton", "amortisation"),
            ("morgage", "mortgage"),
            ("instalmnets", "instalment"),
        ] {
            assert_eq!(look_up(word).0.map(|(_, stem)| stem), Some(stem), "{word}");
        }
        for word in ["money", "coffee", "region", "it", "customers", "house"] {
            assert_eq!(look_up(word), (None, false), "{word}");
        }
    }
}
