# Linear algebra on all threads, FFT, random numbers, memory-mapped and compressed files.
import numpy as np

generator = np.random.default_rng(7)
a = generator.normal(size=(300, 300))
assert np.allclose(np.linalg.inv(a) @ a, np.eye(300), atol=1e-6)
values, vectors = np.linalg.eigh(a + a.T)
assert np.allclose(vectors @ np.diag(values) @ vectors.T, a + a.T)
signal = np.sin(np.linspace(0, 20 * np.pi, 1000, endpoint=False))
assert np.abs(np.fft.rfft(signal)).argmax() == 10
np.savez_compressed("arrays.npz", a=a, signal=signal)
assert np.array_equal(np.load("arrays.npz")["a"], a)
mapped = np.memmap("mapped", dtype="float64", mode="w+", shape=(1000, 100))
mapped[:] = 1
mapped.flush()
assert np.fromfile("mapped").sum() == 100_000
print("ok")
