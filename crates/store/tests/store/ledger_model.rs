//! Random reservations, settlements and recoveries, compared with a model after every step.

use std::collections::HashMap;

use crate::common::{World, amount, budget_of, charge, event, new_run};
use crate::database;
use proptest::prelude::*;
use ringfence_pipeline::budget::Amount;
use ringfence_pipeline::ports::{Ledger, LedgerError};
use ringfence_pipeline::run::{Principal, RunId};
use ringfence_store::LEASE_MARGIN_MS;

const LIMIT: Amount = Amount { nano_usd: 0, tokens: 0, runs: 6, sandbox_ms: 300 };

#[derive(Debug, Clone)]
enum Op {
    Reserve {
        step: u32,
        amount: Amount,
    },
    Settle {
        step: u32,
        used: Amount,
        soon: bool,
    },
    /// One right after the other, with nobody who looks in between.
    Both {
        step: u32,
        amount: Amount,
        used: Amount,
        soon: bool,
    },
    Pass {
        ms: i64,
    },
    Recover,
    Restart,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    Held { amount: Amount, lease_until_ms: i64 },
    Settled { used: Amount },
    Interrupted { used: Amount },
}

fn op() -> impl Strategy<Value = Op> {
    let any_amount = || (0_i64..4, 0_i64..150).prop_map(|(runs, ms)| amount(runs, ms));
    prop_oneof![
        6 => (0_u32..8, any_amount()).prop_map(|(step, amount)| Op::Reserve { step, amount }),
        4 => (0_u32..8, any_amount(), any::<bool>()).prop_map(|(step, used, soon)| Op::Settle { step, used, soon }),
        4 => (0_u32..8, any_amount(), any_amount(), any::<bool>())
            .prop_map(|(step, amount, used, soon)| Op::Both { step, amount, used, soon }),
        2 => (0..LEASE_MARGIN_MS).prop_map(|ms| Op::Pass { ms }),
        1 => Just(Op::Recover),
        1 => Just(Op::Restart),
    ]
}

/// The ledger as it should be, in memory.
struct Model {
    steps: HashMap<u32, Step>,
    next_seq: u32,
}

impl Model {
    fn reserved(&self) -> Amount {
        self.sum(|step| match step {
            Step::Held { amount, .. } => Some(amount),
            _ => None,
        })
    }

    fn spent(&self) -> Amount {
        self.sum(|step| match step {
            Step::Settled { used } | Step::Interrupted { used } => Some(used),
            Step::Held { .. } => None,
        })
    }

    fn sum(&self, part: impl Fn(Step) -> Option<Amount>) -> Amount {
        self.steps.values().filter_map(|step| part(*step)).fold(amount(0, 0), plus)
    }

    fn fits(&self, more: Amount) -> bool {
        let all = plus(plus(self.spent(), self.reserved()), more);
        all.runs <= LIMIT.runs && all.sandbox_ms <= LIMIT.sandbox_ms
    }
}

fn plus(a: Amount, b: Amount) -> Amount {
    amount(a.runs + b.runs, a.sandbox_ms + b.sandbox_ms)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48 / database::TIMES_SLOWER, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_ledger_does_what_the_model_does(ops in prop::collection::vec((op(), any::<bool>()), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            let principal = world.principal("acme", LIMIT).await;
            let run = new_run();
            let mut model = Model { steps: HashMap::new(), next_seq: 0 };
            for (op, twice) in ops {
                let before = model.next_seq;
                apply(&mut world, &principal, run, &mut model, &op, before).await;
                if twice {
                    // Repeated with the very same events, as after an answer that was lost.
                    apply(&mut world, &principal, run, &mut model, &op, before).await;
                }
                let budget = budget_of(&world.store, &principal).await;
                assert_eq!((budget.spent, budget.reserved), (model.spent(), model.reserved()), "{op:?}");
            }
        });
    }
}

async fn apply(world: &mut World, who: &Principal, run: RunId, model: &mut Model, op: &Op, seq: u32) {
    let now_ms = world.now();
    match *op {
        Op::Pass { ms } => world.pass(ms),
        Op::Both { step, amount, used, soon } => {
            Box::pin(apply(world, who, run, model, &Op::Reserve { step, amount }, seq)).await;
            let seq = model.next_seq;
            Box::pin(apply(world, who, run, model, &Op::Settle { step, used, soon }, seq)).await;
        }
        Op::Restart => {
            world.restart().await;
            // Nobody else has the database open, so whoever held anything in it is gone.
            for step in model.steps.values_mut() {
                if let Step::Held { lease_until_ms, .. } = step {
                    *lease_until_ms = 0;
                }
            }
        }
        Op::Recover => {
            let mut interrupted = 0;
            for step in model.steps.values_mut() {
                if let Step::Held { amount, lease_until_ms } = *step
                    && lease_until_ms <= now_ms
                {
                    *step = Step::Interrupted { used: amount };
                    interrupted += 1;
                }
            }
            let recovered = world.store.recover(now_ms).await.unwrap().ended;
            assert_eq!(recovered.len(), interrupted);
        }
        Op::Reserve { step, amount } => {
            let events = [event(seq, "reserved")];
            let reserved = world.store.reserve(charge(who, run, step), amount, &events).await;
            match model.steps.get(&step) {
                Some(Step::Held { .. }) => reserved.unwrap(),
                Some(_) => assert!(matches!(reserved, Err(LedgerError::Store(_)))),
                None if model.fits(amount) => {
                    reserved.unwrap();
                    let lease_until_ms = now_ms + amount.sandbox_ms + LEASE_MARGIN_MS;
                    model.steps.insert(step, Step::Held { amount, lease_until_ms });
                    model.next_seq += 1;
                    let (spent, held) = (model.spent(), model.reserved());
                    assert!(spent.runs + held.runs <= LIMIT.runs);
                    assert!(spent.sandbox_ms + held.sandbox_ms <= LIMIT.sandbox_ms);
                }
                None => assert!(matches!(reserved, Err(LedgerError::Exhausted { .. }))),
            }
        }
        Op::Settle { step, used, soon } => {
            let events = [event(seq, "settled")];
            let settled = if soon {
                let settled = world.store.settle_soon(who, run, step, used, &events).await;
                settled.map(|(receipt, rest)| {
                    rest.map(tokio::spawn);
                    receipt
                })
            } else {
                world.store.settle(who, run, step, used, &events).await
            };
            match model.steps.get(&step).copied() {
                Some(Step::Held { .. }) => {
                    settled.unwrap();
                    model.steps.insert(step, Step::Settled { used });
                    model.next_seq += 1;
                }
                Some(Step::Settled { used: before }) if before == used => drop(settled.unwrap()),
                Some(Step::Interrupted { used: before }) => {
                    assert!(matches!(settled, Err(LedgerError::Store(_))));
                    let used = Amount::each(|unit| before.get(unit).max(used.get(unit)));
                    model.steps.insert(step, Step::Interrupted { used });
                }
                _ => assert!(matches!(settled, Err(LedgerError::Store(_)))),
            }
        }
    }
}
