# Finds where customers end up in a Markov chain of subscription states.
import numpy as np

SEED = __SEED__
STATES = ["trial", "basic", "pro", "gone"]

x = SEED
weights = np.zeros((4, 4))
for i in range(4):
    for j in range(4):
        x = (x * 16807 + 1) % 2147483647
        weights[i, j] = 1 + x % 20
weights += np.diag([0, 30, 40, 50])
matrix = weights / weights.sum(axis=1, keepdims=True)

print("       " + "".join(f"{s:>8}" for s in STATES))
for name, row in zip(STATES, matrix):
    print(f"{name:<7}" + "".join(f"{p:8.3f}" for p in row))

share = np.array([1.0, 0, 0, 0])
for month in range(1, 13):
    share = share @ matrix
    if month in (1, 3, 6, 12):
        print(f"month {month:>2}: " + ", ".join(f"{s} {p:.1%}" for s, p in zip(STATES, share)))

system = np.vstack([matrix.T - np.eye(4), np.ones(4)])
steady = np.linalg.lstsq(system, np.array([0, 0, 0, 0, 1.0]), rcond=None)[0]
print("steady:   " + ", ".join(f"{s} {p:.1%}" for s, p in zip(STATES, steady)))
