"""Which grape is it? 178 Italian wines, 13 measurements each (UCI wine recognition data)."""
import matplotlib.pyplot as plt
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

wine = load_wine(as_frame=True)
table = wine.frame.assign(cultivar=wine.target.map(dict(enumerate(wine.target_names))))

print(f"{len(table)} wines, {len(wine.feature_names)} measurements")
print(table.groupby("cultivar")[["alcohol", "color_intensity", "proline"]].mean().round(2).to_string())

model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
scores = cross_val_score(model, wine.data, wine.target, cv=10)
print(f"logistic regression names the grape in {scores.mean():.1%} of unseen wines")

figure, axes = plt.subplots(figsize=(7, 5))
for name, wines in table.groupby("cultivar"):
    axes.scatter(wines["color_intensity"], wines["proline"], label=name, alpha=0.7)
axes.set(xlabel="colour intensity", ylabel="proline (mg/l)", title="Three cultivars, two measurements")
axes.legend(title="cultivar")
figure.tight_layout()
figure.savefig("wine.png", dpi=120)
