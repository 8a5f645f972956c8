//! Makes spellings of one word alike: case, plurals, endings, slips of the finger.

/// Lower case, words apart, no plural: `UnitPrice`, `unit_price` and `Unit Prices` are alike.
pub(crate) fn normal_words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut previous_lower, mut fresh) = (false, true);
    for char in name.chars() {
        if !char.is_alphanumeric() {
            // `what's` is one word.
            let inside = matches!(char, '\'' | '\u{2019}') && previous_lower;
            (fresh, previous_lower) = (!inside, false);
            continue;
        }
        // One small letter is no word: `kWh`, `eMail`.
        let parted = previous_lower && char.is_uppercase() && words.last().is_none_or(|word| word.len() > 1);
        if fresh || parted {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut() {
            word.extend(char.to_lowercase());
        }
        (fresh, previous_lower) = (false, char.is_lowercase() || char.is_numeric());
    }
    words.iter().map(|word| singular(word)).collect()
}

/// A word in plain letters, as those write it who have no others: `Müller` as mueller, or as muller.
pub(crate) fn plain_letters(word: &str) -> [String; 2] {
    let spelled = |long: bool| {
        let mut plain = String::new();
        for char in word.chars() {
            match char {
                'ä' | 'æ' if long => plain.push_str("ae"),
                'ö' | 'ø' if long => plain.push_str("oe"),
                'ü' if long => plain.push_str("ue"),
                'å' if long => plain.push_str("aa"),
                'ß' => plain.push_str("ss"),
                'à' | 'á' | 'â' | 'ã' | 'ä' | 'å' => plain.push('a'),
                'ç' | 'č' | 'ć' => plain.push('c'),
                'è' | 'é' | 'ê' | 'ë' | 'ě' => plain.push('e'),
                'ì' | 'í' | 'î' | 'ï' => plain.push('i'),
                'ł' => plain.push('l'),
                'ñ' | 'ń' | 'ň' => plain.push('n'),
                'ò' | 'ó' | 'ô' | 'õ' | 'ö' | 'ø' => plain.push('o'),
                'ř' => plain.push('r'),
                'ś' | 'š' => plain.push('s'),
                'ù' | 'ú' | 'û' | 'ü' | 'ů' => plain.push('u'),
                'ý' | 'ÿ' => plain.push('y'),
                'ź' | 'ż' | 'ž' => plain.push('z'),
                other => plain.push(other),
            }
        }
        plain
    };
    [spelled(true), spelled(false)]
}

/// Words whose plural no ending tells, and units by their other names.
const IRREGULAR: [(&str, &str); 17] = [
    ("skus", "sku"),
    ("children", "child"),
    ("kids", "child"),
    ("men", "man"),
    ("women", "woman"),
    ("wives", "wife"),
    ("shelves", "shelf"),
    ("halves", "half"),
    ("feet", "foot"),
    ("criteria", "criterion"),
    ("analyses", "analysis"),
    ("kilo", "kg"),
    ("kilos", "kg"),
    ("kilogram", "kg"),
    ("kilograms", "kg"),
    ("liter", "litre"),
    ("liters", "litre"),
];

/// `countries` and `country`, `boxes` and `box`, `sales` and `sale` become alike; nothing needs to be a real word.
pub(crate) fn singular(word: &str) -> String {
    let word = word.strip_suffix("'s").or_else(|| word.strip_suffix("\u{2019}s")).unwrap_or(word);
    let long = word.chars().count() > 3;
    match word {
        "people" | "persons" => return "person".to_owned(),
        "taxes" => return "tax".to_owned(),
        "ids" => return "id".to_owned(),
        "ups" => return "up".to_owned(),
        "ins" => return "in".to_owned(),
        _ => {}
    }
    if let Some((_, one)) = IRREGULAR.iter().find(|(many, _)| *many == word) {
        return (*one).to_owned();
    }
    if [
        "movies",
        "cookies",
        "pies",
        "ties",
        "calories",
        "brownies",
        "smoothies",
        "lies",
        "selfies",
        "hoodies",
    ]
    .contains(&word)
    {
        return word[..word.len() - 1].to_owned();
    }
    if let Some(stem) = word.strip_suffix("ies").filter(|_| word.chars().count() > 4) {
        return format!("{stem}y");
    }
    for ending in ["sses", "shes", "ches", "xes"] {
        if let Some(stem) = word.strip_suffix("es").filter(|_| word.ends_with(ending)) {
            return stem.to_owned();
        }
    }
    match word.strip_suffix('s') {
        Some(stem) if long && !word.ends_with("ss") && !word.ends_with("us") && !word.ends_with("is") => {
            stem.to_owned()
        }
        _ => word.to_owned(),
    }
}

/// A word without a common ending: `hired`, `hires` and `hiring` become alike. Only to be compared with other stems.
pub(crate) fn stem(word: &str) -> String {
    let word = singular(word);
    for ending in ["ing", "ed", "er", "e"] {
        if let Some(stem) = word.strip_suffix(ending).filter(|stem| stem.chars().count() >= 3) {
            return single_end(stem);
        }
    }
    single_end(&word)
}

/// Without the letter that an ending has doubled: `cancelled` and `cancel`, `shipped` and `ship`.
fn single_end(word: &str) -> String {
    let mut letters = word.chars();
    let doubled = letters
        .next_back()
        .is_some_and(|last| !"aeious".contains(last) && letters.clone().next_back() == Some(last));
    if doubled { letters.as_str().to_owned() } else { word.to_owned() }
}

/// True for words of one family: `satisfied` and `satisfaction`, `delivered` and `delivery`.
pub(crate) fn derived(left: &str, right: &str) -> bool {
    const ENDINGS: [&str; 17] = [
        "ied", "y", "action", "ion", "ation", "tion", "ment", "ing", "ed", "al", "ance", "ence", "ity",
        "ive", "e", "es", "ies",
    ];
    /// What makes a noun of the verb as it is: `recommendation`, `attendance`.
    const ADDED: [&str; 3] = ["ation", "ion", "ance"];
    let shared = left
        .chars()
        .zip(right.chars())
        .take_while(|(one, other)| one == other)
        .map(|(one, _)| one.len_utf8())
        .sum::<usize>();
    let (rest, other) = (&left[shared..], &right[shared..]);
    let long = shared >= 6 || (shared == 5 && left.len() > 5 && right.len() > 5);
    let both = long && ENDINGS.contains(&rest) && ENDINGS.contains(&other);
    let added = (rest.is_empty() && ADDED.contains(&other)) || (other.is_empty() && ADDED.contains(&rest));
    both || (added && shared >= 6)
}

/// How many letters were left out, added, changed or swapped with the next; none if more than `most`.
pub(crate) fn slips(left: &str, right: &str, most: usize) -> Option<usize> {
    let (left, right): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    if left.len().abs_diff(right.len()) > most {
        return None;
    }
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=right.len()).collect();
    for (row, from) in left.iter().enumerate() {
        let mut line = vec![row + 1];
        for (at, to) in right.iter().enumerate() {
            let mut cost = (last[at] + usize::from(from != to)).min(last[at + 1] + 1).min(line[at] + 1);
            if row > 0 && at > 0 && *from == right[at - 1] && left[row - 1] == *to {
                cost = cost.min(before[at - 1] + 1);
            }
            line.push(cost);
        }
        before = std::mem::replace(&mut last, line);
    }
    last.last().copied().filter(|slips| *slips <= most)
}

/// How many slips a word of this length may hold and still be meant.
pub(crate) fn slips_allowed(word: &str) -> usize {
    match word.chars().count() {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_become_alike() {
        for (left, right) in [
            ("UnitPrice", "unit_price"),
            ("unit price", "Unit-Prices"),
            ("Countries", "country"),
            ("Revenue (USD)", "revenue usd"),
            ("customerID", "customer id"),
        ] {
            assert_eq!(normal_words(left), normal_words(right), "{left} {right}");
        }
        assert_eq!(normal_words("status"), ["status"]);
        assert_eq!(normal_words("Q1Sales"), ["q1", "sale"]);
        assert_eq!(stem("hired"), stem("hires"));
    }

    #[test]
    fn slips_are_counted() {
        assert_eq!(slips("revnue", "revenue", 2), Some(1));
        assert_eq!(slips("amuont", "amount", 2), Some(1));
        assert_eq!(slips("abc", "xyz", 2), None);
        assert_eq!(slips("", "", 0), Some(0));
    }

    #[test]
    fn words_of_one_family_are_known() {
        for (left, right) in [
            ("produced", "production"),
            ("recommend", "recommendation"),
            ("insured", "insurance"),
            ("delivered", "delivery"),
            ("arrive", "arrival"),
        ] {
            assert!(derived(left, right) && derived(right, left), "{left} {right}");
        }
        for (left, right) in [("state", "statement"), ("quest", "question"), ("cost", "costume")] {
            assert!(!derived(left, right), "{left} {right}");
        }
    }
}
