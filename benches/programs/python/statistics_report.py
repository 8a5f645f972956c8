# Describes a sample: mean, median, deviation, quartiles and a text histogram.
import statistics as st

SEED = __SEED__


class Lcg:
    def __init__(self, seed):
        self.state = seed

    def uniform(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 33) / 2**31


rng = Lcg(SEED)
# The sum of twelve uniform numbers is close to a normal one.
sample = [round(100 + 15 * (sum(rng.uniform() for _ in range(12)) - 6), 2) for _ in range(200)]

q1, q2, q3 = st.quantiles(sample, n=4)
fence = 1.5 * (q3 - q1)
outliers = sorted(v for v in sample if v < q1 - fence or v > q3 + fence)

print(f"n       {len(sample)}")
print(f"mean    {st.fmean(sample):.3f}")
print(f"median  {st.median(sample):.3f}")
print(f"stdev   {st.stdev(sample):.3f}")
print(f"range   {min(sample)} to {max(sample)}")
print(f"quarts  {q1:.2f} {q2:.2f} {q3:.2f}")
print("outliers", outliers or "none")

for low in range(50, 150, 10):
    count = sum(low <= v < low + 10 for v in sample)
    if count:
        print(f"{low:>3}-{low + 9:<3} {count:>3} {'*' * (count // 2)}")
