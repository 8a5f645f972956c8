# Ordinary least squares, a logit and a time series model.
import numpy as np
import pandas as pd
import statsmodels.api as sm
import statsmodels.formula.api as smf
from statsmodels.tsa.arima.model import ARIMA

generator = np.random.default_rng(3)
data = pd.DataFrame({"x": generator.normal(size=200), "z": generator.choice(["a", "b"], 200)})
data["y"] = 2 + 3 * data.x + (data.z == "b") + generator.normal(scale=0.1, size=200)
fit = smf.ols("y ~ x + C(z)", data).fit()
assert abs(fit.params["x"] - 3) < 0.05 and "R-squared" in str(fit.summary())
logit = sm.Logit((data.y > 2).astype(int), sm.add_constant(data.x + generator.normal(size=200))).fit(disp=False)
assert logit.params.iloc[1] > 0
series = pd.Series(np.arange(60.0) + generator.normal(size=60), index=pd.period_range("2020-01", periods=60, freq="M"))
assert 55 < ARIMA(series, order=(1, 1, 0), trend="t").fit().forecast(1).iloc[0] < 65
print("ok")
