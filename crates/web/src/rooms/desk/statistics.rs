//! Figures of the desk, drawn: what was looked up and held, whom it was asked of, and of which kinds.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use base::UnixMicros;
use http::Uri;
use intel::desk::Statistics;
use intel::lookups::{RequestHour, SourceHour, hour_of};
use intel::sources::Sources;

use super::history::VERDICTS;
use super::view::judged::{class, word};
use super::view::{Chart, Part, Value};
use crate::app::App;
use crate::drawing::bars::Bar;
use crate::identity::Seen;
use crate::problem::ApiError;
use crate::rooms::frame::{Frame, asked, time};
use crate::rooms::view::{Block, Cell, Choice, Field, Figure, Kind as Input, Row, Table, columns};
use crate::strings::group;

const PLACE: &str = "/desk/statistics";
const LEDE: &str = "What the desk has done. Counts of the last seconds may still be on their way.";
const HOUR_US: i64 = 3_600_000_000;
/// Names in one drawing; the others are drawn together.
const SERIES_MAX: usize = 5;
const CLASSES: [&str; 6] = ["a", "b", "d", "e", "f", "c"];
/// Indicators that are named.
const MOST: usize = 10;

/// A span of time to look at: name in addresses, name, hours in all, hours of one column.
const SPANS: [(&str, &str, i64, i64); 3] = [
    ("day", "Last 24 hours", 24, 1),
    ("week", "Last 7 days", 7 * 24, 6),
    ("month", "Last 30 days", 30 * 24, 24),
];

/// Columns of time, the last of which is now.
struct Columns {
    first: i64,
    step: i64,
    count: usize,
}

impl Columns {
    fn new(now: UnixMicros, hours: i64, step: i64) -> Self {
        let count = hours / step;
        // Columns begin at hours that people count with.
        let last = hour_of(now).div_euclid(step) * step;
        Self {
            first: last - (count - 1) * step,
            step,
            count: usize::try_from(count).unwrap_or(1),
        }
    }

    fn from(&self) -> UnixMicros {
        UnixMicros(self.first * HOUR_US)
    }

    /// Which column an hour falls into.
    fn of(&self, hour: i64) -> Option<usize> {
        let at = usize::try_from((hour - self.first).div_euclid(self.step)).ok()?;
        (at < self.count).then_some(at)
    }

    fn moment(&self, column: usize) -> crate::pages::view::Time {
        let hours = i64::try_from(column).unwrap_or(0) * self.step;
        time(UnixMicros((self.first + hours) * HOUR_US))
    }

    /// What stands below a column; every few only, so that they do not touch.
    fn label(&self, column: usize) -> String {
        let every = self.count.div_ceil(8).max(1);
        if !(self.count - 1 - column).is_multiple_of(every) {
            return String::new();
        }
        let moment = self.moment(column);
        if self.step < 6 {
            moment.clock()[..5].to_owned()
        } else {
            let day = moment.day();
            day.rsplit_once(' ')
                .map_or(day.clone(), |(day, _)| day.to_owned())
        }
    }

    /// The same for the table.
    fn name(&self, column: usize) -> String {
        let moment = self.moment(column);
        format!("{} {}", moment.day(), &moment.clock()[..5])
    }

    /// A drawing of what `series` has counted, its largest parts by name.
    fn chart(
        &self,
        title: &'static str,
        says: String,
        series: Vec<(String, &'static str, Vec<u64>)>,
    ) -> Chart {
        let column = |at: usize| Bar {
            label: self.label(at),
            parts: series.iter().map(|(.., counts)| counts[at]).collect(),
        };
        Chart {
            title,
            says,
            columns: (0..self.count).map(column).collect(),
            names: (0..self.count).map(|at| self.name(at)).collect(),
            parts: series
                .into_iter()
                .map(|(name, class, _)| (name, class))
                .collect(),
        }
    }

    /// The largest by name, the others together.
    fn largest(
        &self,
        counted: BTreeMap<String, Vec<u64>>,
    ) -> Vec<(String, &'static str, Vec<u64>)> {
        let mut all: Vec<(String, Vec<u64>)> = counted.into_iter().collect();
        all.sort_by_key(|(_, counts)| std::cmp::Reverse(counts.iter().sum::<u64>()));
        let rest = all.split_off(all.len().min(SERIES_MAX));
        let mut series: Vec<_> = all
            .into_iter()
            .zip(CLASSES)
            .map(|((name, counts), class)| (name, class, counts))
            .collect();
        if !rest.is_empty() {
            let mut together = vec![0; self.count];
            for (_, counts) in &rest {
                for (sum, count) in together.iter_mut().zip(counts) {
                    *sum += count;
                }
            }
            series.push((
                format!("{} others", rest.len()),
                CLASSES[SERIES_MAX],
                together,
            ));
        }
        series
    }
}

/// What a span of time is counted into.
struct Counted {
    columns: Columns,
    requests: u64,
    cached: u64,
    answers: u64,
    troubled: u64,
    /// By verdict, in the order of [`VERDICTS`].
    held: Vec<Vec<u64>>,
    /// At hand, said something, knew nothing, no answer.
    outcomes: [Vec<u64>; 4],
    by_kind: BTreeMap<String, Vec<u64>>,
    by_source: BTreeMap<String, Vec<u64>>,
    by_provider: BTreeMap<String, Vec<u64>>,
}

impl Counted {
    fn of(columns: Columns, figures: &Statistics, sources: &Sources) -> Self {
        let none = || vec![0_u64; columns.count];
        let mut counted = Self {
            requests: 0,
            cached: 0,
            answers: 0,
            troubled: 0,
            held: VERDICTS.iter().map(|_| none()).collect(),
            outcomes: [none(), none(), none(), none()],
            by_kind: BTreeMap::new(),
            by_source: BTreeMap::new(),
            by_provider: BTreeMap::new(),
            columns,
        };
        for hour in &figures.requests {
            counted.request(hour);
        }
        for hour in &figures.sources {
            counted.source(hour, sources);
        }
        counted
    }

    fn request(&mut self, hour: &RequestHour) {
        let Some(at) = self.columns.of(hour.hour) else {
            return;
        };
        self.requests += hour.requests;
        self.cached += hour.cached;
        let place = VERDICTS
            .iter()
            .position(|(_, verdict)| *verdict == hour.verdict);
        if let Some(counts) = place.and_then(|place| self.held.get_mut(place)) {
            counts[at] += hour.requests;
        }
        add(
            &mut self.by_kind,
            hour.kind.title(),
            &self.columns,
            at,
            hour.requests,
        );
    }

    fn source(&mut self, hour: &SourceHour, sources: &Sources) {
        let Some(at) = self.columns.of(hour.hour) else {
            return;
        };
        let source = sources.by_id(hour.source);
        let name = source.map_or("deleted sources", |one| one.name.as_str());
        let provider = source.and_then(|one| one.provider.as_ref());
        let provider = provider.map_or("nobody", |one| one.name.as_str());
        let asked = hour.found + hour.nothing + hour.troubled;
        self.answers += asked + hour.cached;
        self.troubled += hour.troubled;
        add(
            &mut self.by_source,
            name,
            &self.columns,
            at,
            asked + hour.cached,
        );
        if asked > 0 {
            add(&mut self.by_provider, provider, &self.columns, at, asked);
        }
        let counts = [hour.cached, hour.found, hour.nothing, hour.troubled];
        for (outcome, count) in self.outcomes.iter_mut().zip(counts) {
            outcome[at] += count;
        }
    }

    /// The drawings, most asked for first.
    fn charts(self) -> Vec<Block> {
        let columns = self.columns;
        let verdicts = VERDICTS
            .iter()
            .zip(self.held)
            .map(|((_, verdict), counts)| (word(*verdict).to_owned(), class(*verdict), counts));
        let [at_hand, found, nothing, trouble] = self.outcomes;
        let outcomes = vec![
            ("From the cache".to_owned(), "c", at_hand),
            ("Said something".to_owned(), "a", found),
            ("Knew nothing".to_owned(), "b", nothing),
            ("No answer".to_owned(), "trouble", trouble),
        ];
        let drawn = [
            ("What was held", "Lookups by verdict", verdicts.collect()),
            ("What came back", "Questions to sources", outcomes),
            (
                "Who was asked",
                "Answers by source",
                columns.largest(self.by_source),
            ),
            (
                "Who learnt of it",
                "Questions that left this house, by provider",
                columns.largest(self.by_provider),
            ),
            (
                "What was asked about",
                "Lookups by kind",
                columns.largest(self.by_kind),
            ),
        ];
        let drawn = drawn.into_iter();
        drawn
            .map(|(title, says, series)| {
                Block::Desk(Part::Chart(columns.chart(title, says.to_owned(), series)))
            })
            .collect()
    }
}

fn add(
    counted: &mut BTreeMap<String, Vec<u64>>,
    name: &str,
    columns: &Columns,
    at: usize,
    count: u64,
) {
    let counts = counted.entry(name.to_owned());
    counts.or_insert_with(|| vec![0; columns.count])[at] += count;
}

/// The figures.
pub(crate) async fn page(
    State(app): State<Arc<App>>,
    seen: Seen,
    uri: Uri,
) -> Result<Response, ApiError> {
    let wanted = asked(&uri, "span")?;
    let span = SPANS
        .iter()
        .find(|(name, ..)| *name == wanted)
        .unwrap_or(&SPANS[0]);
    let now = app.clock.now();
    let columns = Columns::new(now, span.2, span.3);
    let figures = app.desk.statistics(columns.from(), now).await?;
    let sources = app.registry.current();
    let counted = Counted::of(columns, &figures, &sources);
    let on = sources.all().iter().filter(|source| source.is_on()).count();
    let choices = SPANS.map(|(name, title, ..)| Choice::new(name, title, name == span.0));
    let mut blocks = vec![
        Block::Filters(
            PLACE,
            vec![Field::new("span", "Time", Input::Select(choices.into()))],
        ),
        Block::Still(vec![
            figure(
                "Lookups",
                group(counted.requests),
                format!("{} answered from the cache alone", group(counted.cached)),
            ),
            figure(
                "Answers",
                group(counted.answers),
                format!("{} times none came", group(counted.troubled)),
            ),
            figure(
                "Sources",
                group(on as u64),
                format!("switched on, of {}", sources.all().len()),
            ),
        ]),
    ];
    blocks.extend(counted.charts());
    blocks.push(Block::Heading("Asked about most"));
    blocks.push(Block::Table(most(&app).await?));
    Ok(Frame::at(&app, &seen, PLACE)
        .desk()
        .show("Statistics", LEDE, blocks))
}

fn figure(name: &'static str, value: String, says: String) -> Figure {
    Figure {
        key: name,
        name,
        value,
        says,
        is_ill: false,
    }
}

async fn most(app: &App) -> Result<Table, ApiError> {
    let found = app.desk.most_asked(MOST).await?;
    let mut names = columns(&["Indicator", "Lookups"]);
    names[1].is_num = true;
    let row = |(indicator, count): (indicator::Indicator, u64)| {
        let value = Value(indicator);
        Row {
            href: Some(value.page()),
            cells: vec![Cell::Value(value), Cell::Text(group(count))],
            ..Row::default()
        }
    };
    Ok(Table {
        label: "Asked about most".to_owned(),
        columns: names,
        rows: found.into_iter().map(row).collect(),
        empty_title: "Nothing yet",
        empty_says: "Whatever is looked up often stands here.",
        ..Table::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // A count in the wrong column is a wrong picture of the night in which something happened.
    #[test]
    fn every_hour_of_the_span_has_its_column() {
        for (_, _, hours, step) in SPANS {
            let now = UnixMicros(1_795_219_200_000_000 + 5 * HOUR_US + 17);
            let columns = Columns::new(now, hours, step);
            assert_eq!(columns.of(hour_of(now)), Some(columns.count - 1));
            assert_eq!(columns.of(columns.first), Some(0));
            assert_eq!(columns.of(columns.first - 1), None);
            assert_eq!(columns.of(columns.first + step), Some(1));
            assert_eq!(columns.of(columns.first + hours), None);
            assert!(!columns.label(columns.count - 1).is_empty());
        }
    }

    #[test]
    fn small_ones_are_drawn_together() {
        let columns = Columns::new(UnixMicros(0), 24, 1);
        let mut counted = BTreeMap::new();
        for at in 0..8_u64 {
            let mut counts = vec![0; 24];
            counts[0] = at + 1;
            counted.insert(format!("s{at}"), counts);
        }
        let series = columns.largest(counted);
        let names: Vec<&str> = series.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["s7", "s6", "s5", "s4", "s3", "3 others"]);
        assert_eq!(series[5].2[0], 1 + 2 + 3);
    }
}
