//! What German words at the head of columns mean in English: business files are often German, questions are not.

/// Words and parts of compounds, each with what it means.
const MEANINGS: &[(&str, &str)] = &[
    ("netto", "net"),
    ("brutto", "gross"),
    ("betrag", "amount"),
    ("rechnung", "invoice"),
    ("datum", "date"),
    ("nummer", "number"),
    ("nr", "number"),
    ("kunde", "customer"),
    ("fällig", "due"),
    ("bezahlt", "paid"),
    ("zahlung", "payment"),
    ("leistung", "service"),
    ("einzel", "unit"),
    ("stück", "unit"),
    ("preis", "price"),
    ("menge", "quantity"),
    ("anzahl", "count"),
    ("umsatz", "revenue"),
    ("kosten", "cost"),
    ("gewinn", "profit"),
    ("steuer", "tax"),
    ("mwst", "tax"),
    ("ust", "tax"),
    ("satz", "rate"),
    ("rabatt", "discount"),
    ("summe", "total"),
    ("gesamt", "total"),
    ("land", "country"),
    ("stadt", "city"),
    ("ort", "city"),
    ("firma", "company"),
    ("artikel", "item"),
    ("produkt", "product"),
    ("kategorie", "category"),
    ("lieferant", "supplier"),
    ("lieferung", "delivery"),
    ("liefer", "delivery"),
    ("bestellung", "order"),
    ("bestell", "order"),
    ("auftrag", "order"),
    ("buchung", "booking"),
    ("mitarbeiter", "employee"),
    ("abteilung", "department"),
    ("gehalt", "salary"),
    ("lohn", "wage"),
    ("stunde", "hour"),
    ("lager", "warehouse"),
    ("bestand", "stock"),
    ("filiale", "store"),
    ("monat", "month"),
    ("jahr", "year"),
    ("alter", "age"),
    ("gewicht", "weight"),
    ("spende", "donation"),
];

/// Letters that join the parts of a compound: `Auftragsdatum`, `Kundennummer`.
const JOINTS: [&str; 4] = ["", "s", "n", "en"];

/// What a word means, part by part; nothing if a part of it is unknown.
pub(crate) fn meanings(word: &str) -> Vec<&'static str> {
    for (part, meaning) in MEANINGS {
        let Some(rest) = word.strip_prefix(part) else { continue };
        for joint in JOINTS {
            let Some(rest) = rest.strip_prefix(joint) else { continue };
            if rest.is_empty() {
                return vec![meaning];
            }
            let others = meanings(rest);
            if !others.is_empty() {
                return [vec![*meaning], others].concat();
            }
        }
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compounds_mean_what_their_parts_do() {
        assert_eq!(meanings("nettobetrag"), ["net", "amount"]);
        assert_eq!(meanings("auftragsdatum"), ["order", "date"]);
        assert_eq!(meanings("kundennummer"), ["customer", "number"]);
        assert_eq!(meanings("preis"), ["price"]);
        assert!(meanings("order").is_empty() && meanings("landing").is_empty());
    }
}
