# Solves a 0/1 knapsack by dynamic programming and shows which items were taken.
from typing import NamedTuple

SEED = __SEED__


class Item(NamedTuple):
    name: str
    weight: int
    value: int


def make_items(seed, count):
    x = seed
    items = []
    for i in range(count):
        x = (x * 1103515245 + 12345) & 0x7FFFFFFF
        items.append(Item(f"item{i:02d}", 3 + (x >> 12) % 20, 10 + (x >> 16) % 90))
    return items


def knapsack(items, capacity):
    best = [[0] * (capacity + 1)]
    for item in items:
        last = best[-1]
        best.append([
            max(last[c], last[c - item.weight] + item.value) if c >= item.weight else last[c]
            for c in range(capacity + 1)
        ])
    taken, c = [], capacity
    for i in range(len(items), 0, -1):
        if best[i][c] != best[i - 1][c]:
            taken.append(items[i - 1])
            c -= items[i - 1].weight
    return best[-1][capacity], taken[::-1]


items = make_items(SEED, 18)
for capacity in (20, 50, 80):
    value, taken = knapsack(items, capacity)
    print(f"capacity {capacity}: value {value}, weight {sum(i.weight for i in taken)}")
    print("  " + " ".join(i.name for i in taken))
