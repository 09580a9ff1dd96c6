//! A queue with a thread behind it.

use std::io;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering;
use std::sync::mpsc;
use std::sync::mpsc::Receiver;
use std::sync::mpsc::SyncSender;
use std::time::Duration;
use std::time::Instant;

use super::super::alarm::AsideFailed;
use super::super::alarm::AsideLost;
use crate::telemetry::Metrics;

/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_millis(500);

/// How often it is told how much was lost.
const TOLD: Duration = Duration::from_mins(1);

/// Takes things one after the other.
pub(in super::super) trait Taker<T>: Send + 'static {
    /// Takes one; after a failure the same comes again, unless there is no time for that.
    fn take(&mut self, item: &T) -> io::Result<()>;
}

/// The near end of the queue.
#[derive(Debug)]
pub(in super::super) struct Aside<T> {
    queue: SyncSender<Job<T>>,
    lost: Arc<Lost>,
    ending: Arc<AtomicBool>,
}

#[derive(Debug)]
enum Job<T> {
    Take(T),
    End(mpsc::Sender<()>),
}

/// What was left out.
#[derive(Debug)]
struct Lost {
    name: &'static str,
    metrics: Metrics,
    /// How many since it was told, and when that was.
    untold: Mutex<(u64, Option<Instant>)>,
}

impl Lost {
    fn add(&self) {
        self.metrics.audit_copy_dropped(self.name);
        self.tell(1);
    }

    /// Tells of it, at most once a minute.
    fn tell(&self, more: u64) {
        let mut untold = self.untold.lock().unwrap_or_else(PoisonError::into_inner);
        untold.0 += more;
        let is_time = untold.1.is_none_or(|at| at.elapsed() >= TOLD);
        if untold.0 > 0 && is_time {
            AsideLost { name: self.name, count: untold.0 }.emit();
            *untold = (0, Some(Instant::now()));
        }
    }
}

impl<T: Send + 'static> Aside<T> {
    /// Starts the thread.
    pub(in super::super) fn start(
        name: &'static str,
        room: usize,
        taker: impl Taker<T>,
        metrics: &Metrics,
    ) -> io::Result<Self> {
        let (queue, jobs) = mpsc::sync_channel(room);
        let lost = Arc::new(Lost { name, metrics: metrics.clone(), untold: Mutex::default() });
        let ending = Arc::new(AtomicBool::new(false));
        let far = Far { taker, lost: Arc::clone(&lost), ending: Arc::clone(&ending), failing: false };
        let thread = std::thread::Builder::new().name(format!("audit-{name}"));
        thread.spawn(move || far.run(&jobs))?;
        Ok(Self { queue, lost, ending })
    }

    /// Hands something over, if there is room.
    pub(in super::super) fn offer(&self, item: T) {
        if self.queue.try_send(Job::Take(item)).is_err() {
            self.lost.add();
        }
    }

    /// Waits until everything that was handed over is taken, at most so long.
    pub(in super::super) fn finish(&self, bound: Duration) {
        let until = Instant::now() + bound;
        let (done, wait) = mpsc::channel();
        let mut job = Job::End(done);
        while let Err(mpsc::TrySendError::Full(back)) = self.queue.try_send(job) {
            if Instant::now() >= until {
                break;
            }
            job = back;
            std::thread::sleep(Duration::from_millis(5));
        }
        if wait.recv_timeout(until.saturating_duration_since(Instant::now())).is_err() {
            self.ending.store(true, Ordering::Release);
        }
    }
}

/// The far end of the queue.
struct Far<K> {
    taker: K,
    lost: Arc<Lost>,
    ending: Arc<AtomicBool>,
    failing: bool,
}

impl<K> Far<K> {
    fn run<T>(mut self, jobs: &Receiver<Job<T>>)
    where
        K: Taker<T>,
    {
        while let Ok(job) = jobs.recv() {
            match job {
                Job::Take(item) => self.take(&item),
                Job::End(done) => drop(done.send(())),
            }
        }
    }

    fn take<T>(&mut self, item: &T)
    where
        K: Taker<T>,
    {
        while let Err(error) = self.taker.take(item) {
            let Lost { name, metrics, .. } = &*self.lost;
            AsideFailed { name, error: &error, is_new: !self.failing }.emit(metrics);
            self.failing = true;
            // What can never be taken must not be in the way of the rest.
            if error.kind() == io::ErrorKind::InvalidInput || self.ending.load(Ordering::Acquire) {
                return self.lost.add();
            }
            std::thread::sleep(AGAIN);
        }
        self.failing = false;
        self.lost.tell(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(30);

    /// Says what it begins with, and takes it when it may.
    struct Slow {
        begun: mpsc::Sender<u32>,
        may: Receiver<io::Result<()>>,
    }

    impl Taker<u32> for Slow {
        fn take(&mut self, item: &u32) -> io::Result<()> {
            self.begun.send(*item).unwrap();
            self.may.recv().unwrap()
        }
    }

    fn slow(room: usize) -> (Aside<u32>, Receiver<u32>, mpsc::Sender<io::Result<()>>, Metrics) {
        let ((begun, begins), (allow, may)) = (mpsc::channel(), mpsc::channel());
        let metrics = Metrics::new().unwrap();
        (Aside::start("stdout", room, Slow { begun, may }, &metrics).unwrap(), begins, allow, metrics)
    }

    fn count(metrics: &Metrics, series: &str) -> u64 {
        let text = metrics.text();
        text.lines().find_map(|line| line.strip_prefix(series)).map_or(0, |rest| rest.trim().parse().unwrap())
    }

    #[test]
    fn what_has_no_room_is_counted_and_not_waited_for() {
        let (aside, begins, allow, metrics) = slow(2);
        aside.offer(0);
        assert_eq!(begins.recv_timeout(LONG), Ok(0));
        (1..10).for_each(|item| aside.offer(item));
        assert_eq!(count(&metrics, "portcullis_audit_copies_dropped_total{copy=\"stdout\"}"), 7);
        (0..3).for_each(|_| allow.send(Ok(())).unwrap());
        aside.finish(LONG);
        assert_eq!(begins.try_iter().collect::<Vec<_>>(), [1, 2]);
    }

    #[test]
    fn what_fails_comes_again_and_what_never_can_be_taken_is_left_out() {
        let (aside, begins, allow, metrics) = slow(8);
        (0..3).for_each(|item| aside.offer(item));
        let refused = |kind: io::ErrorKind| Err(kind.into());
        allow.send(refused(io::ErrorKind::BrokenPipe)).unwrap();
        allow.send(Ok(())).unwrap();
        allow.send(refused(io::ErrorKind::InvalidInput)).unwrap();
        allow.send(Ok(())).unwrap();
        aside.finish(LONG);
        assert_eq!(begins.try_iter().collect::<Vec<_>>(), [0, 0, 1, 2]);
        assert_eq!(count(&metrics, "portcullis_audit_sink_errors_total{sink=\"stdout\"}"), 2);
        assert_eq!(count(&metrics, "portcullis_audit_copies_dropped_total{copy=\"stdout\"}"), 1);
    }
}
