//! The clock of one call: how long each stage took, in the order in which they ended.

use std::time::Instant;

use prometheus::HistogramVec;

/// Counts the time since the last stage under the name of the stage that ends.
#[derive(Debug)]
pub struct Stages {
    seconds: HistogramVec,
    since: Instant,
}

impl Stages {
    /// Buckets: most stages take microseconds.
    pub(super) const SECONDS: &[f64] = &[
        0.000_005, 0.000_01, 0.000_02, 0.000_04, 0.000_06, 0.000_08, 0.000_12, 0.000_16, 0.000_24, 0.000_32,
        0.000_48, 0.000_64, 0.001, 0.002, 0.004, 0.01, 0.1, 1.0, 10.0,
    ];

    pub(super) fn new(seconds: HistogramVec) -> Self {
        Self { seconds, since: Instant::now() }
    }

    /// A stage ended well, and the next begins.
    pub fn done(&mut self, stage: &'static str) {
        let now = Instant::now();
        self.seconds.with_label_values(&[stage]).observe((now - self.since).as_secs_f64());
        self.since = now;
    }
}

#[cfg(test)]
mod tests {
    use crate::telemetry::Metrics;

    #[test]
    fn each_stage_is_counted_under_its_name() {
        let metrics = Metrics::new().unwrap();
        let mut stages = metrics.stages();
        stages.done("decide");
        stages.done("intent");
        metrics.stages().done("intent");
        let text = metrics.text();
        for line in [
            "portcullis_call_stage_seconds_count{stage=\"decide\"} 1",
            "portcullis_call_stage_seconds_count{stage=\"intent\"} 2",
        ] {
            assert!(text.contains(line), "{line} in {text}");
        }
    }
}
