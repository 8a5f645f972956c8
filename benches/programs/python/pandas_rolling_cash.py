# Follows daily cash over two months with rolling means and weekly sums.
import pandas as pd

SEED = __SEED__

state, flows = SEED, []
for _ in range(60):
    state = (state * 1664525 + 1013904223) % 2**32
    flows.append((state >> 10) % 4001 - 1900)

cash = pd.DataFrame({"flow": flows}, index=pd.date_range("2024-02-01", periods=60, freq="D"))
cash["balance"] = 10_000 + cash["flow"].cumsum()
cash["mean7"] = cash["flow"].rolling(7).mean().round(1)

weekly = cash["flow"].resample("W").agg(["sum", "min", "max"])
weekly.index = weekly.index.strftime("week to %d %b")
print(weekly.to_string())
low = cash["balance"].idxmin()
print(f"Lowest balance {cash.loc[low, 'balance']:,} on {low:%d %B}")
drawdown = (cash["balance"].cummax() - cash["balance"]).max()
print(f"Largest drawdown {drawdown:,}, best 7-day mean {cash['mean7'].max()}")
