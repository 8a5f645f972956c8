//! Rounded figures: "rounded to 2 decimals", "to the nearest euro", "to the nearest thousand".

use super::Reader;

/// Most decimals that a figure is rounded to.
const DECIMALS_MAX: u32 = 12;

impl Reader<'_> {
    pub(super) fn rounding(&mut self) {
        let Some(at) = (0..self.tokens.len()).find(|at| {
            self.word(*at, &["rounded", "round", "rounding"])
                && self.mention(*at).is_none()
                && !self.used[*at]
        }) else {
            let nearest = (0..self.tokens.len()).find(|at| self.word(*at, &["nearest"]) && !self.used[*at]);
            if let Some((end, decimals)) = nearest.and_then(|at| self.precision(at)) {
                self.rounded(nearest.unwrap_or_default(), end, decimals);
            }
            return;
        };
        let mut from = at + 1;
        while self.word(
            from,
            &[
                "it", "them", "that", "this", "these", "the", "all", "result", "results", "figure",
                "figures", "numbers", "number", "off", "to", "up", "down", "a", "with", "by",
            ],
        ) {
            // Up and down are other numbers.
            if self.word(from, &["up", "down"]) {
                return;
            }
            from += 1;
        }
        match self.precision(from) {
            Some((end, decimals)) => self.rounded(at, end, decimals),
            None if from == self.tokens.len() => self.rounded(at, from, 0),
            None => {}
        }
    }

    fn rounded(&mut self, mut start: usize, end: usize, decimals: i32) {
        while start > 0 && self.word(start - 1, &["and", "to", "but", "then", "the"]) {
            start -= 1;
        }
        self.spend(start..end);
        self.out.decimals = Some(decimals);
    }

    /// To what is rounded there, and where its words end: decimals, or less than none for tens.
    fn precision(&self, at: usize) -> Option<(usize, i32)> {
        let places = ["decimal", "decimals", "digits", "places", "dp"];
        if let Some(count) = self.tokens.get(at)?.count().filter(|count| *count <= DECIMALS_MAX)
            && self.word(at + 1, &places)
        {
            let end = at + 2 + usize::from(self.word(at + 2, &["places", "place", "digits"]));
            return Some((end, i32::try_from(count).ok()?));
        }
        if self.word(at, &["no", "zero"]) && self.word(at + 1, &places) {
            return Some((at + 2 + usize::from(self.word(at + 2, &["places"])), 0));
        }
        if self.word(at, &["whole", "full", "integer", "integers"]) {
            let unit = [
                "number", "numbers", "euro", "euros", "dollar", "dollars", "pound", "pounds", "units",
                "percent",
            ];
            return Some((at + 1 + usize::from(self.word(at + 1, &unit)), 0));
        }
        if !self.word(at, &["nearest"]) {
            return None;
        }
        let decimals = match self.tokens.get(at + 1)?.text.as_str() {
            "cent" | "penny" | "hundredth" => 2,
            "tenth" => 1,
            "euro" | "dollar" | "pound" | "integer" | "unit" | "percent" | "whole" | "kilo" | "metre"
            | "minute" | "hour" | "day" => 0,
            "ten" => -1,
            "hundred" => -2,
            "thousand" => -3,
            "million" => -6,
            text => match text.parse::<u32>().ok()? {
                1 => 0,
                10 => -1,
                100 => -2,
                1000 => -3,
                _ => return None,
            },
        };
        let whole = usize::from(self.word(at + 1, &["whole"]) && self.word(at + 2, &["number"]));
        Some((at + 2 + whole, decimals))
    }
}
