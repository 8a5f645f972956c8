//! What is owed to the record: the end of a run that is being written while its answer is given.
//!
//! Whoever has the write lock owes; others who write wait for that lock anyway. Those who read wait until what was
//! owed when they came is written, which takes no longer than a transaction does, so that nobody sees the difference.

use tokio::sync::watch;

/// The debts of a process. Cloning it shares them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Owed(watch::Sender<Debts>);

/// How many there were; one begins after the other is over.
#[derive(Debug, Clone, Copy, Default)]
struct Debts {
    begun: u64,
    over: u64,
}

impl Owed {
    /// Notes that whoever has the write lock will write something.
    pub(super) fn owe(&self) -> Debt {
        self.0.send_modify(|debts| debts.begun += 1);
        Debt(self.clone())
    }

    /// Waits until what is owed now is written, or could not be.
    pub(super) async fn settled(&self) {
        let Debts { begun, over } = *self.0.borrow();
        if over < begun {
            // The sender lives as long as `self`, so waiting cannot fail.
            let _ = self.0.subscribe().wait_for(|debts| debts.over >= begun).await;
        }
    }
}

/// Something that is owed until this is dropped.
#[derive(Debug)]
pub(crate) struct Debt(Owed);

impl Drop for Debt {
    fn drop(&mut self) {
        self.0.0.send_modify(|debts| debts.over += 1);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn whoever_reads_waits_for_what_was_owed_then_and_no_longer() {
        let owed = Owed::default();
        assert!(owed.settled().now_or_never().is_some());
        let first = owed.owe();
        let mut waiting = Box::pin(owed.settled());
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(first);
        let second = owed.owe();
        assert!(waiting.now_or_never().is_some(), "the second came later");
        assert!(owed.settled().now_or_never().is_none());
        drop(second);
        assert!(owed.settled().now_or_never().is_some());
    }
}
