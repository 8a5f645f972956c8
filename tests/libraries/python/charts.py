# A line, bars, a histogram and a heat map as PNG, SVG and PDF, with text in several scripts.
import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import seaborn as sns

generator = np.random.default_rng(1)
table = pd.DataFrame({"x": np.arange(50), "y": generator.normal(size=50).cumsum(), "kind": ["a", "b"] * 25})
figure, axes = plt.subplots(2, 2, figsize=(8, 6))
axes[0, 0].plot(table.x, table.y, label="Größe · размер")
axes[0, 0].legend()
sns.barplot(table, x="kind", y="y", ax=axes[0, 1])
sns.histplot(table, x="y", hue="kind", kde=True, ax=axes[1, 0])
sns.heatmap(table[["x", "y"]].corr(), annot=True, ax=axes[1, 1])
axes[0, 0].set_title(r"$\sum_i x_i^2$")
figure.tight_layout()
for name in ["chart.png", "chart.svg", "chart.pdf"]:
    figure.savefig(name)
memory = io.BytesIO()
figure.savefig(memory, format="png", dpi=120)
assert open("chart.png", "rb").read(8) == b"\x89PNG\r\n\x1a\n" and memory.tell() > 10_000
assert open("chart.pdf", "rb").read(5) == b"%PDF-"
print("ok")
