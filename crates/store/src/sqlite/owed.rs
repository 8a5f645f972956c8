//! What is owed to the record: ends of runs that are written within the next moment.
//!
//! Their answers are given meanwhile. Whoever asks this process for anything afterwards waits until they are
//! written, so that nobody sees the difference.

use std::collections::BTreeSet;

use tokio::sync::watch;

/// The debts of a process. Cloning it shares them.
#[derive(Debug, Clone)]
pub(crate) struct Owed(watch::Sender<Debts>);

#[derive(Debug, Default)]
struct Debts {
    /// The number of the next one.
    next: u64,
    /// Those that are not written yet.
    open: BTreeSet<u64>,
}

impl Owed {
    pub(super) fn new() -> Self {
        Self(watch::Sender::default())
    }

    /// Notes that something will be written.
    pub(super) fn owe(&self) -> Debt {
        let mut number = 0;
        self.0.send_modify(|debts| {
            number = debts.next;
            debts.open.insert(number);
            debts.next += 1;
        });
        Debt { owed: self.clone(), number }
    }

    /// Waits until all that is owed now is written, or could not be.
    pub(super) async fn settled(&self) {
        let next = {
            let debts = self.0.borrow();
            if debts.open.is_empty() {
                return;
            }
            debts.next
        };
        let is_settled = |debts: &Debts| debts.open.first().is_none_or(|first| *first >= next);
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.0.subscribe().wait_for(is_settled).await;
    }
}

/// Something that is owed until this is dropped.
#[derive(Debug)]
pub(crate) struct Debt {
    owed: Owed,
    number: u64,
}

impl Drop for Debt {
    fn drop(&mut self) {
        self.owed.0.send_modify(|debts| {
            debts.open.remove(&self.number);
        });
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[test]
    fn whoever_comes_later_waits_and_no_longer_than_for_what_was_owed_then() {
        let owed = Owed::new();
        assert!(owed.settled().now_or_never().is_some());
        let (first, second) = (owed.owe(), owed.owe());
        let mut waiting = Box::pin(owed.settled());
        assert!(waiting.as_mut().now_or_never().is_none());
        let third = owed.owe();
        drop(second);
        assert!(waiting.as_mut().now_or_never().is_none());
        drop(first);
        assert!(waiting.now_or_never().is_some(), "the third came later");
        drop(third);
        assert!(owed.settled().now_or_never().is_some());
    }
}
