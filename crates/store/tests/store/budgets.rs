//! Budgets of scopes: all who pay must admit, in their periods; balances are what was used and is held, after
//! whatever happened.

use std::collections::BTreeMap;

use crate::common::{START_MS, World, charge, event, missing, new_run};
use crate::database;
use proptest::prelude::*;
use ringfence_pipeline::budget::{
    Amount, BudgetScope, Caps, DAY_MS, DefaultBudget, Period, ScopeKind, Unit, date_of,
};
use ringfence_pipeline::budgets::{BudgetError, Budgets, Standing, UsageGroup, UsageQuery};
use ringfence_pipeline::keys::KeyRequest;
use ringfence_pipeline::ports::{Charge, Ledger, LedgerError};
use ringfence_pipeline::run::{Principal, RunId};
use ringfence_store::{LEASE_MARGIN_MS, Store, WAITING_STEPS_MAX};
use sqlx::Row;

fn usd(limit: i64) -> Caps {
    Caps { nano_usd: Some(limit), ..Caps::default() }
}

fn runs(limit: i64) -> Caps {
    Caps { runs: Some(limit), ..Caps::default() }
}

fn money(nano_usd: i64) -> Amount {
    Amount { nano_usd, runs: 1, ..Amount::default() }
}

async fn principal(store: &Store, tenant: &str, user: &str) -> Principal {
    let key = store.create_key(tenant, &KeyRequest::new(user), START_MS).await.unwrap();
    store.authenticate(&key.text, START_MS).await.unwrap()
}

async fn pay(store: &Store, who: &Principal, cost: i64) -> Result<(), LedgerError> {
    let run = new_run();
    store.reserve(charge(who, run, 0), money(cost), &[event(0, "a")]).await?;
    store.settle(who, run, 0, money(cost), &[event(1, "b")]).await.map(drop)
}

#[tokio::test]
async fn every_scope_must_admit_and_the_one_that_does_not_is_named() {
    let world = World::new().await;
    let store = &world.store;
    let (ana, ben) = (principal(store, "acme", "ana").await, principal(store, "acme", "ben").await);
    let other = principal(store, "globex", "ana").await;
    let set = async |scope: &BudgetScope, caps| {
        store.set_budget("test", scope, &[(Period::Total, caps)], None).await
    };
    set(&BudgetScope::org(), usd(100)).await.unwrap();
    set(&BudgetScope::tenant("acme"), usd(50)).await.unwrap();
    set(&BudgetScope::user("acme", "ana"), usd(20)).await.unwrap();
    pay(store, &ana, 15).await.unwrap();
    let refused = pay(store, &ana, 6).await.unwrap_err();
    assert_eq!(missing(&refused), (Unit::NanoUsd, 1, 20));
    assert!(refused.to_string().contains("user:ana"), "{refused}");
    pay(store, &ben, 35).await.unwrap();
    let refused = pay(store, &ana, 1).await.unwrap_err();
    assert!(refused.to_string().starts_with("budget of tenant: "), "{refused}");
    pay(store, &other, 50).await.unwrap();
    let refused = pay(store, &other, 1).await.unwrap_err();
    assert!(refused.to_string().starts_with("budget of org: "), "{refused}");
    // Every limit that is exceeded is named.
    let LedgerError::Exhausted(short) = pay(store, &ana, 1000).await.unwrap_err() else { panic!() };
    assert_eq!(
        short.iter().map(|one| one.scope.kind).collect::<Vec<_>>(),
        [ScopeKind::Org, ScopeKind::Tenant, ScopeKind::User]
    );
}

#[tokio::test]
async fn a_conversation_and_a_run_have_budgets_of_their_own() {
    let world = World::new().await;
    let store = &world.store;
    let ana = principal(store, "acme", "ana").await;
    let chat = BudgetScope::parse("session:chat", "acme").unwrap();
    store.set_budget("test", &chat, &[(Period::Total, usd(10))], None).await.unwrap();
    let in_chat = |run, step| Charge { session: Some("chat"), ..charge(&ana, run, step) };
    let run = new_run();
    store.reserve(in_chat(run, 0), money(8), &[event(0, "a")]).await.unwrap();
    let refused = store.reserve(in_chat(new_run(), 0), money(3), &[]).await.unwrap_err();
    assert!(refused.to_string().contains("session:chat"), "{refused}");
    pay(store, &ana, 3).await.unwrap();
    store.settle(&ana, run, 0, money(1), &[event(1, "b")]).await.unwrap();

    let of_run = BudgetScope::parse(&format!("run:{run}"), "acme").unwrap();
    store.set_budget("test", &of_run, &[(Period::Total, usd(4))], None).await.unwrap();
    assert_eq!(store.budget(&of_run).await.unwrap().accounts[0].budget.spent.nano_usd, 1);
    store.reserve(in_chat(run, 1), money(4), &[]).await.unwrap_err();
    store.reserve(in_chat(run, 1), money(3), &[]).await.unwrap();
}

#[tokio::test]
async fn periods_begin_anew_and_a_budget_counts_what_was_used_before_it() {
    let world = World::new().await;
    let store = &world.store;
    let ana = principal(store, "acme", "ana").await;
    let scope = BudgetScope::user("acme", "ana");
    pay(store, &ana, 7).await.unwrap();
    let held = new_run();
    store.reserve(charge(&ana, held, 0), money(2), &[event(0, "a")]).await.unwrap();
    let limits = [(Period::Day, usd(10)), (Period::Total, usd(1000))];
    let standing = store.set_budget("test", &scope, &limits, None).await.unwrap();
    assert_eq!(standing.accounts.len(), 2);
    for account in &standing.accounts {
        assert_eq!((account.budget.spent.nano_usd, account.budget.reserved.nano_usd), (7, 2));
    }
    assert_eq!(missing(&pay(store, &ana, 2).await.unwrap_err()), (Unit::NanoUsd, 1, 10));
    world.pass(DAY_MS);
    pay(store, &ana, 10).await.unwrap();
    // What was reserved yesterday is settled as yesterday's.
    store.settle(&ana, held, 0, money(2), &[event(1, "b")]).await.unwrap();
    let standing = store.budget(&scope).await.unwrap();
    let spent: Vec<i64> = standing.accounts.iter().map(|account| account.budget.spent.nano_usd).collect();
    assert_eq!(spent, [10, 19]);
    balances_are_sums(&world).await;
}

#[tokio::test]
async fn nobody_spends_without_a_limit_by_accident() {
    let world = World::new().await;
    let store = world.store.clone().default_budget(DefaultBudget { nano_usd: 10, period: Period::Month });
    let (ana, ben) = (principal(&store, "acme", "ana").await, principal(&store, "acme", "ben").await);
    pay(&store, &ana, 10).await.unwrap();
    let refused = pay(&store, &ana, 1).await.unwrap_err();
    assert!(refused.to_string().contains("user:ana: 0.000000001 USD missing"), "{refused}");
    pay(&store, &ben, 10).await.unwrap();
    // A limit of runs is none in money.
    let scope = BudgetScope::user("acme", "ana");
    store.set_budget("test", &scope, &[(Period::Total, runs(100))], None).await.unwrap();
    pay(&store, &ana, 1).await.unwrap_err();
    store.set_budget("test", &BudgetScope::tenant("acme"), &[(Period::Total, usd(50))], None).await.unwrap();
    pay(&store, &ana, 20).await.unwrap();
    store.remove_budget("test", &BudgetScope::tenant("acme"), None).await.unwrap();
    pay(&store, &ana, 1).await.unwrap_err();
    world.pass(31 * DAY_MS);
    pay(&store, &ana, 10).await.unwrap();
    balances_are_sums(&world).await;
}

#[tokio::test]
async fn an_overrun_is_recorded_in_full_and_blocks_until_the_limit_is_raised() {
    let world = World::new().await;
    let store = &world.store;
    let ana = principal(store, "acme", "ana").await;
    let scope = BudgetScope::user("acme", "ana");
    store.set_budget("test", &scope, &[(Period::Total, usd(10))], None).await.unwrap();
    let run = new_run();
    store.reserve(charge(&ana, run, 0), money(5), &[event(0, "a")]).await.unwrap();
    let receipt = store.settle(&ana, run, 0, money(12), &[event(1, "b")]).await.unwrap();
    assert_eq!(receipt.left_nano_usd, Some(-2));
    assert_eq!(missing(&pay(store, &ana, 0).await.unwrap_err()), (Unit::NanoUsd, 2, 10));
    store.set_budget("test", &scope, &[(Period::Total, usd(12))], None).await.unwrap();
    pay(store, &ana, 0).await.unwrap();
    pay(store, &ana, 1).await.unwrap_err();
}

#[tokio::test]
async fn what_comes_after_an_interruption_is_charged_beyond_its_bound() {
    let world = World::new().await;
    let store = &world.store;
    let ana = principal(store, "acme", "ana").await;
    for (late, spent) in [(3, 5), (9, 9)] {
        let run = new_run();
        store.reserve(charge(&ana, run, 0), money(5), &[event(0, "a")]).await.unwrap();
        assert_eq!(store.recover(i64::MAX).await.unwrap().ended.len(), 1);
        let settled = store.settle(&ana, run, 0, money(late), &[event(1, "b")]).await;
        assert!(settled.unwrap_err().to_string().contains("was interrupted"));
        // Said again, it is not charged again.
        store.settle(&ana, run, 0, money(late), &[event(1, "b")]).await.unwrap_err();
        let of_run = BudgetScope::parse(&format!("run:{run}"), "acme").unwrap();
        store.set_budget("test", &of_run, &[(Period::Total, usd(1000))], None).await.unwrap();
        assert_eq!(store.budget(&of_run).await.unwrap().accounts[0].budget.spent.nano_usd, spent);
    }
    balances_are_sums(&world).await;
}

#[tokio::test]
async fn each_threshold_is_told_once_until_its_limit_moves() {
    let world = World::new().await;
    let store = &world.store;
    let ana = principal(store, "acme", "ana").await;
    let scope = BudgetScope::user("acme", "ana");
    store.set_budget("test", &scope, &[(Period::Month, usd(100))], None).await.unwrap();
    let crossed = async |cost| {
        let run = new_run();
        store.reserve(charge(&ana, run, 0), money(cost), &[event(0, "a")]).await.unwrap();
        let receipt = store.settle(&ana, run, 0, money(cost), &[]).await.unwrap();
        receipt.crossed.iter().map(|crossing| crossing.percent).collect::<Vec<_>>()
    };
    assert_eq!(crossed(49).await, [0_u8; 0]);
    assert_eq!(crossed(1).await, [50]);
    assert_eq!(crossed(1).await, [0_u8; 0]);
    assert_eq!(crossed(40).await, [80]);
    assert_eq!(crossed(9).await, [100]);
    let told = |standing: &Standing| {
        standing.crossed.iter().map(|(crossing, _)| crossing.percent).collect::<Vec<_>>()
    };
    assert_eq!(told(&store.budget(&scope).await.unwrap()).len(), 3);
    // Raised, it is below a half and may come there again; lowered, it has crossed at once.
    store.set_budget("test", &scope, &[(Period::Month, usd(1000))], None).await.unwrap();
    assert_eq!(crossed(400).await, [50]);
    let standing = store.set_budget("test", &scope, &[(Period::Month, usd(600))], None).await.unwrap();
    assert_eq!(standing.crossed.len(), 5);
    world.pass(31 * DAY_MS);
    assert_eq!(crossed(300).await, [50]);
}

#[tokio::test]
async fn what_waits_for_a_person_is_held_until_it_begins_or_its_time_is_over() {
    let world = World::new().await;
    let store = &world.store;
    let ana = principal(store, "acme", "ana").await;
    let scope = BudgetScope::user("acme", "ana");
    store.set_budget("test", &scope, &[(Period::Total, usd(10))], None).await.unwrap();
    let (begun, declined, forgotten) = (new_run(), new_run(), new_run());
    let until_ms = world.now() + 7 * DAY_MS;
    for run in [begun, declined, forgotten] {
        store.wait(charge(&ana, run, 0), money(3), until_ms, &[event(0, "a")]).await.unwrap();
        store.wait(charge(&ana, run, 0), money(3), until_ms, &[event(0, "a")]).await.unwrap();
    }
    pay(store, &ana, 2).await.unwrap_err();
    store.settle(&ana, begun, 0, money(3), &[]).await.unwrap_err();
    store.start(&ana, begun, 0, &[event(1, "b")]).await.unwrap();
    store.start(&ana, begun, 0, &[event(1, "b")]).await.unwrap_err();
    store.let_go(&ana, begun, 0, &[]).await.unwrap_err();
    store.settle(&ana, begun, 0, money(1), &[event(2, "c")]).await.unwrap();
    store.let_go(&ana, declined, 0, &[event(1, "b")]).await.unwrap();
    store.start(&ana, declined, 0, &[]).await.unwrap_err();
    assert_eq!(store.recover(until_ms - 1).await.unwrap().ended, []);
    let left = |standing: Standing| {
        (standing.accounts[0].budget.spent.nano_usd, standing.accounts[0].budget.reserved.nano_usd)
    };
    assert_eq!(left(store.budget(&scope).await.unwrap()), (1, 3));
    world.pass(7 * DAY_MS);
    store.start(&ana, forgotten, 0, &[]).await.unwrap_err();
    let released = store.recover(world.now()).await.unwrap().ended;
    assert!(released.len() == 1 && released[0].waits && released[0].run == forgotten);
    assert_eq!(left(store.budget(&scope).await.unwrap()), (1, 0));
    balances_are_sums(&world).await;
}

#[tokio::test]
async fn only_so_many_steps_of_a_user_wait() {
    let world = World::new().await;
    let store = &world.store;
    let (ana, ben) = (principal(store, "acme", "ana").await, principal(store, "acme", "ben").await);
    let until_ms = world.now() + DAY_MS;
    for _ in 0..WAITING_STEPS_MAX {
        store.wait(charge(&ana, new_run(), 0), money(0), until_ms, &[event(0, "a")]).await.unwrap();
    }
    let refused = store.wait(charge(&ana, new_run(), 0), money(0), until_ms, &[event(0, "a")]).await;
    assert!(matches!(refused, Err(LedgerError::TooManyWait(WAITING_STEPS_MAX))));
    store.wait(charge(&ben, new_run(), 0), money(0), until_ms, &[event(0, "a")]).await.unwrap();
    balances_are_sums(&world).await;
}

#[tokio::test]
async fn a_budget_is_changed_only_as_it_was_seen() {
    let world = World::new().await;
    let store = &world.store;
    let ana = principal(store, "acme", "ana").await;
    let scope = BudgetScope::user("acme", "ana");
    let set = async |limit, expected: Option<&str>| {
        store.set_budget("test", &scope, &[(Period::Total, usd(limit))], expected).await
    };
    assert_eq!(store.budget(&scope).await.unwrap().version, None);
    let first = set(10, Some("")).await.unwrap().version.unwrap();
    assert!(matches!(set(11, Some("")).await, Err(BudgetError::Changed(_))));
    pay(store, &ana, 1).await.unwrap();
    assert_eq!(store.budget(&scope).await.unwrap().version.as_ref(), Some(&first));
    let second = set(11, Some(&first)).await.unwrap().version.unwrap();
    assert_ne!(first, second);
    assert!(matches!(set(12, Some(&first)).await, Err(BudgetError::Changed(_))));
    assert!(matches!(store.remove_budget("test", &scope, Some(&first)).await, Err(BudgetError::Changed(_))));
    store.remove_budget("test", &scope, Some(&second)).await.unwrap();
    assert!(matches!(store.remove_budget("test", &scope, None).await, Err(BudgetError::NoBudget(_))));
}

#[tokio::test]
async fn limits_that_say_nothing_or_too_much_are_refused() {
    let world = World::new().await;
    let store = &world.store;
    principal(store, "acme", "ana").await;
    let scope = BudgetScope::user("acme", "ana");
    let set =
        async |limits: &[(Period, Caps)]| store.set_budget("test", &scope, limits, None).await.unwrap_err();
    assert!(matches!(set(&[]).await, BudgetError::Empty));
    assert!(matches!(set(&[(Period::Day, Caps::default())]).await, BudgetError::Empty));
    let twice = [(Period::Day, usd(1)), (Period::Day, usd(2))];
    assert!(matches!(set(&twice).await, BudgetError::Twice(Period::Day)));
    for limit in [-1, i64::MAX] {
        assert!(matches!(set(&[(Period::Day, runs(limit))]).await, BudgetError::OutOfRange { .. }));
    }
    for nobody in ["user:zoe", "key:k", "run:r"] {
        let nobody = BudgetScope::parse(nobody, "acme").unwrap();
        let refused = store.set_budget("test", &nobody, &[(Period::Day, usd(1))], None).await;
        assert!(matches!(refused, Err(BudgetError::NoSuchScope(_))), "{nobody}");
    }
    let tenant = store.set_budget("test", &BudgetScope::tenant("x"), &[(Period::Day, usd(1))], None).await;
    assert!(matches!(tenant, Err(BudgetError::NoSuchScope(_))));
}

#[tokio::test]
async fn usage_is_told_by_whoever_used_it() {
    let world = World::new().await;
    let store = &world.store;
    let (ana, ben) = (principal(store, "acme", "ana").await, principal(store, "acme", "ben").await);
    pay(store, &principal(store, "globex", "ana").await, 1000).await.unwrap();
    let first_day = world.now() / DAY_MS;
    pay(store, &ana, 5).await.unwrap();
    pay(store, &ben, 7).await.unwrap();
    world.pass(DAY_MS);
    let run = new_run();
    let by_model = Charge { author: "openai:m", session: Some("s"), ..charge(&ana, run, 0) };
    let used = Amount { nano_usd: 4, tokens: 50, ..Amount::default() };
    store.reserve(by_model, money(9), &[event(0, "a")]).await.unwrap();
    store.settle(&ana, run, 0, used, &[event(1, "b")]).await.unwrap();
    let everything = UsageQuery {
        tenant: "acme",
        user: None,
        by: UsageGroup::User,
        first_day,
        next_day: first_day + 2,
        limit: 100,
    };
    let read = async |query| {
        let rows = store.usage(query).await.unwrap();
        rows.into_iter().map(|row| (row.name, row.used.nano_usd)).collect::<Vec<_>>()
    };
    let pairs = |rows: &[(&str, i64)]| {
        rows.iter().map(|(name, cost)| ((*name).to_owned(), *cost)).collect::<Vec<_>>()
    };
    assert_eq!(read(everything).await, pairs(&[("ana", 9), ("ben", 7)]));
    let by = |by| UsageQuery { by, ..everything };
    assert_eq!(read(by(UsageGroup::Author)).await, pairs(&[("", 12), ("openai:m", 4)]));
    assert_eq!(read(by(UsageGroup::Session)).await, pairs(&[("", 12), ("s", 4)]));
    let days = [date_of(first_day).to_string(), date_of(first_day + 1).to_string()];
    assert_eq!(read(by(UsageGroup::Day)).await, pairs(&[(&days[0], 12), (&days[1], 4)]));
    assert_eq!(read(UsageQuery { user: Some("ben"), ..everything }).await, pairs(&[("ben", 7)]));
    assert_eq!(read(UsageQuery { next_day: first_day + 1, ..everything }).await.len(), 2);
    assert_eq!(read(UsageQuery { limit: 1, ..everything }).await, pairs(&[("ana", 9)]));
}

/// Every balance is what was used and is held, added up afresh.
async fn balances_are_sums(world: &World) {
    let raw = world.raw().await;
    let rows = sqlx::query("SELECT * FROM balances").fetch_all(&raw).await.unwrap();
    for row in rows {
        let kind: i64 = row.get("kind");
        let (tenant, name, period): (String, String, Period) =
            (row.get("tenant"), row.get("name"), row.get::<String, _>("period").parse().unwrap());
        let first_day: i64 = row.get("first_day");
        let next_day = period.days(first_day * DAY_MS).1;
        let column = ["''", "''", "\"user\"", "key_id", "session", "run"][usize::try_from(kind).unwrap()];
        for unit in ["nano_usd", "tokens", "runs", "sandbox_ms"] {
            let sum = format!(
                "SELECT CAST(coalesce(sum(used_{unit}), 0) AS BIGINT), CAST(coalesce(sum(
                            CASE WHEN state IN ('held', 'waiting') THEN {unit} END), 0) AS BIGINT)
                 FROM reservations WHERE ($1 = 0 OR tenant = $2) AND {column} = $3
                   AND at_ms >= $4 * 86400000 AND at_ms / 86400000 < $5"
            );
            let sums: (i64, i64) = sqlx::query_as(sqlx::AssertSqlSafe(sum))
                .bind(kind)
                .bind(&tenant)
                .bind(&name)
                .bind(first_day)
                .bind(next_day)
                .fetch_one(&raw)
                .await
                .unwrap();
            let kept: (i64, i64) =
                (row.get(&*format!("spent_{unit}")), row.get(&*format!("reserved_{unit}")));
            assert_eq!(kept, sums, "{unit} of {column} {tenant}/{name} in {period} from {first_day}");
        }
    }
    raw.close().await;
}

/// What may happen to two tenants with two users each.
#[derive(Debug, Clone)]
enum Op {
    Reserve { who: usize, session: bool, waits: bool, cost: i64 },
    Settle { nth: usize, used: i64 },
    Start { nth: usize },
    LetGo { nth: usize },
    Pass { ms: i64 },
    Recover,
    Set { scope: usize, period: usize, limit: i64 },
    Remove { scope: usize },
    Restart,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (0..4_usize, any::<bool>(), any::<bool>(), 0..12_i64)
            .prop_map(|(who, session, waits, cost)| Op::Reserve { who, session, waits, cost }),
        6 => (any::<usize>(), 0..20_i64).prop_map(|(nth, used)| Op::Settle { nth, used }),
        2 => any::<usize>().prop_map(|nth| Op::Start { nth }),
        1 => any::<usize>().prop_map(|nth| Op::LetGo { nth }),
        2 => (0..3 * DAY_MS).prop_map(|ms| Op::Pass { ms }),
        1 => Just(Op::Recover),
        3 => (0..8_usize, 0..4_usize, 0..40_i64)
            .prop_map(|(scope, period, limit)| Op::Set { scope, period, limit }),
        1 => (0..8_usize).prop_map(|scope| Op::Remove { scope }),
        1 => Just(Op::Restart),
    ]
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Step {
    Waiting,
    Held,
    Done(i64),
}

/// A reservation as the model has it.
struct Noted {
    run: RunId,
    who: usize,
    path: Vec<BudgetScope>,
    at_ms: i64,
    until_ms: i64,
    cost: i64,
    step: Step,
    begun: bool,
}

/// The ledger as it should be, in memory: a list of everything that was ever reserved.
#[derive(Default)]
struct Model {
    noted: Vec<Noted>,
    limits: BTreeMap<(BudgetScope, Period), i64>,
}

const DEFAULT: DefaultBudget = DefaultBudget { nano_usd: 25, period: Period::Week };

impl Model {
    fn used(&self, scope: &BudgetScope, period: Period, now_ms: i64) -> i64 {
        let (first, next) = period.days(now_ms);
        let counts =
            |one: &&Noted| one.path.contains(scope) && (first..next).contains(&one.at_ms.div_euclid(DAY_MS));
        let figure = |one: &Noted| if let Step::Done(used) = one.step { used } else { one.cost };
        self.noted.iter().filter(counts).map(figure).sum()
    }

    fn admits(&self, path: &[BudgetScope], cost: i64, now_ms: i64) -> bool {
        let fits = |scope: &BudgetScope, period, limit| self.used(scope, period, now_ms) + cost <= limit;
        let said: Vec<_> = self.limits.iter().filter(|((scope, _), _)| path.contains(scope)).collect();
        if said.is_empty() {
            return fits(&path[2], DEFAULT.period, DEFAULT.nano_usd);
        }
        said.into_iter().all(|((scope, period), limit)| fits(scope, *period, *limit))
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24 / database::TIMES_SLOWER, failure_persistence: None, ..Default::default() })]

    #[test]
    fn whatever_happens_the_ledger_does_what_the_model_does(ops in prop::collection::vec(op(), 1..80)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut world = World::new().await;
            let mut people = Vec::new();
            for (tenant, user) in [("acme", "ana"), ("acme", "ben"), ("globex", "ana"), ("globex", "eve")] {
                people.push(principal(&world.store, tenant, user).await);
            }
            let mut model = Model::default();
            for op in ops {
                apply(&mut world, &people, &mut model, &op).await;
                balances_are_sums(&world).await;
            }
        });
    }
}

fn scopes(people: &[Principal]) -> [BudgetScope; 8] {
    [
        BudgetScope::org(),
        BudgetScope::tenant("acme"),
        BudgetScope::tenant("globex"),
        BudgetScope::user("acme", "ana"),
        BudgetScope::user("acme", "ben"),
        BudgetScope::user("globex", "ana"),
        BudgetScope::key("acme", &people[0].key_id),
        BudgetScope::parse("session:s", "acme").unwrap(),
    ]
}

async fn apply(world: &mut World, people: &[Principal], model: &mut Model, op: &Op) {
    let now_ms = world.now();
    let store = world.store.clone().default_budget(DEFAULT);
    let nano = |nano_usd| Amount { nano_usd, ..Amount::default() };
    match *op {
        Op::Pass { ms } => world.pass(ms),
        Op::Restart => {
            world.restart().await;
            // Nobody else has the database open, so whoever held anything in it is gone.
            let held = model.noted.iter_mut().filter(|one| one.step == Step::Held);
            held.for_each(|one| one.until_ms = 0);
        }
        Op::Set { scope, period, limit } => {
            let (scope, period) = (&scopes(people)[scope], Period::ALL[period]);
            store.set_budget("test", scope, &[(period, usd(limit))], None).await.unwrap();
            model.limits.retain(|(other, _), _| other != scope);
            model.limits.insert((scope.clone(), period), limit);
        }
        Op::Remove { scope } => {
            let scope = &scopes(people)[scope];
            let removed = store.remove_budget("test", scope, None).await.is_ok();
            let before = model.limits.len();
            model.limits.retain(|(other, _), _| other != scope);
            assert_eq!(removed, model.limits.len() < before);
        }
        Op::Reserve { who, session, waits, cost } => {
            let (run, principal) = (new_run(), &people[who]);
            let session = session.then_some("s");
            let path = BudgetScope::path(principal, session, run);
            let admitted = model.admits(&path, cost, now_ms);
            let charge = Charge { session, ..charge(principal, run, 0) };
            let until_ms = if waits { now_ms + DAY_MS } else { now_ms + LEASE_MARGIN_MS };
            let reserved = if waits {
                store.wait(charge, nano(cost), until_ms, &[event(0, "a")]).await
            } else {
                store.reserve(charge, nano(cost), &[event(0, "a")]).await
            };
            match &reserved {
                Ok(()) => assert!(admitted, "{op:?} was admitted"),
                Err(LedgerError::Exhausted(_)) => assert!(!admitted, "{op:?} was refused: {reserved:?}"),
                Err(other) => panic!("{other}"),
            }
            if admitted {
                let step = if waits { Step::Waiting } else { Step::Held };
                model.noted.push(Noted { run, who, path, at_ms: now_ms, until_ms, cost, step, begun: false });
            }
        }
        Op::Settle { nth, used } => {
            let Some(one) = pick(model, nth) else { return };
            let settled = store.settle(&people[one.who], one.run, 0, nano(used), &[event(1, "b")]).await;
            match one.step {
                Step::Held => {
                    settled.unwrap();
                    one.step = Step::Done(used);
                }
                Step::Waiting => assert!(settled.is_err()),
                // Settled before at the same figure, or interrupted: what is beyond the bound is charged.
                Step::Done(before) if settled.is_ok() => assert_eq!(before, used),
                Step::Done(before) => {
                    let interrupted = settled.unwrap_err().to_string().contains("was interrupted");
                    one.step = Step::Done(if interrupted { before.max(used) } else { before });
                }
            }
        }
        Op::Start { nth } => {
            let Some(one) = pick(model, nth) else { return };
            let started = store.start(&people[one.who], one.run, 0, &[event(2, "c")]).await.is_ok();
            let open = matches!(one.step, Step::Waiting | Step::Held) && one.until_ms > now_ms;
            assert_eq!(started, open && !one.begun, "a step begins once, and in time");
            if started {
                (one.step, one.until_ms, one.begun) = (Step::Held, now_ms + LEASE_MARGIN_MS, true);
            }
        }
        Op::LetGo { nth } => {
            let Some(one) = pick(model, nth) else { return };
            let gone = store.let_go(&people[one.who], one.run, 0, &[event(3, "d")]).await.is_ok();
            assert_eq!(gone, one.step == Step::Waiting);
            if gone {
                one.step = Step::Done(0);
            }
        }
        Op::Recover => {
            let mut ended = 0;
            for one in &mut model.noted {
                if one.until_ms <= now_ms && !matches!(one.step, Step::Done(_)) {
                    one.step = Step::Done(if one.step == Step::Held { one.cost } else { 0 });
                    ended += 1;
                }
            }
            assert_eq!(store.recover(now_ms).await.unwrap().ended.len(), ended);
        }
    }
}

fn pick(model: &mut Model, nth: usize) -> Option<&mut Noted> {
    let count = model.noted.len();
    if count == 0 { None } else { model.noted.get_mut(nth % count) }
}
