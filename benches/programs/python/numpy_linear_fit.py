# Fits a straight line by least squares with numpy and reports how good it is.
import numpy as np

SEED = __SEED__


def uniform(seed, count):
    values = np.empty(count)
    for i in range(count):
        seed = (seed * 1103515245 + 12345) % 2**31
        values[i] = seed / 2**31
    return values


noise = uniform(SEED, 50) - 0.5
x = np.linspace(0, 10, 50)
y = (1.5 + SEED % 4) * x + 3 + 4 * noise

design = np.column_stack([x, np.ones_like(x)])
(slope, intercept), *_ = np.linalg.lstsq(design, y, rcond=None)
predicted = design @ np.array([slope, intercept])
residuals = y - predicted
r2 = 1 - (residuals**2).sum() / ((y - y.mean()) ** 2).sum()

print(f"y = {slope:.4f} x + {intercept:.4f}")
print(f"R squared   {r2:.5f}")
print(f"RMS error   {np.sqrt((residuals**2).mean()):.4f}")
print(f"worst point x={x[np.abs(residuals).argmax()]:.2f} off by {np.abs(residuals).max():.3f}")
for value in (11, 12, 15):
    print(f"forecast at {value}: {slope * value + intercept:.2f}")
