//! Figures that a scraper reads: counters and histograms that cost an atomic addition, and the page
//! on which they are written down.
//!
//! A family is made where the work is done and held there; nothing is looked up by name, nothing is
//! allocated and no lock is taken while work goes on. Knows nothing of what is counted nor of HTTP.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;

/// A number that only grows. Lies on cache lines of its own, so that two busy ones do not slow each
/// other.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    pub fn add_one(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    /// How many there were.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Upper ends of the buckets of most durations, in microseconds: 0.5 ms to a minute.
pub const DURATIONS_US: &[u64] = &[
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000, 30_000_000, 60_000_000,
];

/// How durations are spread: one count for each bucket, and their sum.
#[derive(Debug)]
#[repr(align(128))]
pub struct Histogram {
    bounds_us: &'static [u64],
    /// One more than there are bounds: the last has no upper end.
    counts: Box<[AtomicU64]>,
    sum_us: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self::new(DURATIONS_US)
    }
}

impl Histogram {
    /// With these upper ends of buckets, ascending, in microseconds.
    pub fn new(bounds_us: &'static [u64]) -> Self {
        Self {
            bounds_us,
            counts: (0..=bounds_us.len()).map(|_| AtomicU64::new(0)).collect(),
            sum_us: AtomicU64::new(0),
        }
    }

    /// Something took so long.
    pub fn record(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = self.bounds_us.partition_point(|bound| *bound < us);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(us, Ordering::Relaxed);
    }
}

/// Where figures come from. Asked at every scrape, so it answers from memory or by one short read.
#[async_trait]
pub trait Source: Send + Sync {
    /// Writes its families down. What cannot be had is left out.
    async fn tell(&self, page: &mut Page);
}

/// In which form a page is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Prometheus' text format, version 0.0.4.
    Prometheus,
    /// OpenMetrics 1.0.
    OpenMetrics,
}

/// A page of figures on its way.
#[derive(Debug)]
pub struct Page {
    form: Form,
    text: String,
}

/// What a family is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Counter,
    Gauge,
    Histogram,
    Info,
}

/// Names and values of a sample.
pub type Labels<'a> = &'a [(&'a str, &'a str)];

/// A number as a sample has it. Counts beyond 2^53 lose their last digits, as they do in every
/// scraper.
#[expect(clippy::cast_precision_loss, reason = "scrapers compute in f64")]
pub fn number(count: u64) -> f64 {
    count as f64
}

impl Page {
    /// An empty page.
    pub fn new(form: Form) -> Self {
        Self {
            form,
            text: String::with_capacity(16 * 1024),
        }
    }

    /// A number that only grows since the process began. `name` is without `_total`.
    pub fn counter<'a>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'a>, f64)>,
    ) {
        self.head(name, help, Kind::Counter);
        for (labels, value) in samples {
            self.sample(name, "_total", labels, None, value);
        }
    }

    /// A number that goes up and down.
    pub fn gauge<'a>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'a>, f64)>,
    ) {
        self.head(name, help, Kind::Gauge);
        for (labels, value) in samples {
            self.sample(name, "", labels, None, value);
        }
    }

    /// Words about the process. `name` is without `_info`.
    pub fn info(&mut self, name: &str, help: &str, labels: Labels<'_>) {
        self.head(name, help, Kind::Info);
        self.sample(name, "_info", labels, None, 1.0);
    }

    /// How durations are spread. `name` ends in `_seconds`.
    pub fn histogram<'a>(
        &mut self,
        name: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Labels<'a>, &'a Histogram)>,
    ) {
        self.head(name, help, Kind::Histogram);
        for (labels, histogram) in samples {
            let mut seen = 0;
            for (at, count) in histogram.counts.iter().enumerate() {
                seen += count.load(Ordering::Relaxed);
                let bound = match histogram.bounds_us.get(at) {
                    Some(us) => format!("{:?}", number(*us) / 1e6),
                    None => "+Inf".to_owned(),
                };
                self.sample(name, "_bucket", labels, Some(&bound), number(seen));
            }
            let sum_us = histogram.sum_us.load(Ordering::Relaxed);
            self.sample(name, "_sum", labels, None, number(sum_us) / 1e6);
            // The same count as the last bucket's: read twice it could be another.
            self.sample(name, "_count", labels, None, number(seen));
        }
    }

    /// The page as it goes out.
    pub fn finish(mut self) -> String {
        if self.form == Form::OpenMetrics {
            self.text.push_str("# EOF\n");
        }
        self.text
    }

    fn head(&mut self, name: &str, help: &str, kind: Kind) {
        let open = self.form == Form::OpenMetrics;
        let (suffix, kind) = match kind {
            Kind::Counter => (if open { "" } else { "_total" }, "counter"),
            Kind::Gauge => ("", "gauge"),
            Kind::Histogram => ("", "histogram"),
            Kind::Info if open => ("", "info"),
            Kind::Info => ("_info", "gauge"),
        };
        let _ = writeln!(
            self.text,
            "# HELP {name}{suffix} {help}\n# TYPE {name}{suffix} {kind}"
        );
    }

    fn sample(
        &mut self,
        name: &str,
        suffix: &str,
        labels: Labels<'_>,
        bound: Option<&str>,
        value: f64,
    ) {
        self.text.push_str(name);
        self.text.push_str(suffix);
        let bound = bound.map(|bound| ("le", bound));
        let mut before = '{';
        for (name, value) in labels.iter().copied().chain(bound) {
            self.text.push(before);
            before = ',';
            let _ = write!(self.text, "{name}=\"");
            for c in value.chars() {
                match c {
                    '\\' => self.text.push_str("\\\\"),
                    '"' => self.text.push_str("\\\""),
                    '\n' => self.text.push_str("\\n"),
                    c => self.text.push(c),
                }
            }
            self.text.push('"');
        }
        if before == ',' {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(form: Form) -> String {
        let mut page = Page::new(form);
        let (count, spread) = (Counter::default(), Histogram::new(&[1_000, 1_000_000]));
        count.add(41);
        count.add_one();
        for us in [1, 1_000, 1_001, 2_000_000] {
            spread.record(Duration::from_micros(us));
        }
        let labels: Labels<'_> = &[("route", "/a \"b\\\n"), ("class", "2xx")];
        page.counter("x_requests", "Requests.", [(labels, number(count.get()))]);
        page.gauge("x_open", "Open.", [(&[] as Labels<'_>, -0.5)]);
        page.info("x_build", "What runs.", &[("version", "1.0")]);
        page.histogram("x_seconds", "Durations.", [(&[] as Labels<'_>, &spread)]);
        page.finish()
    }

    // A scraper drops the whole page for one line that it does not understand.
    #[test]
    fn both_forms_are_written_as_their_definitions_say() {
        let spread = "x_seconds_bucket{le=\"0.001\"} 2\nx_seconds_bucket{le=\"1.0\"} 3\n\
                      x_seconds_bucket{le=\"+Inf\"} 4\nx_seconds_sum 2.002002\nx_seconds_count 4\n";
        let sample = "x_requests_total{route=\"/a \\\"b\\\\\\n\",class=\"2xx\"} 42\n";
        assert_eq!(
            page(Form::Prometheus),
            format!(
                "# HELP x_requests_total Requests.\n# TYPE x_requests_total counter\n{sample}\
                 # HELP x_open Open.\n# TYPE x_open gauge\nx_open -0.5\n\
                 # HELP x_build_info What runs.\n# TYPE x_build_info gauge\n\
                 x_build_info{{version=\"1.0\"}} 1\n\
                 # HELP x_seconds Durations.\n# TYPE x_seconds histogram\n{spread}"
            )
        );
        assert_eq!(
            page(Form::OpenMetrics),
            format!(
                "# HELP x_requests Requests.\n# TYPE x_requests counter\n{sample}\
                 # HELP x_open Open.\n# TYPE x_open gauge\nx_open -0.5\n\
                 # HELP x_build What runs.\n# TYPE x_build info\n\
                 x_build_info{{version=\"1.0\"}} 1\n\
                 # HELP x_seconds Durations.\n# TYPE x_seconds histogram\n{spread}# EOF\n"
            )
        );
    }
}
