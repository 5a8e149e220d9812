//! What this process counts beside requests: itself, background work, notices, lookups, sealing.

use std::sync::Arc;

use async_trait::async_trait;
use base::metrics::{Labels, Page, Source, number};
use intel::desk::MemoryCache;
use intel::{Desk, Registry};
use jobs::Jobs;
use rustix::process::Resource;

use crate::desk::Intel;
use crate::wiring::Backend;

/// Every source beside the web's own.
pub(crate) fn sources(
    backend: &Backend,
    jobs: &Arc<Jobs>,
    intel: &Intel,
    sealer: Option<Arc<stamp::Health>>,
) -> Vec<Arc<dyn Source>> {
    let mut sources: Vec<Arc<dyn Source>> = vec![
        Arc::new(Process),
        Arc::new(Work(Arc::clone(jobs))),
        Arc::new(Notices(Arc::clone(&backend.notices))),
        Arc::new(Lookups {
            desk: Arc::clone(&intel.desk),
            registry: Arc::clone(&intel.registry),
            cache: Arc::clone(&intel.cache),
        }),
    ];
    sources.extend(sealer.map(|health| Arc::new(Seals(health)) as Arc<dyn Source>));
    sources
}

/// The one sample of a family without labels.
fn alone(value: f64) -> [(Labels<'static>, f64); 1] {
    [(&[], value)]
}

/// The process as the kernel sees it, under the names that every exporter uses.
struct Process;

#[async_trait]
impl Source for Process {
    async fn tell(&self, page: &mut Page) {
        let version = env!("CARGO_PKG_VERSION");
        page.info("indelible_build", "What runs.", &[("version", version)]);
        if let Some(stat) = std::fs::read_to_string("/proc/self/stat")
            .ok()
            .as_deref()
            .and_then(Stat::read)
        {
            page.counter(
                "process_cpu_seconds",
                "Processor time of the process.",
                alone(stat.cpu_s),
            );
            page.gauge(
                "process_resident_memory_bytes",
                "Memory that the process occupies.",
                alone(stat.resident_bytes),
            );
            page.gauge(
                "process_virtual_memory_bytes",
                "Memory that the process has mapped.",
                alone(stat.virtual_bytes),
            );
            page.gauge(
                "process_threads",
                "Threads of the process.",
                alone(stat.threads),
            );
            if let Some(boot_s) = boot_s() {
                page.gauge(
                    "process_start_time_seconds",
                    "When the process began, in seconds since 1970.",
                    alone(boot_s + stat.started_s),
                );
            }
        }
        if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
            // The one that reads the folder is among them.
            let open = open.count().saturating_sub(1);
            page.gauge(
                "process_open_fds",
                "Open descriptors.",
                alone(number(open as u64)),
            );
        }
        if let Some(max) = rustix::process::getrlimit(Resource::Nofile).current {
            page.gauge(
                "process_max_fds",
                "Most open descriptors.",
                alone(number(max)),
            );
        }
    }
}

/// What is read of `/proc/self/stat` (proc(5)).
#[derive(Debug, PartialEq)]
struct Stat {
    cpu_s: f64,
    threads: f64,
    /// Since the machine's start.
    started_s: f64,
    virtual_bytes: f64,
    resident_bytes: f64,
}

impl Stat {
    fn read(text: &str) -> Option<Self> {
        // The name may hold spaces and brackets; what follows the last bracket is field 3.
        let fields: Vec<&str> = text.rsplit_once(')')?.1.split_whitespace().collect();
        let field = |place: usize| fields.get(place - 3)?.parse::<u64>().ok().map(number);
        let ticks = number(rustix::param::clock_ticks_per_second());
        let page_bytes = number(rustix::param::page_size() as u64);
        Some(Self {
            cpu_s: (field(14)? + field(15)?) / ticks,
            threads: field(20)?,
            started_s: field(22)? / ticks,
            virtual_bytes: field(23)?,
            resident_bytes: field(24)? * page_bytes,
        })
    }
}

/// When the machine began, in seconds since 1970.
fn boot_s() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    let line = stat.lines().find_map(|line| line.strip_prefix("btime "))?;
    line.trim().parse().ok().map(number)
}

/// Background work.
struct Work(Arc<Jobs>);

#[async_trait]
impl Source for Work {
    async fn tell(&self, page: &mut Page) {
        // Without an answer there is no figure; that the store is broken is told elsewhere.
        let Ok(kinds) = self.0.counts().await else {
            return;
        };
        let samples: Vec<([(&str, &str); 2], f64)> = kinds
            .iter()
            .flat_map(|kind| {
                let sample = |state, count| {
                    (
                        [("kind", kind.name.as_str()), ("state", state)],
                        number(count),
                    )
                };
                [
                    sample("ready", kind.ready),
                    sample("delayed", kind.delayed),
                    sample("running", kind.running),
                    sample("dead", kind.dead),
                ]
            })
            .collect();
        page.gauge(
            "indelible_jobs",
            "Unfinished jobs and dead letters, by kind and state.",
            samples
                .iter()
                .map(|(labels, value)| (labels.as_slice() as Labels<'_>, *value)),
        );
    }
}

/// Words sent to people.
struct Notices(Arc<dyn notify::Store>);

#[async_trait]
impl Source for Notices {
    async fn tell(&self, page: &mut Page) {
        let Ok(counts) = self.0.count_notices().await else {
            return;
        };
        let samples: [(Labels<'_>, f64); 4] = [
            (&[("state", "waiting")], number(counts.waiting)),
            (&[("state", "sent")], number(counts.sent)),
            (&[("state", "failed")], number(counts.failed)),
            (&[("state", "kept")], number(counts.kept)),
        ];
        page.gauge(
            "indelible_notices",
            "Notices of the last seven days, by what became of them.",
            samples,
        );
    }
}

/// Lookups of this process, and how its sources do.
struct Lookups {
    desk: Arc<Desk>,
    registry: Arc<Registry>,
    cache: Arc<MemoryCache>,
}

#[async_trait]
impl Source for Lookups {
    async fn tell(&self, page: &mut Page) {
        let (requests, questions) = self.desk.under_way();
        page.gauge(
            "indelible_lookups_under_way",
            "Lookups of this process that have not ended.",
            alone(number(requests as u64)),
        );
        page.gauge(
            "indelible_questions_under_way",
            "Questions to sources that are not answered yet.",
            alone(number(questions as u64)),
        );
        page.gauge(
            "indelible_cache_bytes",
            "Memory that answers of sources take which are as good as new.",
            alone(number(self.cache.bytes() as u64)),
        );
        page.gauge(
            "indelible_cache_answers",
            "Answers of sources that are kept in memory.",
            alone(number(self.cache.len() as u64)),
        );
        let sources = self.registry.current();
        let mut troubled: Vec<([(&str, &str); 1], f64)> = Vec::new();
        let mut left: Vec<(String, String, f64)> = Vec::new();
        for source in sources.all().iter().filter(|source| source.is_on()) {
            if let Ok(Some(outcomes)) = self.desk.outcomes(source.id).await
                && outcomes.of > 0
            {
                let share = f64::from(outcomes.troubled) / f64::from(outcomes.of);
                troubled.push(([("source", source.slug.as_str())], share));
            }
            if let Ok(Some(quotas)) = self.desk.quotas(source.id).await {
                for quota in quotas.windows {
                    let window = quota.window.seconds.to_string();
                    left.push((source.slug.clone(), window, quota.remaining.into()));
                }
            }
        }
        page.gauge(
            "indelible_source_troubled_ratio",
            "How many of the last questions to a source ended in trouble, of 1.",
            troubled
                .iter()
                .map(|(labels, value)| (labels.as_slice() as Labels<'_>, *value)),
        );
        let left: Vec<([(&str, &str); 2], f64)> = left
            .iter()
            .map(|(source, window, left)| {
                (
                    [("source", source.as_str()), ("window_s", window.as_str())],
                    *left,
                )
            })
            .collect();
        page.gauge(
            "indelible_source_quota_remaining",
            "Questions that a source may be asked now, by window.",
            left.iter()
                .map(|(labels, value)| (labels.as_slice() as Labels<'_>, *value)),
        );
    }
}

/// Sealing, where a sealer runs in this process.
struct Seals(Arc<stamp::Health>);

#[async_trait]
impl Source for Seals {
    async fn tell(&self, page: &mut Page) {
        let state = self.0.state();
        page.histogram(
            "indelible_seal_seconds",
            "Time to seal an interval, from reading the pool to telling everyone.",
            [(&[] as Labels<'_>, self.0.seals())],
        );
        let refused = matches!(state.role, stamp::Role::Refused(_));
        page.gauge(
            "indelible_sealer_refuses",
            "1 while nothing is signed because what was read back is not what was written.",
            alone(f64::from(u8::from(refused))),
        );
        page.gauge(
            "indelible_sealer_active",
            "1 while this process holds the lease and seals.",
            alone(f64::from(u8::from(state.role == stamp::Role::Sealing))),
        );
        page.gauge(
            "indelible_batches_held_back",
            "Batches that are not sealed because they come from the future.",
            alone(number(state.batches_held_back as u64)),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // A name with a bracket must not shift every figure by one.
    #[test]
    fn the_kernels_line_is_read_from_its_last_bracket() {
        let line =
            "7 (a) b) c) S 1 7 7 0 -1 4194560 1 0 0 0 250 150 0 0 20 0 9 0 300 1048576 5 184";
        let stat = Stat::read(line).unwrap();
        let ticks = number(rustix::param::clock_ticks_per_second());
        assert!((stat.cpu_s - 400.0 / ticks).abs() < 1e-9, "{stat:?}");
        assert!((stat.threads - 9.0).abs() < 1e-9, "{stat:?}");
        assert!((stat.virtual_bytes - 1_048_576.0).abs() < 1e-9, "{stat:?}");
        assert_eq!(Stat::read("nothing"), None);
    }
}
