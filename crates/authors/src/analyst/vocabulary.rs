//! The words the analyst knows. Whatever is in none of these lists, and names no column, value or period, it reports
//! back.

use std::{collections::HashMap, sync::LazyLock};

use super::query::{Agg, Chart, Cmp, Part, Unit};

/// What a word or phrase does in a question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Class {
    Agg(Agg),
    HowMany,
    HowMuch,
    By,
    Which,
    Who,
    /// The greatest or least; `true` in the second place lists several even without a number.
    Rank {
        lowest: bool,
        lists: bool,
    },
    Cmp(Cmp),
    Between,
    Not,
    And,
    Or,
    Only,
    Share,
    Growth,
    Cagr,
    Running,
    Pivot,
    Versus,
    Chart(Chart),
    Save,
    Unit(Unit),
    /// `monthly`
    Every(Unit),
    OverTime,
    Duplicate,
    Missing,
    Outlier,
    Correlation,
    Describe,
    Trim,
    Dedupe,
    Fill,
    Remove,
    Parse,
    Tidy,
    List,
    Row,
    Unpaid,
    Paid,
    Overdue,
    Ageing,
    OutOfStock,
    Never,
    /// `right now`: what has ended does not count.
    Now,
    Late,
    Text(Part),
    Plus,
    Minus,
    Times,
    Divided,
    Weighted,
    Profit,
    Margin,
    DaysBetween,
    Extent,
    Earliest {
        latest: bool,
    },
    Weekend {
        not: bool,
    },
    YearToDate,
    This,
    Previous,
    Before,
    After,
    Since,
    Until,
    During,
    To,
    Half,
    Preposition,
    Is,
    Have,
    Column,
    Table,
    Empty,
    Best,
    Everything,
}

use Class as C;

/// Phrases and what they do; the longest that fits is taken.
const PHRASES: &[(Class, &str)] = &[
    (
        C::Agg(Agg::Sum),
        "total|totals|in total|sum|sums|sum up|summed|add up|added up|overall|altogether|combined|grand total|all together|the total of|sum of|total of|total amount of|together|summing|summing up|adding up all",
    ),
    (
        C::Agg(Agg::Mean),
        "average|averages|mean|avg|on average|typical|averaged|average of|mean of|mean value",
    ),
    (C::Agg(Agg::Median), "median|medians|median of|middle value"),
    (C::Agg(Agg::Max), "maximum|max|maxima|maximal"),
    (C::Agg(Agg::Min), "minimum|min|minima|minimal"),
    (C::Agg(Agg::Std), "standard deviation|std|stdev|std dev|deviation|spread"),
    (
        C::Agg(Agg::Distinct),
        "distinct|unique|different|number of different|number of distinct|number of unique|how many different|how many distinct|how many unique|count of distinct|count of unique|distinct count of|count distinct|how many diff|number of diff|diff",
    ),
    (C::Agg(Agg::Mode), "most common|most frequent|commonest|most often|mode|most popular"),
    (
        C::HowMany,
        "how many|headcount|head count|number of|number and|no . of|nr . of|count|counts|count of|the count of|total number of|how often|no of|nr of|amount of times|how many of the|number of the|how many times",
    ),
    (C::HowMuch, "how much|how much money|what amount"),
    (
        C::By,
        "by|per|broken down by|split by|grouped by|group by|for each|for every|in each|of each|each|every|in every|across|by each|per each|for each of the|broken out by|split up by|divided up by|breakdown by|depending on|according to|break down by|break it down by|for all|by the|per the|for the different|of every",
    ),
    (C::Which, "which|what|which one|which of the|which of these|which ones"),
    (C::Who, "who|whose|whom|who of the|which person|who's|whos"),
    (C::Rank { lowest: false, lists: true }, "top|leading"),
    (
        C::Rank { lowest: false, lists: false },
        "highest|largest|biggest|greatest|most|peak|top earning|strongest|maximum number of|most of|the most expensive|longest|heaviest|costliest|the most|oldest|dearest|most expensive|most valuable|best selling|bestselling|best performing|busiest|most busy|priciest|fastest|quickest|fastest growing|strongest growing|hottest|warmest|wettest|rainiest|windiest|windyest|sunniest|tallest|richest",
    ),
    (C::Best, "best|worst"),
    (C::Rank { lowest: true, lists: true }, "bottom"),
    (
        C::Rank { lowest: true, lists: false },
        "lowest|smallest|least|fewest|cheapest|weakest|the least|the fewest|worst selling|worst performing|shortest|least expensive|youngest|lightest|slowest|poorest|quietest|least busy|coldest|driest",
    ),
    (
        C::Cmp(Cmp::Over),
        "over|above|more than|greater than|higher than|larger than|exceeding|exceeds|exceed|exceeded|bigger than|older than|longer than|in excess of|upwards of|north of|went over|beyond|better than|surpassed|beat|overshot",
    ),
    (
        C::Cmp(Cmp::Under),
        "under|below|less than|lower than|fewer than|smaller than|younger than|shorter than|beneath|cheaper than|short of|worse than|missed|miss|fell short of|falls short of|fall short of|did not reach|didn't reach|did not meet|didn't meet|failed to reach|failed to meet",
    ),
    (
        C::Cmp(Cmp::AtLeast),
        "at least|at or above|at or over|equal to or above|no lower than|no shorter than|no less than|not less than|minimum of|or more|greater than or equal to|not below|not under|no fewer than|and above|or over|or above|and up|more than or equal to|reached|met|achieved|hit",
    ),
    (
        C::Cmp(Cmp::AtMost),
        "at most|at or below|at or under|equal to or below|no higher than|no greater than|no longer than|no more than|not more than|maximum of|or less|up to|not above|not over|less than or equal to|or fewer|or below|or under|and below",
    ),
    (C::Cmp(Cmp::Equal), "equal to|equals|equal|exactly|is exactly|same as"),
    (C::Between, "between|ranging from|in the range of|in the range|within the range|anywhere between"),
    (
        C::Not,
        "not|isn't|aren't|wasn't|weren't|no|non|neither|nor|other than|except|except for|excluding|without|outside|outside of|not counting|leaving out|leave out|apart from|but not|minus the|exclude|excludes|not including|ignoring all|ignore all|ignoring|ignore|disregarding|didn't|doesn't|don't|haven't|hasn't|without any|not in|not from|besides|all but|everything but|that are not|who are not|did not|does not|do not|has no|have no|with no|lacking|lack|lacks",
    ),
    (C::And, "and|&|plus also|as well as|and also|and then"),
    (C::Or, "or"),
    (
        C::Only,
        "only|just|solely|limited to|restricted to|filter to|filter by|filter on|filtered to|filter for|filtered for|exclusively|specifically|restrict to|limit to|narrow down to",
    ),
    (
        C::Share,
        "share|share of|share of total|percentage|percentage of|percent of|percent|percents|proportion|proportion of|fraction|fraction of|what percent of|how many percent of|what share of|part of|what part of|portion of|contribution|contribution of|percentage share|percentage share of|per cent of|in percent|as a percentage|in per cent|as percent|as a percent|ratio of|%|% of|in %|percent share|relative share|shares|percentages|pct|as percentage|how many percent|by how many percent|procent|procents|prozent|by what percentage|in percentage",
    ),
    (
        C::Growth,
        "growth|grow|grew|grown|growth rate|increase|increased|change|changed|changes|rise|rose|risen|decline|declined|decrease|decreased|fell|dropped|growing|year over year|yoy|month over month|mom|quarter over quarter|qoq|year on year|month on month|quarter on quarter|growth rates|development compared|develop compared|percentage change|percent change|rate of change|increases|week over week|week on week|change over|delta|go up|gone up|went up|go down|gone down|went down|go up or down|gone up or down|went up or down|up or down",
    ),
    (
        C::Cagr,
        "cagr|compound annual growth|compound annual growth rate|compounded annual growth rate|average annual growth|average annual growth rate|average yearly growth",
    ),
    (
        C::Running,
        "running total|running totals|running sum|cumulative|cumulated|accumulated|cumulatively|running|cumulative sum|cumulative total|cumsum|year to date total|adding up|accumulating|running total of|running balance",
    ),
    (
        C::Pivot,
        "pivot|pivot table|cross table|crosstab|cross tab|matrix|cross tabulation|cross tabulate|pivoted|cross-table|cross-tab|cross-tabulation|contingency table|heatmap",
    ),
    (
        C::Versus,
        "versus|vs|compared with|compared to|against|compare|comparison|comparing|relative to|in comparison with|in comparison to|as compared to|than in|comparison of|compare the|next to|side by side|alongside|set against",
    ),
    (
        C::Chart(Chart::Any),
        "chart|charts|plot|plotted|graph|diagram|draw|visualise|visualize|charted|graphed|visualisation|visualization|picture|as a chart|as chart|as a graph|charting|plots|graphically|figure",
    ),
    (
        C::Chart(Chart::Bar),
        "bar chart|bar graph|bar plot|column chart|barchart|bars|as bars|bar diagram|bar|horizontal bar chart|stacked bar chart|bar charts",
    ),
    (
        C::Chart(Chart::Line),
        "line chart|line graph|line plot|as a line|line diagram|trend line|curve|as lines chart|linechart|one line per|one line for each|line|line charts",
    ),
    (C::Chart(Chart::Pie), "pie chart|pie|pie graph|donut chart|donut|doughnut|piechart|pie diagram"),
    (
        C::Chart(Chart::Scatter),
        "scatter plot|scatter|scatter chart|scatterplot|scatter diagram|xy chart|dot plot",
    ),
    (
        C::Chart(Chart::Histogram),
        "histogram|distribution|distribution of|distributed|frequency distribution|histogram of",
    ),
    (
        C::Chart(Chart::Box),
        "box plot|boxplot|box and whisker|box-plot|box plots|boxplots|box chart|whisker plot",
    ),
    (
        C::Save,
        "save|export|excel|workbook|spreadsheet|xlsx|csv|download|excel file|csv file|file|a file|excel workbook|export to|save as|saved|give me the file back|file back|as a file|new file|write back|save the result|save the result as|exported|save it as|as excel|as csv|as xlsx|excel sheet|new workbook|send me back",
    ),
    (C::Every(Unit::Day), "daily|day by day|each day|every day|per day|by day|day to day"),
    (C::Every(Unit::Week), "weekly|week by week|each week|every week|per week|by week|by calendar week"),
    (
        C::Every(Unit::Month),
        "monthly|month by month|each month|every month|per month|by month|by calendar month|per calendar month|for each month|for every month|in each month|months as rows|by months|by the month|over the months|month over month|mom|month on month|across months|month to month",
    ),
    (
        C::Every(Unit::Quarter),
        "quarterly|quarter by quarter|each quarter|every quarter|per quarter|by quarter|for each quarter|in each quarter|by quarters|quarter over quarter|qoq|quarter on quarter|over the quarters|across quarters|quarter to quarter",
    ),
    (
        C::Every(Unit::Year),
        "yearly|annual|annually|year by year|each year|every year|per year|by year|for each year|in each year|per annum|by calendar year|by years|year over year|yoy|year on year|over the years|across years|year to year",
    ),
    (
        C::Every(Unit::Weekday),
        "by weekday|per weekday|by day of the week|by day of week|by week day|each weekday|day of the week|weekday|weekdays|days of the week|per day of the week|day of week|each day of the week|by weekdays|for each weekday|for each day of the week",
    ),
    (
        C::Every(Unit::Hour),
        "hourly|by hour|per hour of the day|by hour of the day|by hour of day|hour of the day|time of day|by time of day",
    ),
    (C::Unit(Unit::Day), "day|days"),
    (C::Unit(Unit::Week), "week|weeks|calendar week"),
    (C::Unit(Unit::Month), "month|months"),
    (C::Unit(Unit::Quarter), "quarter|quarters"),
    (C::Unit(Unit::Year), "year|years"),
    (
        C::OverTime,
        "over time|trend|trends|development|evolution|develop|developed|evolve|evolved|evolving|time series|timeline|developing|through time|course of time|trending",
    ),
    (
        C::Duplicate,
        "duplicate|duplicates|duplicated|duplicate rows|duplicate entries|duplicate records|repeated|more than once|occur twice|twice|doubles|several times|duplicate values|appear more than once|dupes|appears more than once|occur more than once|occurs more than once",
    ),
    (
        C::Missing,
        "missing|missing values|missing value|nulls|null|null values|not filled in|not filled|incomplete|gaps|not stated|didn't state|did not state|not given|didn't give|unknown values|blank values|empty values|empty cells|blank cells|missing data|missing entries|not state",
    ),
    (
        C::Empty,
        "empty|blank|blanks|empties|is empty|is blank|is missing|are empty|are missing|are blank|left blank|left empty|no value|no entry",
    ),
    (
        C::Outlier,
        "outlier|outliers|suspicious|anomaly|anomalies|unusual|abnormal|extreme values|odd values|unusual values|strange values|out of the ordinary|unusually high|unusually low|unusually large|unusually small",
    ),
    (
        C::Correlation,
        "correlation|correlate|correlated|correlates|correlations|relationship|related|relation|depend|depends|correlation coefficient|coefficient|coefficient of correlation|correlation matrix|linked|connection",
    ),
    (
        C::Describe,
        "describe|summary|summarise|summarize|statistics|stats|overview|summary statistics|descriptive statistics|key figures|profile|basic statistics|summarised|what is in|key statistics|give me an overview",
    ),
    (
        C::Trim,
        "trim|strip|extra spaces|spaces|whitespace|white space|leading and trailing spaces|stray spaces|surrounding spaces|trimmed|trailing spaces|leading spaces|superfluous spaces",
    ),
    (
        C::Dedupe,
        "dedupe|deduplicate|deduplicated|de-duplicate|de-dupe|deduped|remove duplicates|drop duplicates|without duplicates|remove duplicate rows|delete duplicates|get rid of duplicates|remove all duplicates|eliminate duplicates|delete duplicate rows|drop duplicate rows|remove the duplicates|de duplicate|no duplicates|remove duplicate entries|remove repeated rows|remove double entries",
    ),
    (
        C::Fill,
        "fill|fill in|filled|replace missing|replace empty|replace blanks|fill up|impute|fill empty|fill missing|fill the empty|fill the missing|fill in missing|fill in empty|filling|replace the missing|replace the empty|replace blank",
    ),
    (C::Remove, "remove|drop|delete|throw out|get rid of|discard|kick out|filter out|eliminate|strip out"),
    (
        C::Parse,
        "parse|proper dates|real dates|real numbers|proper numbers|convert|converted|turn into|turn|normalise|normalize|standardise|standardize|proper|unify|consistent dates|dates consistent|uniform|consistent|same format|one format|as numbers|as dates|reformat|into numbers|into dates|real|harmonise|harmonize|fix the dates|fix the numbers|iso format|iso dates|make consistent",
    ),
    (
        C::Tidy,
        "clean|clean up|cleanup|cleaned|tidy|tidy up|cleaned up|cleanse|cleaning|clean-up|sanitise|sanitize|clean version|tidied|fix up",
    ),
    (
        C::List,
        "list|show me|show|display|give me|give|print|names of|list of|find|get me|let me see|i want to see|i need|i want|i'd like|see|get|tell me|return|listing|all the names of|show us|give us|output the|output all|output every|output a|present|name|names|i would like|i'd like to see|can i see|pull up|pull|which are the",
    ),
    (
        C::Row,
        "row|rows|reading|readings|rows of data|record|entry|line item|item line|records|entries|observation|data point|case|cases|lines of data|entrys|transaction|transactions",
    ),
    (
        C::Unpaid,
        "unpaid|still unpaid|outstanding|open|not paid|not yet paid|not been paid|haven't paid|hasn't paid|not yet been paid|unsettled|still open|still outstanding|receivable|receivables|still owed|owed|still owe|owe|owes|due to us|haven't been paid|unpaid yet|still to come in|still to be paid|still to pay|yet to pay|yet to be paid|yet to come in|still due|still to come|is unpaid|have not paid|has not paid|were not paid|owing",
    ),
    (C::Paid, "paid|already paid|settled|have been paid|been paid|got paid|were paid|was paid"),
    (
        C::Overdue,
        "overdue|past due|late payments|past their due date|in arrears|past its due date|delinquent|overdue by",
    ),
    (
        C::Ageing,
        "ageing|aging|age analysis|ageing report|aging report|ageing of|aging of|age buckets|aging buckets|ageing buckets|buckets|in buckets|aged receivables|ageing analysis|aging analysis",
    ),
    (
        C::Late,
        "paid late|late|too late|paid after|paid after their due date|paid after the due date|after their due date|after the due date|after due date|paid after due date",
    ),
    (
        C::OutOfStock,
        "out of stock|sold out|nothing in stock|none in stock|nothing on hand|none on hand|nothing left in stock|none left in stock|no stock|no stock left|not in stock|zero stock|stocked out",
    ),
    (
        C::Now,
        "right now|at the moment|at present|currently|presently|as of now|still employed|still with us|still here|still there|still work|still works|still work here|still working|still around|still members|still a member",
    ),
    (
        C::Never,
        "never|never once|not a single|who haven't|that haven't|which have no|who have no|not once|have not placed|has not placed|have not ordered|without orders|no orders|haven't had any|hasn't had any|have not had any|has not had any|have had no|never had|haven't had a|hasn't had a",
    ),
    (
        C::Text(Part::Anywhere),
        "contain|contains|containing|that contain|contains the word|including the word|with the word|including|includes|include|mention|mentions|mentioning|like",
    ),
    (
        C::Text(Part::Start),
        "start with|starts with|starting with|begin with|begins with|beginning with|start in|that start with|starting in",
    ),
    (C::Text(Part::End), "end with|ends with|ending with|ending in|end in"),
    (C::Plus, "plus|+|added to"),
    (C::Minus, "minus|-|\u{2212}|less the|subtracted|net of"),
    (C::Times, "times|*|\u{d7}|multiplied by|multiplied with"),
    (C::Divided, "divided by|/|\u{f7}|over the total"),
    (C::Weighted, "weighted by|weighted with|weighted|weighted on|weighting by"),
    (
        C::Profit,
        "profit|profits|gross profit|earnings after cost|contribution margin|profitable|most profitable|profitability",
    ),
    (C::Margin, "profit margin|gross margin|margin|margins|profit margins|margin in percent|margin in %"),
    (
        C::DaysBetween,
        "how many days pass|how long|how many days|number of days|days between|days pass between|days from|time between|days does it take|days it takes|how many days between|how long does it take|days passed|days to|transit time|turnaround time|turnaround|lead time|length of stay|delivery time|delivery times|processing time|handling time|time to|resolution time|resolution times|closing time|time until|repair time|how long does it take us to|how long did it take to|how long do we take to",
    ),
    (
        C::Extent,
        "what period|which period|date range|time range|time span|timespan|time period|period covered|what dates|which dates|first and last|period does the data cover|what time period|range of dates|earliest and latest|from when to when|how far back|oldest and newest",
    ),
    (C::Earliest { latest: false }, "earliest|first|longest ago|the first"),
    (C::Earliest { latest: true }, "latest|most recent|newest|last|most recently|the latest|recent"),
    (C::Weekend { not: false }, "weekend|weekends|at the weekend|on weekends|on the weekend|at weekends"),
    (C::Weekend { not: true }, "working days|business days|workdays|work days|on working days|on workdays"),
    (C::YearToDate, "year to date|ytd|year-to-date|so far this year"),
    (C::This, "this|current|the current"),
    (C::Previous, "last|previous|past|the last|the previous|the past|prior|preceding|most recent"),
    (C::Before, "before|prior to|earlier than|until before|preceding"),
    (C::After, "after|later than"),
    (C::Since, "since|from|starting|as of|starting in|beginning|starting from|on or after|as from"),
    (C::Until, "until|till|through|up to|up until|on or before|no later than|by the end of|thru"),
    (C::During, "in|during|within|on|for|of|dated|throughout|in the month of|in the year|in the months|over"),
    (C::To, "to|and|through|until|till|-|\u{2013}|\u{2014}|thru"),
    (C::Half, "half|half-year|half year|half of"),
    (
        C::Preposition,
        "in|on|for|of|from|at|within|during|to|with|among|amongst|inside|under|into|as|between|out of|about|through|over|via|regarding|concerning|toward|towards|around|onto|off|upon|than",
    ),
    (C::Is, "is|are|was|were|be|been|being|am|'s|equal|is a|are a|were a|was a"),
    (
        C::Have,
        "with|where|whose|having|have|has|had|that|when|if|such that|that have|that has|that are|that is|that were|and whose|and with|and where|that was",
    ),
    (
        C::Column,
        "column|columns|field|fields|values of|the value of|value of|variable|variables|column called|column named|attribute|attributes",
    ),
    (C::Table, "table|dataset|data set|sheet|data|worksheet|tab|file called|database"),
    (C::Everything, "all|everything|whole|entire|any|anything"),
];

/// Words that may stand anywhere and change nothing.
const FILLER: &str = "picked|harvest|harvested|caught|baked|brewed|holding|filled in|teaches|teach|taught|noted|strongly|produced|produce|produces|cause|causes|contribute|contributes|contributed|see|saw|perform|performed|charge|charged|charges|billed|process|processed|enter|entered|create|created|wrote up|turn up|ask|asked|add|added|go for|rank by|aged|old|years old|year olds|a|an|the|please|me|us|we|i|you|our|my|your|their|its|his|her|they|it|he|she|them|these|those|this|that|there|here|could|can|would|should|will|may|might|do|does|did|done|doing|so|then|than|also|too|very|really|actually|now|today|ever|already|yet|still|exactly|what's|whats|how's|where's|that's|it's|i'd|i'm|we've|we're|let's|let|lets|want|wanted|need|needed|like|know|tell|calculate|compute|work|work out|figure|figure out|determine|go|went|goes|gone|come|came|comes|coming|make|made|makes|making|bring|brought|brings|bring in|brought in|generate|generated|generates|generating|get|got|gets|getting|take|took|taken|takes|has|have|had|having|be|been|being|was|were|is|are|am|amounted|amount to|come to|came to|happen|happened|occur|occurred|occurs|occurring|placed|place|recorded|logged|registered|reported|listed|included|covered|cover|covers|contained|there are|there is|there were|are there|is there|were there|value|values|figures|number|numbers|result|results|respective|respectively|corresponding|individual|single|per|each|one|ones|some|about|roughly|approximately|around|as|well|up|off|if|because|hi|hello|hey|thanks|thank|thx|ok|okay|kindly|quick|quickly|question|just|only|using|use|uses|consume|consumes|consumed|based|basis|given|all|any|both|either|entire|whole|full|complete|completely|various|different|possible|altogether|in|on|at|of|for|from|to|with|by|into|through|during|within|over|and|or|but|while|when|where|which|what|who|whom|whose|how|why not|show|shown|showing|display|shows|answer|answers|respond|say|said|says|look|looks|looking|see|seen|find|found|sort|sorted|order by|ordered|ordering|rank|ranked|ranking|name|names|named|called|labelled|euro|euros|eur|dollar|dollars|usd|pound|pounds|gbp|$|€|£|money|in euros|in dollars|currency|measured|expressed|went out|sell|selling|belong|belongs|belonging|works|working|worked|live|lives|living|based in|located|location of|stored|kept|held|assigned|handled|managed|run|runs|go out|fall|falls|falling|fell|ship|shipped|delivered to|go into|goes to|went to|went into|came from|come from|coming from|came through|come through|sold|buy|bought|buying|purchase|purchased|write|wrote|written|issue|issued|send|sent|receive|received|visit|visited|people|person|persons|somebody|anybody|everybody|everyone|someone|anyone|thing|things|stuff|kind|kinds|sort of|set|side|way|month's|year's|a month|a year|a week|a day|company|business|firm|organisation|organization|table of|in a table|as a table|as table|table|list of|breakdown|break|broken|split|splitted|divide|divided|group|grouped|groups|filter|filtered|chart of|plot of|own|self|such|same|beside|along|together with|again|instead|rather|though|however|anyway|regardless|have there been|has there been|been with us|with us|far|much|many|do you have|do we have|have we|did we|do i|have i|had we|were made|was made|made in|did they|do they|period|sheet|data|dataset|file|will do|names will do|here's|e.g|eg|i.e|ie|etc|want to know|would like to know|interested|interested in|exist|exists|existing|total|level of|counting|people who|those who|anyone who|order of|line for|second|state|stated|states|responded|give|gave|gives|turned|turn|themselves|itself|by how|involved|involving|related to|associated|associated with|and their|and its|go by|like to|try|hold|holds|fetch|form|forms|shape|everything|nothing|grow|develop|make up|makes up|made up|account for|accounts for|accounted for|constitute|constitutes|represent|represents|attributable|attributable to|due to|overall|total of|separately|separate|combine|combined|across|respect|terms|in terms of|by far|what are|what is|what was|what were|how is|how are|how was|how were|how did|how does|how do|when is|when was|when did|when were|pull|pulled|highlight|identify|spot|check|checks|verify|is it|was it|are they|were they|of them|of these|of those|it be|as of|as at|s|on hand|at all|i mean|so far|kind of|in all|the time|times over|piece|each of|both of|bank statement|report|data set|handle|handles|deal with|pls|plz|put|now then|good morning|good afternoon|good evening|good day|dear|colleague|colleagues|a lot|many thanks|thanks a lot|thank you|thank you very much|everywhere|once each|be so kind|the rest|rest|remaining|cheers|best regards|regards|please and thank you|used|using up|consumed|lent|responsible|responsible for|serve|served|sit|sits|e|drive|drives|driving|log|logging|log in|record|book|booked|spread|there in|we have|do we|term of";

/// Words for one thing. A column whose name has one may be called by another.
const CONCEPTS: &[&str] = &[
    "revenue sale turnover taking proceed income umsatz sold sell amount",
    "customer client buyer purchaser patron company account shopper guest borrower",
    "employee staff worker person colleague personnel member name",
    "employee staff worker person consultant operator technician",
    "quantity qty unit piece pcs volume menge hand",
    "cost expense expenditure spend spending outlay spent",
    "price cost costing",
    "weight weigh weighing weighed mass",
    "length long duration runtime",
    "salary pay wage earn earner earned compensation paycheck remuneration payroll paid",
    "product item article sku goods merchandise",
    "country nation land",
    "city town",
    "region area territory",
    "department dept team division",
    "supplier vendor",
    "rep salesperson salesman saleswoman seller agent representative",
    "category type class kind",
    "manager lead boss head supervisor",
    "stock inventory hand",
    "hour hr hrs worked work",
    "channel source medium",
    "invoice bill",
    "order purchase",
    "discount rebate reduction",
    "output produced production manufactured",
    "tax vat",
    "debit spend spending expense outgoing withdrawal spent pay paid payment",
    "credit deposit incoming received income",
    "score rating satisfaction grade star mark",
    "score rating recommend",
    "temperature temp",
    "consumption kwh usage energy electricity",
    "term duration length runtime",
    "duration length minute min",
    "insurance insured cover",
    "hire join start joined employed",
    "date day when",
    "age old",
    "birth born birthday birthdate",
    "acquisition purchase bought buy",
    "cost acquisition",
    "submit submission submitted respond",
    "sign signup registered registration",
    "mail email",
    "phone telephone mobile",
    "zip postcode postal",
    "visit session traffic visitor",
    "store shop branch outlet filiale",
    "warehouse depot storage stored",
    "comment remark feedback note",
    "id no number code nr identifier",
    "ref reference",
    "status state",
    "principal loan borrowed lent",
    "left leave leaving departure quit exit resigned",
    "ship shipped shipping shipment delivery delivered",
    "budget planned plan",
    "actual spent spend real",
    "income pay",
    "paid payment pay settled",
];

/// Words that stand for any sum of money.
pub(crate) const MONEY_WORDS: &[&str] = &["amount", "value", "money", "sum"];

/// Adjectives of countries, whose names people would look for in the data.
const DEMONYMS: &str = "german germany|french france|italian italy|spanish spain|austrian austria|swiss switzerland|british united kingdom|uk united kingdom|britain united kingdom|usa united states|america united states|british uk|english england|dutch netherlands|belgian belgium|polish poland|danish denmark|swedish sweden|norwegian norway|finnish finland|irish ireland|portuguese portugal|greek greece|czech czechia|czech czech republic|hungarian hungary|american usa|american united states|american us|canadian canada|mexican mexico|brazilian brazil|chinese china|japanese japan|indian india|australian australia|turkish turkey|scottish scotland|welsh wales|korean south korea|russian russia|ukrainian ukraine|romanian romania|croatian croatia|slovenian slovenia|slovak slovakia|luxembourgish luxembourg|argentinian argentina|egyptian egypt|south-african south africa";

/// Everyday words that are never taken for a slip in another word.
const COMMON: &str = "car cars van vans truck trucks bike bikes boat boats valuable rejected declined denied percentile quartile expected actual difference differences gap gaps variance fail fails failed failure gain gains stay stays drop drops used caused left lost rated spent owed summer winter spring autumn respondent respondents response responses weather rain phone salary salaries price prices profit costs store stores score scores stock stocks state states rate rates date dates week weeks term terms team teams item items unit units plan plans sale sales user users hour hours page pages game games name names race races gender income address addresses email emails code codes cash loan loans debt debts risk risks brand brands model models client clients vendor vendors buyer buyers seller sellers market markets margin margins region regions country countries county counties city cities street streets house houses child children woman women wife husband color colour colours colors size sizes weight weights height heights length width depth speed distance temperature humidity pressure volume volumes density energy power voltage current tax taxes bonus bonuses wage wages holiday holidays vacation vacations sick overtime shift shifts skill skills title titles level levels grade grades rank ranks class classes group groups type types kind kinds status review reviews rating ratings comment comments reason reasons cause causes effect effects world future past present forecast predict prediction estimate competitor competitors weekday quality marketing training meeting meetings travel flight flights hotel hotels event events website visit visits click clicks view views lead leads deal deals contract contracts invoice invoices payment payments refund refunds return returns delivery deliveries shipment shipments order orders seat seats lease leases court courts mount mouth mouths pear pears gear gears oven ovens lever levers fever mission missions charge chance chances beverage beverages media button buttons bank banks tank tanks lane lanes wine wines pile piles pilot pilots shore shape shapes chat chats beast moist halt star stars start starts worse lake lakes plate plates trip trips bill bills clear film films meat men node nodes rose roses road roads";

/// The vocabulary, made once.
pub(crate) struct Vocabulary {
    /// Words that do something.
    telling: Vec<&'static str>,
    phrases: HashMap<&'static str, Vec<(Vec<&'static str>, Class)>>,
    words: Vec<&'static str>,
    fillers: HashMap<&'static str, Vec<Vec<&'static str>>>,
}

static VOCABULARY: LazyLock<Vocabulary> = LazyLock::new(|| {
    let mut phrases: HashMap<&'static str, Vec<(Vec<&'static str>, Class)>> = HashMap::new();
    let mut fillers: HashMap<&'static str, Vec<Vec<&'static str>>> = HashMap::new();
    let mut words: Vec<&'static str> = Vec::new();
    let mut telling: Vec<&'static str> = Vec::new();
    for (class, list) in PHRASES {
        for phrase in list.split('|') {
            let parts = parts(phrase);
            words.extend(&parts);
            if let [one] = parts[..] {
                telling.push(one);
            }
            if let Some(first) = parts.first() {
                phrases.entry(first).or_default().push((parts.clone(), *class));
            }
        }
    }
    telling.extend(["number", "amount", "average", "frequent", "common", "popular", "different", "distinct"]);
    // Nobody misspells what goes by its first letters.
    telling.retain(|word| !["cagr", "yoy", "mom", "qoq", "csv", "xlsx"].contains(word));
    telling.extend(PEOPLE);
    telling.extend(["people", "many", "much"]);
    telling.extend(super::numerals::ORDINALS);
    telling.extend(super::dates::MONTHS);
    telling.extend(super::dates::WEEKDAYS);
    for phrase in FILLER.split('|') {
        let parts = parts(phrase);
        words.extend(&parts);
        if let Some(first) = parts.first() {
            fillers.entry(first).or_default().push(parts.clone());
        }
    }
    words.extend(PEOPLE);
    words.extend(CONCEPTS.iter().flat_map(|list| list.split(' ')));
    words.extend(super::dates::MONTHS);
    words.extend(super::dates::WEEKDAYS);
    words.sort_unstable();
    words.dedup();
    Vocabulary { telling, phrases, words, fillers }
});

/// The tokens of a phrase: `cross-tab` has three.
fn parts(phrase: &'static str) -> Vec<&'static str> {
    let glued = |word: &'static str| {
        let mut parts = Vec::new();
        for part in word.split('-').filter(|part| !part.is_empty()) {
            if !parts.is_empty() {
                parts.push("-");
            }
            parts.push(part);
        }
        if parts.is_empty() { vec![word] } else { parts }
    };
    phrase.split(' ').flat_map(glued).collect()
}

/// Words for those who answer, use, take part: rows, wherever no column is called so.
pub(crate) const PEOPLE: [&str; 10] = [
    "user",
    "respondent",
    "participant",
    "member",
    "person",
    "subscriber",
    "visitor",
    "individual",
    "attendee",
    "applicant",
];

/// The words themselves, to find slips.
pub(crate) fn known_words() -> &'static [&'static str] {
    &VOCABULARY.words
}

/// Those that a slip may be mended to: what does nothing is nobody's wish.
pub(crate) fn telling_words() -> &'static [&'static str] {
    &VOCABULARY.telling
}

/// The word for a calendar unit.
pub(crate) fn unit_word(unit: Unit) -> &'static str {
    match unit {
        Unit::Day => "day",
        Unit::Week => "week",
        Unit::Month => "month",
        Unit::Quarter => "quarter",
        Unit::Year => "year",
        Unit::Weekday => "weekday",
        Unit::Hour => "hour",
    }
}

/// True for a word that is never a slip in another word.
pub(crate) fn is_common(word: &str) -> bool {
    COMMON.split(' ').any(|common| common == word)
}

/// Every phrase that `words` begins with: how many words it has, and what it does.
pub(crate) fn phrases<'a>(words: &'a [&'a str]) -> impl Iterator<Item = (usize, Class)> + 'a {
    let known =
        words.first().and_then(|first| VOCABULARY.phrases.get(first)).map(Vec::as_slice).unwrap_or_default();
    known
        .iter()
        .filter(move |(parts, _)| words.starts_with(parts))
        .map(|(parts, class)| (parts.len(), *class))
}

/// How many words of the longest filler `words` begins with; 0 if it begins with none.
pub(crate) fn filler(words: &[&str]) -> usize {
    let known =
        words.first().and_then(|first| VOCABULARY.fillers.get(first)).map(Vec::as_slice).unwrap_or_default();
    known.iter().filter(|parts| words.starts_with(parts)).map(Vec::len).max().unwrap_or(0)
}

/// True if the words may stand for one thing.
pub(crate) fn same_concept(left: &str, right: &str) -> bool {
    CONCEPTS.iter().any(|list| {
        let has = |word: &str| list.split(' ').any(|known| known == word);
        has(left) && has(right)
    })
}

/// Countries and their codes of two letters, as ISO 3166-1 has them, with those that people write beside them.
const COUNTRY_CODES: [(&str, &[&str]); 48] = [
    ("argentina", &["ar"]),
    ("australia", &["au"]),
    ("austria", &["at"]),
    ("belgium", &["be"]),
    ("brazil", &["br"]),
    ("bulgaria", &["bg"]),
    ("canada", &["ca"]),
    ("chile", &["cl"]),
    ("china", &["cn"]),
    ("colombia", &["co"]),
    ("croatia", &["hr"]),
    ("czechia", &["cz"]),
    ("denmark", &["dk"]),
    ("egypt", &["eg"]),
    ("estonia", &["ee"]),
    ("finland", &["fi"]),
    ("france", &["fr"]),
    ("germany", &["de"]),
    ("great britain", &["gb", "uk"]),
    ("britain", &["gb", "uk"]),
    ("greece", &["gr"]),
    ("hungary", &["hu"]),
    ("india", &["in"]),
    ("indonesia", &["id"]),
    ("ireland", &["ie"]),
    ("israel", &["il"]),
    ("italy", &["it"]),
    ("japan", &["jp"]),
    ("kenya", &["ke"]),
    ("luxembourg", &["lu"]),
    ("mexico", &["mx"]),
    ("netherland", &["nl"]),
    ("new zealand", &["nz"]),
    ("nigeria", &["ng"]),
    ("norway", &["no"]),
    ("poland", &["pl"]),
    ("portugal", &["pt"]),
    ("romania", &["ro"]),
    ("south africa", &["za"]),
    ("spain", &["es"]),
    ("sweden", &["se"]),
    ("switzerland", &["ch"]),
    ("turkey", &["tr"]),
    ("ukraine", &["ua"]),
    ("united kingdom", &["gb", "uk"]),
    ("united state", &["us", "usa"]),
    ("usa", &["us"]),
    ("america", &["us", "usa"]),
];

/// The codes that a country may be written by; its name in the singular, as words are compared.
pub(crate) fn codes_of_country(name: &str) -> &'static [&'static str] {
    COUNTRY_CODES.iter().find(|(country, _)| *country == name).map_or(&[], |(_, codes)| *codes)
}

/// Countries that an adjective speaks of.
pub(crate) fn countries_of(adjective: &str) -> impl Iterator<Item = &'static str> + '_ {
    DEMONYMS
        .split('|')
        .filter_map(|pair| pair.split_once(' '))
        .filter(move |(word, _)| *word == adjective)
        .map(|(_, country)| country)
}
