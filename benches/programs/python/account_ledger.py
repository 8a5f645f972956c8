# Books transfers between accounts with double entry and checks that nothing was lost.
from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import reduce

SEED = __SEED__


class Kind(Enum):
    DEPOSIT = "deposit"
    TRANSFER = "transfer"
    FEE = "fee"


@dataclass(frozen=True)
class Entry:
    kind: Kind
    source: str
    target: str
    cents: int


def entries(seed: int, count: int):
    names, x = ["alice", "bob", "carol", "dave"], seed
    for name in names:
        yield Entry(Kind.DEPOSIT, "bank", name, 50_000)
    for i in range(count):
        x = (x * 16807 + i) % 2147483647
        source, target = names[x % 4], names[(x % 4 + 1 + x // 9 % 3) % 4]
        yield Entry(Kind.TRANSFER, source, target, x // 31 % 20_000 + 1)
        if x % 5 == 0:
            yield Entry(Kind.FEE, source, "bank", 150)


def apply(state, entry: Entry):
    balances, refused = state
    if entry.source != "bank" and balances.get(entry.source, 0) < entry.cents:
        return balances, refused + [entry]
    changed = dict(balances)
    changed[entry.source] = changed.get(entry.source, 0) - entry.cents
    changed[entry.target] = changed.get(entry.target, 0) + entry.cents
    return changed, refused


balances, refused = reduce(apply, entries(SEED, 40), ({}, []))
for name, cents in sorted(balances.items()):
    print(f"{name:<6}{cents / 100:>12,.2f}")
print("sum:", sum(balances.values()), "refused:", len(refused))
for entry in refused[:4]:
    print(f"  {entry.kind.value}: {entry.source} had too little for {entry.cents / 100:.2f}")
