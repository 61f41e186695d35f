//! The one thread that writes. What waits while a transaction is being made durable shares the next one.

use super::{Put, Store};
use prometheus_client::metrics::gauge::Gauge;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

/// A transaction takes at most this many jobs, so that the first of them need not wait for too many others.
const MAX_JOBS: usize = 4096;

struct Job {
    puts: Vec<Put>,
    done: Box<dyn FnOnce() + Send>,
}

/// Hands out work to the writing thread. Jobs become durable in the order in which they come.
pub struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    has_failed: Arc<AtomicBool>,
    /// How many jobs wait.
    waiting: Gauge,
}

impl Writer {
    /// Starts the thread. `on_failure` is called once if the store fails; nothing is written from then on, because
    /// after a failed write nobody can say what is on the disk. `waiting` tells how many jobs there are.
    pub fn start(
        store: Arc<dyn Store>,
        waiting: Gauge,
        on_failure: impl FnOnce() + Send + 'static,
    ) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let has_failed = Arc::new(AtomicBool::new(false));
        let (failed, depth) = (has_failed.clone(), waiting.clone());
        let thread = std::thread::Builder::new().name("writer".to_owned()).spawn(move || {
            if let Err(error) = work(store.as_ref(), &receiver, &depth) {
                tracing::error!(%error, "cannot write; no further commit is accepted");
                failed.store(true, Ordering::SeqCst);
                on_failure();
            }
        })?;
        Ok(Self { jobs: Mutex::new(Some(sender)), thread: Mutex::new(Some(thread)), has_failed, waiting })
    }

    /// Has `puts` written, all or none, and `done` called on the writing thread when they are durable. Never blocks.
    pub fn write(&self, puts: Vec<Put>, done: impl FnOnce() + Send + 'static) {
        if let Some(jobs) = &*self.jobs.lock().unwrap_or_else(PoisonError::into_inner) {
            self.waiting.inc();
            // If the thread has stopped, `done` must not be called.
            let _stopped = jobs.send(Job { puts, done: Box::new(done) });
        }
    }

    /// Writes what is waiting, and ends. Returns whether all of it is durable. Blocks.
    pub fn stop(&self) -> bool {
        drop(self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take());
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        let has_ended = thread.is_none_or(|thread| thread.join().is_ok());
        has_ended && !self.has_failed.load(Ordering::SeqCst)
    }
}

fn work(store: &dyn Store, jobs: &mpsc::Receiver<Job>, waiting: &Gauge) -> Result<(), super::StoreError> {
    while let Ok(first) = jobs.recv() {
        let mut puts = first.puts;
        let mut done = vec![first.done];
        while done.len() < MAX_JOBS
            && let Ok(job) = jobs.try_recv()
        {
            puts.extend(job.puts);
            done.push(job.done);
        }
        store.write(&puts)?;
        waiting.dec_by(done.len() as i64);
        done.into_iter().for_each(|done| done());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may fail loudly")]
    use super::super::StoreError;
    use super::*;

    /// Remembers transactions; each waits until the test lets it through.
    struct Slow {
        gate: Mutex<mpsc::Receiver<bool>>,
        transactions: Mutex<Vec<Vec<Put>>>,
    }

    impl Store for Slow {
        fn get(&self, _: &str) -> Result<Option<String>, StoreError> {
            Ok(None)
        }
        fn write(&self, puts: &[Put]) -> Result<(), StoreError> {
            if !self.gate.lock().unwrap().recv().unwrap() {
                return Err(StoreError("disk full".into()));
            }
            self.transactions.lock().unwrap().push(puts.to_vec());
            Ok(())
        }
        fn scan(&self, _: &str, _: &mut dyn FnMut(&str, &str) -> bool) -> Result<(), StoreError> {
            Ok(())
        }
    }

    fn put(number: usize) -> Vec<Put> {
        vec![(format!("key{number}"), String::new())]
    }

    #[test]
    fn jobs_that_wait_share_a_transaction_and_are_done_only_after_it() {
        let (open, gate) = mpsc::channel();
        let store = Arc::new(Slow { gate: Mutex::new(gate), transactions: Mutex::default() });
        let writer = Writer::start(store.clone(), Gauge::default(), || ()).unwrap();
        let (done, finished) = mpsc::channel();
        writer.write(put(0), || ());
        std::thread::sleep(std::time::Duration::from_millis(20));
        for number in 1..10 {
            let done = done.clone();
            writer.write(put(number), move || done.send(number).unwrap());
        }
        assert!(finished.try_recv().is_err());
        // The first transaction is through, the second is not.
        open.send(true).unwrap();
        std::thread::sleep(std::time::Duration::from_millis(20));
        assert!(finished.try_recv().is_err());
        open.send(true).unwrap();
        assert!(writer.stop());
        assert_eq!(finished.try_iter().collect::<Vec<_>>(), (1..10).collect::<Vec<_>>());
        let sizes: Vec<_> = store.transactions.lock().unwrap().iter().map(Vec::len).collect();
        assert_eq!(sizes, [1, 9]);
    }

    #[test]
    fn after_a_failure_nothing_is_done_any_more() {
        let (open, gate) = mpsc::channel();
        let store = Arc::new(Slow { gate: Mutex::new(gate), transactions: Mutex::default() });
        let (failed, failure) = mpsc::channel();
        let writer = Writer::start(store.clone(), Gauge::default(), move || failed.send(()).unwrap()).unwrap();
        let (done, finished) = mpsc::channel();
        open.send(false).unwrap();
        open.send(true).unwrap();
        for number in 0..2 {
            let done = done.clone();
            writer.write(put(number), move || done.send(number).unwrap());
            failure.recv_timeout(std::time::Duration::from_secs(5)).ok();
        }
        assert!(!writer.stop());
        assert!(finished.try_recv().is_err());
        assert!(store.transactions.lock().unwrap().is_empty());
    }
}
