# Draws monthly revenue as a bar chart, then says how large the picture is.
import os

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

SEED = __SEED__
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun"]

x, revenue = SEED, []
for _ in MONTHS:
    x = (x * 1664525 + 1013904223) % 2**32
    revenue.append(2000 + (x >> 12) % 6000)
revenue = np.array(revenue)

figure, axes = plt.subplots(figsize=(3, 2), dpi=50)
axes.bar(MONTHS, revenue)
axes.axhline(revenue.mean(), linestyle="--")
figure.savefig("revenue.png")
plt.close(figure)

with open("revenue.png", "rb") as picture:
    header = picture.read(24)
os.remove("revenue.png")
print("PNG:", header[:4] == b"\x89PNG", int.from_bytes(header[16:20], "big"), "x", int.from_bytes(header[20:24], "big"))
for month, value in zip(MONTHS, revenue):
    print(f"{month} {value:>6,} {'above' if value > revenue.mean() else 'below'} the mean")
