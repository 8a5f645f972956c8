//! Says in plain words what people say in set phrases: "what did we spend" asks how much that was.

use super::{
    dates,
    words::{self, Kind, Token},
};

/// Set phrases, and the plain words for them. In the first, `a|b` is one of several words, `..` one to four words,
/// `Y` a year, `-Y` one in brackets, `#` a day of a month, `M` a month, `^` the beginning, `$` the end, `!a|b` no such word here; in the second, `$1` is what the first of `|`, `..`, `Y`, `-Y`, `#` and `M` stood for.
const IDIOMS: &[(&str, &str)] = &[
    (
        "^ what did|do|does .. spend|earn|bill|invoice|collect|owe|charge|take|make|pay|receive !with|by",
        "how much $1 $2 $3",
    ),
    (
        "^ what have|has|had .. spent|earned|billed|invoiced|collected|charged|taken|made|paid !with|by",
        "how much $1 $2 $3",
    ),
    ("by what|how they|we|he|she|each|it spent|spend|paid|pay|earned|earn|bought|cost|owe", "by $3"),
    ("by how much they|we|he|she|each|it spent|spend|paid|pay|earned|earn|bought|cost|owe", "by $2"),
    ("when was|were|did|have we|i|they last", "when was the last entry"),
    ("when was|were|did|have we|i|they been last", "when was the last entry"),
    ("this|last year -Y", "$2"),
    ("before the end of", "until"),
    ("before end of", "until"),
    ("by|until|till the end of", "until"),
    ("put .. in|into the|one|a same|one|single|uniform|proper", "convert $1 $2 $3 $4"),
    ("by how much did|has|have|do|does", "how much $1"),
    ("used|use|using a|an", "with a"),
    ("how long does|did|do it take|takes|took us|them|you to", "average days to"),
    ("how long does|did|do it take|takes|took to", "average days to"),
    ("part timer|timers", "part time"),
    ("full timer|timers", "full time"),
    ("fill up|ups", "entry"),
    ("a day|week|month|quarter|year on average", "per $1 on average"),
    ("^ which ones|one $", "list them"),
    ("^ who|which are they|those $", "list them"),
    ("^ how long is|are|was|were|do|does|did .. open|unresolved", "average days to close $2"),
    ("take|takes|took the longest|shortest to", "has the $2 days to"),
    ("^ how long is|are|was|were", "the length of"),
    ("precipitation|rain|rainfall|snow fell", "$1"),
    ("money|cash spent", "spent"),
    ("gdp per head|capita|person", "gdp per capita"),
    ("how much money came|comes|come in", "how much income"),
    ("how much came|comes|come in", "how much income"),
    ("how much money went|goes|go out", "how much spent"),
    ("how much went|goes|go out", "how much spent"),
    ("teh", "the"),
    ("isnt", "isn't"),
    ("arent", "aren't"),
    ("wasnt", "wasn't"),
    ("werent", "weren't"),
    ("hasnt", "hasn't"),
    ("havent", "haven't"),
    ("didnt", "didn't"),
    ("doesnt", "doesn't"),
    ("between|from # and|to|until|- # M", "$1 $2 $5 $3 $4 $5"),
    ("more|higher|bigger|larger|greater .. than the|our|an average", "$2 above average"),
    ("more|higher|bigger|larger|greater .. than average", "$2 above average"),
    ("less|lower|fewer|smaller .. than the|our|an average", "$2 below average"),
    ("less|lower|fewer|smaller .. than average", "$2 below average"),
    ("^ months|weeks|days|quarters|years with|where|when|that", "which $1 $2"),
    (
        "repeat|returning customers|clients|buyers|guests|visitors|patients|donors|members",
        "$2 with more than 1 rows",
    ),
    ("did|have|has we|they|i print|printed", "$1 $2 produce"),
    ("come|comes|came|amount|amounts|amounted to $", "in total"),
    ("adress", "address"),
    ("email address|addresses", "email"),
    ("birth year|date", "birth"),
    ("going|judging by !the", "by"),
    ("way|means|method|mode of payment", "payment"),
    ("how strong|high|low|hot|cold|big|large was|is|were|are", "what $2"),
    ("new excel|file|workbook|spreadsheet|sheet", "$1"),
    ("more|fewer|less than one", "$1 than 1"),
    ("at least|most one", "at $1 1"),
    ("best|highest paid ..", "$2 with the highest pay"),
    ("worst|lowest|least paid ..", "$2 with the lowest pay"),
    ("earns|earn|earned|earning more than", "with pay over"),
    ("earns|earn|earned|earning less than", "with pay below"),
    ("how strong is|are", "what $1"),
    ("how strong $", ""),
    ("ends|end|ended|finished|finish in a draw", "are a draw"),
    ("last|final quarter of", "Q4"),
    ("last|final half of", "H2"),
    ("take|strip|throw|weed out the|any|all|every|duplicate|duplicates|duplicated", "remove $2"),
    (
        "put|write|enter .. wherever|where|when|if the|a|an .. is|are blank|empty|missing",
        "fill missing $5 with $2",
    ),
    ("put|write|enter .. wherever|where|when|if .. is|are blank|empty|missing", "fill missing $4 with $2"),
    ("is|are|was|were .. going up or down", "trend of $2"),
    ("in money $", ""),
    ("fell|fall|falls|falling on", "on"),
    ("older|earlier than Y", "before $2"),
    ("overdue|open|unpaid|outstanding .. by age", "ageing of $1 $2"),
    ("newer|later|younger than Y", "after $2"),
    ("what is|was|are|were the range|spread of .. $", "lowest and highest $3"),
    (
        "^ is|are .. rising|growing|increasing|improving|falling|declining|decreasing|shrinking|dropping $",
        "trend of $2",
    ),
    (
        "^ is|are .. rising|growing|increasing|improving|falling|declining|decreasing or rising|growing|increasing|falling|declining|decreasing|shrinking $",
        "trend of $2",
    ),
    (
        "^ how is|are|was|were|did|have|has our|the|my .. going|doing|developing|developed|developing|changed|evolved|evolving|been $",
        "trend of $3",
    ),
    (
        "^ how is|are|was|were|did|have|has .. going|doing|developing|developed|changed|evolved|evolving|been $",
        "trend of $2",
    ),
    ("breaks|break|broke|goes|go|went|down|wrong down|wrong most|least often", "$3 often"),
    ("cost|costs us|me most|least", "cost the $3"),
    ("has|have cost the most|least", "has the $2 cost"),
];

/// Most words that `..` stands for.
const OPEN_WORDS_MAX: usize = 4;

/// The question with every set phrase in plain words.
pub(super) fn plain(mut tokens: Vec<Token>) -> Vec<Token> {
    for &(said, meant) in IDIOMS {
        let pattern: Vec<&str> = said.split(' ').collect();
        let mut at = 0;
        while at < tokens.len() {
            let mut parts = Vec::new();
            let Some(end) = fits(&pattern, &tokens, at, &mut parts) else {
                at += 1;
                continue;
            };
            let plain: Vec<Token> = meant
                .split(' ')
                .flat_map(|word| match word.strip_prefix('$').and_then(|place| place.parse::<usize>().ok()) {
                    Some(place) => parts.get(place - 1).cloned().unwrap_or_default(),
                    None => words::tokens(word),
                })
                .collect();
            let length = plain.len();
            tokens.splice(at..end, plain);
            at += length.max(1);
        }
    }
    tokens
}

/// Where the pattern ends that begins there, and what its open places stand for.
fn fits(pattern: &[&str], tokens: &[Token], at: usize, parts: &mut Vec<Vec<Token>>) -> Option<usize> {
    let Some((first, rest)) = pattern.split_first() else { return Some(at) };
    if *first == "^" {
        return if at == 0 { fits(rest, tokens, at, parts) } else { None };
    }
    if *first == "$" {
        let closed = tokens.get(at..).is_some_and(|rest| rest.iter().all(|token| token.is_mark('?')));
        return if closed { fits(rest, tokens, at, parts) } else { None };
    }
    if let Some(words) = first.strip_prefix('!') {
        let refused = tokens.get(at).is_some_and(|token| words.split('|').any(|word| token.is(word)));
        return if refused { None } else { fits(rest, tokens, at, parts) };
    }
    if *first == ".." {
        return (1..=OPEN_WORDS_MAX).find_map(|length| {
            let open = tokens.get(at..at + length)?;
            if !open.iter().all(|token| matches!(token.kind, Kind::Word)) {
                return None;
            }
            let kept = parts.len();
            parts.push(open.to_vec());
            let end = fits(rest, tokens, at + length, parts);
            if end.is_none() {
                parts.truncate(kept);
            }
            end
        });
    }
    let token = tokens.get(at)?;
    // In brackets, a number is less than nought.
    let year = token.amount().map(|amount| -amount.value).filter(|year| (1900.0..2100.0).contains(year));
    let matches = match *first {
        "-Y" => year.is_some(),
        "Y" => token.raw.len() == 4 && token.count().is_some_and(|year| (1900..2100).contains(&year)),
        "#" => {
            token.count().is_some_and(|day| (1..=31).contains(&day))
                || matches!(token.kind, Kind::Ordinal(1..=31))
        }
        "M" => dates::month_of(&token.text).is_some(),
        words => words.split('|').any(|word| token.is(word)),
    };
    if !matches {
        return None;
    }
    let kept = parts.len();
    if let ("-Y", Some(year)) = (*first, year) {
        parts.push(words::tokens(&format!("{year}")));
    } else if first.contains('|') || ["#", "M", "Y"].contains(first) {
        parts.push(vec![token.clone()]);
    }
    let end = fits(rest, tokens, at + 1, parts);
    if end.is_none() {
        parts.truncate(kept);
    }
    end
}

#[cfg(test)]
mod tests {
    use super::{IDIOMS, plain, words};

    fn said(question: &str) -> String {
        plain(words::tokens(question)).iter().map(|token| token.raw.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn set_phrases_are_said_in_plain_words() {
        assert_eq!(said("What did Ravi spend on travel"), "how much did Ravi spend on travel");
        assert_eq!(said("orders older than 2023"), "orders before 2023");
        assert_eq!(said("people older than 60"), "people older than 60");
        assert_eq!(said("what did the workshop bill in total?"), "how much did the workshop bill in total ?");
        assert_eq!(said("what do customers pay with"), "what do customers pay with");
        assert_eq!(said("compare sales this year (2025) with 2024"), "compare sales 2025 with 2024");
        assert_eq!(said("top 5 customers by what they spent"), "top 5 customers by spent");
        assert_eq!(said("which expire before the end of march 2026"), "which expire until march 2026");
        assert_eq!(said("between 1 and 31 January 2025"), "between 1 January and 31 January 2025");
        assert_eq!(said("what products do we make"), "what products do we make");
    }

    #[test]
    fn no_plain_words_refer_to_what_is_not_there() {
        for &(said, meant) in IDIOMS {
            let open = said
                .split(' ')
                .filter(|word| {
                    *word == ".."
                        || ["-Y", "#", "M", "Y"].contains(word)
                        || (word.contains('|') && !word.starts_with('!'))
                })
                .count();
            for place in meant.split(' ').filter_map(|word| word.strip_prefix('$')) {
                assert!(place.parse::<usize>().is_ok_and(|place| (1..=open).contains(&place)), "{meant}");
            }
        }
    }
}
