# Forests, regression, clusters and a search over parameters, on a dataset that ships with the library.
import joblib
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

x, y = load_iris(return_X_y=True)
train, test, train_y, test_y = train_test_split(x, y, random_state=0)
forest = RandomForestClassifier(50, n_jobs=2, random_state=0).fit(train, train_y)
assert forest.score(test, test_y) > 0.9
model = make_pipeline(StandardScaler(), LogisticRegression())
assert cross_val_score(model, x, y, cv=3).mean() > 0.9
search = GridSearchCV(model, {"logisticregression__C": [0.1, 1.0]}, cv=3, n_jobs=2).fit(x, y)
assert search.best_score_ > 0.9
assert len(set(KMeans(3, n_init=2, random_state=0).fit_predict(PCA(2).fit_transform(x)))) == 3
joblib.dump(forest, "forest.joblib", compress=3)
assert (joblib.load("forest.joblib").predict(test) == forest.predict(test)).all()
print("ok")
