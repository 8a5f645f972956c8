# Writes sorted parts to files, merges them by streaming, and removes them again.
import heapq
import os
from pathlib import Path

SEED = __SEED__


def numbers(seed):
    while True:
        seed = (seed * 1103515245 + 12345) % 2**31
        yield (seed >> 7) % 10_000


source = numbers(SEED)
parts = []
for index in range(4):
    path = Path(f"part-{index}.txt")
    path.write_text("\n".join(str(n) for n in sorted(next(source) for _ in range(50))) + "\n")
    parts.append(path)

try:
    files = [path.open() for path in parts]
    merged = list(heapq.merge(*((int(line) for line in f) for f in files)))
    for f in files:
        f.close()
    print("sizes:", [path.stat().st_size for path in parts])
    print("count:", len(merged), "sorted:", merged == sorted(merged))
    print("first:", merged[:8])
    print("last: ", merged[-8:])
    print("duplicates:", len(merged) - len(set(merged)))
finally:
    for path in parts:
        os.remove(path)
print("left behind:", sorted(p.name for p in Path(".").glob("part-*.txt")))
