# What people do with pandas: groups, pivots, joins, time series, strings, JSON, missing values.
import io

import numpy as np
import pandas as pd

days = pd.date_range("2024-01-01", periods=366, freq="D", tz="Europe/Berlin")
frame = pd.DataFrame({"day": days, "shop": np.resize(["north", "south", "west"], 366), "sold": np.arange(366.0)})
frame.loc[::10, "sold"] = np.nan
monthly = frame.set_index("day").sold.resample("ME").sum()
assert len(monthly) == 12
pivot = frame.assign(month=frame.day.dt.month).pivot_table(index="month", columns="shop", values="sold", aggfunc="mean")
assert pivot.shape == (12, 3)
joined = frame.merge(pd.DataFrame({"shop": ["north"], "head": ["Ann"]}), on="shop", how="left")
assert joined["head"].notna().sum() == 122
assert frame.sold.rolling(7, min_periods=1).mean().iloc[1:].notna().all()
again = pd.read_json(io.StringIO(frame.to_json(orient="records", date_format="iso")))
assert again.shop.value_counts()["south"] == 122
assert frame.shop.str.upper().str[0].unique().tolist() == ["N", "S", "W"]
frame.to_pickle("frame.pkl")
pd.testing.assert_frame_equal(pd.read_pickle("frame.pkl"), frame)
assert "| north" in frame.head(3).to_markdown(index=False)
print("ok")
