//! Figures: quantiles of what was timed here, and of the histograms that the server keeps.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context;

/// Milliseconds, smallest first.
#[derive(Debug, Clone)]
pub(crate) struct Sample(Vec<f64>);

impl Sample {
    pub(crate) fn new(mut milliseconds: Vec<f64>) -> Self {
        milliseconds.sort_by(f64::total_cmp);
        Self(milliseconds)
    }

    /// The value below which this share lies, in thousandths.
    pub(crate) fn at(&self, permille: usize) -> f64 {
        let last = self.0.len().saturating_sub(1);
        self.0.get(last * permille / 1000).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn p50(&self) -> f64 {
        self.at(500)
    }

    /// `p50 p95 p99`, in columns.
    pub(crate) fn columns(&self) -> String {
        [500, 950, 990].map(|permille| format!("{:>9.3}", self.at(permille))).concat()
    }
}

pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// One histogram of the server: the upper ends of its buckets in seconds, with the counts up to there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Histogram {
    buckets: Vec<(f64, f64)>,
    sum: f64,
    count: f64,
}

impl Histogram {
    /// What came since an earlier reading.
    fn since(mut self, earlier: Option<&Self>) -> Self {
        let Some(earlier) = earlier else { return self };
        for (bucket, before) in self.buckets.iter_mut().zip(&earlier.buckets) {
            bucket.1 -= before.1;
        }
        self.sum -= earlier.sum;
        self.count -= earlier.count;
        self
    }

    /// The count, the mean, and two quantiles, in columns.
    pub(crate) fn line(&self, about: &str) -> String {
        let [mean, p50, p95] = [self.mean(), self.quantile(0.5), self.quantile(0.95)];
        format!("  {about:<42}{:>8}{mean:>9.3}{p50:>9.3}{p95:>9.3}", self.count)
    }

    /// The mean in milliseconds.
    fn mean(&self) -> f64 {
        self.sum / self.count * 1e3
    }

    /// A quantile in milliseconds, on a straight line within its bucket.
    fn quantile(&self, share: f64) -> f64 {
        let wanted = self.count * share;
        let mut below = (0.0, 0.0);
        for bucket in &self.buckets {
            if bucket.1 >= wanted && bucket.1 > below.1 {
                let part = (wanted - below.1) / (bucket.1 - below.1);
                return (below.0 + (bucket.0 - below.0) * part) * 1e3;
            }
            below = *bucket;
        }
        f64::NAN
    }
}

/// The histograms of one metric by the value of its label; without a label, by the empty text.
pub(crate) fn histograms(text: &str, metric: &str) -> anyhow::Result<BTreeMap<String, Histogram>> {
    let mut found: BTreeMap<String, Histogram> = BTreeMap::new();
    for line in text.lines() {
        let Some(rest) = line.strip_prefix(metric).and_then(|rest| rest.strip_prefix('_')) else { continue };
        let (name, value) = rest.rsplit_once(' ').context("a metric without a value")?;
        let value: f64 = value.parse()?;
        let (kind, labels) = name.split_once('{').unwrap_or((name, ""));
        let (mut upper, mut label) = (None, String::new());
        for (name, value) in labels.trim_end_matches('}').split(',').filter_map(|pair| pair.split_once('=')) {
            match name {
                "le" => upper = Some(value.trim_matches('"').replace('+', "").parse::<f64>()?),
                _ => value.trim_matches('"').clone_into(&mut label),
            }
        }
        let histogram = found.entry(label).or_default();
        match (kind, upper) {
            ("bucket", Some(upper)) => histogram.buckets.push((upper, value)),
            ("sum", _) => histogram.sum = value,
            ("count", _) => histogram.count = value,
            _ => {}
        }
    }
    Ok(found)
}

/// The histograms of one metric with what came between two readings.
pub(crate) fn between(
    earlier: &str,
    later: &str,
    metric: &str,
) -> anyhow::Result<BTreeMap<String, Histogram>> {
    let earlier = histograms(earlier, metric)?;
    let later = histograms(later, metric)?;
    Ok(later
        .into_iter()
        .map(|(label, histogram)| {
            let since = histogram.since(earlier.get(&label));
            (label, since)
        })
        .collect())
}

/// A limit that a figure must stay below.
#[derive(Debug)]
pub(crate) struct Bar {
    pub(crate) name: String,
    pub(crate) figure: f64,
    pub(crate) below: f64,
    pub(crate) unit: &'static str,
}

impl Bar {
    /// Not met by what is no number either.
    pub(crate) fn is_met(&self) -> bool {
        self.figure < self.below
    }

    /// `name figure bar ok`, or `MISSED`.
    pub(crate) fn line(&self) -> String {
        let word = if self.is_met() { "ok" } else { "MISSED" };
        format!("{:<44} {:>8.3} {} < {} {word}", self.name, self.figure, self.unit, self.below)
    }
}
