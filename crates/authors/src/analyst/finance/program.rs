//! Writes a calculation as a Python program that a person would keep: inputs by name on top, the formula below.

use std::fmt::Write;

use super::super::python::{literal, number};

/// A named number that the question gives; several values are tried one after the other.
#[derive(Debug, Clone)]
pub(super) struct Input {
    /// The variable.
    pub(super) name: &'static str,
    /// What a table calls it.
    pub(super) label: String,
    pub(super) values: Vec<f64>,
    /// The values are in percent; the variable holds the fraction.
    pub(super) percent: bool,
}

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Money,
    Percent,
    Bare,
    Of(&'static str),
}

/// A number that is shown.
#[derive(Debug, Clone)]
pub(super) struct Shown {
    /// An expression.
    pub(super) value: String,
    pub(super) label: String,
    pub(super) unit: Unit,
}

/// A table that is shown, and what of it is drawn.
#[derive(Debug, Clone)]
pub(super) struct Listing {
    /// Statements that leave a data frame in `variable`.
    pub(super) code: String,
    pub(super) variable: &'static str,
    pub(super) label: String,
    /// Kind of chart, and the columns across and up.
    pub(super) chart: (&'static str, &'static str, &'static str),
}

/// A calculation.
#[derive(Debug, Clone, Default)]
pub(super) struct Program {
    pub(super) imports: Vec<&'static str>,
    /// Functions, without the empty lines around them.
    pub(super) helpers: Vec<&'static str>,
    pub(super) inputs: Vec<Input>,
    /// Statements that stand among the inputs.
    pub(super) given: String,
    /// Lines from the inputs to the results.
    pub(super) body: Vec<String>,
    pub(super) results: Vec<Shown>,
    pub(super) listing: Option<Listing>,
    /// Names of what is compared: then the inputs' values belong together, one of each.
    pub(super) offers: Option<(&'static str, Vec<String>)>,
    /// Statements after everything was shown.
    pub(super) end: String,
    /// How the question was understood, in a sentence without its full stop.
    pub(super) said: String,
}

impl Program {
    pub(super) fn input(&mut self, name: &'static str, label: impl Into<String>, values: &[f64]) {
        self.inputs.push(Input { name, label: label.into(), values: values.to_vec(), percent: false });
    }

    pub(super) fn percent(&mut self, name: &'static str, label: impl Into<String>, values: &[f64]) {
        self.inputs.push(Input { name, label: label.into(), values: values.to_vec(), percent: true });
    }

    pub(super) fn line(&mut self, line: impl Into<String>) {
        self.body.push(line.into());
    }

    pub(super) fn show(&mut self, value: impl Into<String>, label: impl Into<String>, unit: Unit) {
        self.results.push(Shown { value: value.into(), label: label.into(), unit });
    }

    /// True if several values are tried.
    pub(super) fn varies(&self) -> bool {
        self.inputs.iter().any(|input| input.values.len() > 1)
    }

    /// How many rows the table of all that is tried has.
    pub(super) fn trials(&self) -> usize {
        let lengths = self.inputs.iter().map(|input| input.values.len());
        if self.offers.is_some() { lengths.max().unwrap_or(1) } else { lengths.product() }
    }

    /// The program's text.
    pub(super) fn render(&self, currency: Option<&str>, chart: bool) -> String {
        let table = self.varies() || (self.listing.is_some());
        let mut code = String::new();
        self.imports.iter().for_each(|line| _ = writeln!(code, "{line}"));
        if !self.imports.is_empty() {
            code.push('\n');
        }
        if table || self.imports.iter().any(|line| line.contains("pandas")) {
            code = code.replace("import pandas as pd\n", "");
            code += "import pandas as pd\n";
        }
        code += if chart && table {
            "from ringfence import chart, show\n"
        } else {
            "from ringfence import show\n"
        };
        for helper in &self.helpers {
            let _ = write!(code, "\n\n{}\n", helper.trim_matches('\n'));
        }
        code += if self.helpers.is_empty() { "\n" } else { "\n\n" };
        let fixed = self.inputs.iter().filter(|input| input.values.len() == 1);
        for input in fixed {
            let value = number(input.values[0]);
            let value = if input.percent { format!("{value} / 100") } else { value };
            let _ = writeln!(code, "{} = {value}  # {}", input.name, input.label);
        }
        code += &self.given;
        if !self.inputs.is_empty() || !self.given.is_empty() {
            code.push('\n');
        }
        if self.varies() {
            code += &self.trial(chart);
        } else {
            self.body.iter().for_each(|line| _ = writeln!(code, "{line}"));
            code.push('\n');
            for shown in &self.results {
                code += &show(&shown.value, &shown.label, unit(shown.unit, currency));
            }
            if let Some(listing) = &self.listing {
                if !self.results.is_empty() {
                    code.push('\n');
                }
                code += &listing.code;
                code += &show(listing.variable, &listing.label, None);
                if chart {
                    let (kind, across, up) = listing.chart;
                    code += &draw(kind, listing.variable, across, up, &listing.label);
                }
            }
        }
        code + &self.end
    }

    /// The same calculation for each of the values, as a table.
    fn trial(&self, chart: bool) -> String {
        let tried: Vec<&Input> = self.inputs.iter().filter(|input| input.values.len() > 1).collect();
        let variable = |input: &Input| {
            if input.percent { format!("{}_percent", input.name) } else { input.name.to_owned() }
        };
        let values = |input: &Input| {
            let values: Vec<String> = input.values.iter().map(|value| number(*value)).collect();
            format!("[{}]", values.join(", "))
        };
        let mut code = String::from("rows = []\n");
        let mut indent = String::new();
        let mut columns: Vec<String> = Vec::new();
        match &self.offers {
            Some((heading, names)) => {
                let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
                let variables: Vec<String> = tried.iter().map(|input| variable(input)).collect();
                let lists: Vec<String> = tried.iter().map(|input| values(input)).collect();
                let _ = writeln!(
                    code,
                    "for name, {} in zip([{}], {}):",
                    variables.join(", "),
                    names.join(", "),
                    lists.join(", ")
                );
                columns.push(format!("{}: name", literal(heading)));
                indent += "    ";
            }
            None => {
                for input in &tried {
                    let _ = writeln!(code, "{indent}for {} in {}:", variable(input), values(input));
                    indent += "    ";
                }
            }
        }
        for input in &tried {
            if input.percent {
                let _ = writeln!(code, "{indent}{} = {} / 100", input.name, variable(input));
            }
            let label = if input.percent { format!("{} (%)", input.label) } else { input.label.clone() };
            columns.push(format!("{}: {}", literal(&label), variable(input)));
        }
        for line in self.body.iter().flat_map(|line| line.split('\n')) {
            let _ = writeln!(code, "{indent}{line}");
        }
        for shown in &self.results {
            let label = if shown.unit == Unit::Percent {
                format!("{} (%)", shown.label)
            } else {
                shown.label.clone()
            };
            columns.push(format!("{}: {}", literal(&label), shown.value));
        }
        let inner = format!("{indent}        ");
        let _ = writeln!(
            code,
            "{indent}rows.append(\n{indent}    {{\n{inner}{},\n{indent}    }}\n{indent})",
            columns.join(&format!(",\n{inner}"))
        );
        code += "table = pd.DataFrame(rows)\n";
        let (Some(first), Some(across)) = (self.results.first(), tried.first()) else { return code };
        let title = match &self.offers {
            Some((heading, _)) => format!("{}s compared", heading),
            None => {
                let by: Vec<String> = tried.iter().map(|input| input.label.to_lowercase()).collect();
                format!("{} by {}", first.label, by.join(" and "))
            }
        };
        code += &show("table", &title, None);
        if chart {
            let (kind, x) = match &self.offers {
                Some((heading, _)) => ("bar", (*heading).to_owned()),
                None if across.percent => ("line", format!("{} (%)", across.label)),
                None => ("line", across.label.clone()),
            };
            let y = if first.unit == Unit::Percent {
                format!("{} (%)", first.label)
            } else {
                first.label.clone()
            };
            code += &draw(kind, "table", &x, &y, &title);
        }
        code
    }
}

fn unit(unit: Unit, currency: Option<&str>) -> Option<&str> {
    match unit {
        Unit::Money => currency,
        Unit::Percent => Some("%"),
        Unit::Bare => None,
        Unit::Of(name) => Some(name),
    }
}

/// A statement that shows a value.
pub(super) fn show(value: &str, label: &str, unit: Option<&str>) -> String {
    match unit {
        Some(unit) => format!("show({value}, {}, {})\n", literal(label), literal(unit)),
        None => format!("show({value}, {})\n", literal(label)),
    }
}

fn draw(kind: &str, variable: &str, x: &str, y: &str, title: &str) -> String {
    format!(
        "chart({}, {variable}, x={}, y={}, title={})\n",
        literal(kind),
        literal(x),
        literal(y),
        literal(title)
    )
}
