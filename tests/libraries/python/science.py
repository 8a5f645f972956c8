# Fits, integrals, statistics, sparse matrices, interpolation, images and signals.
import numpy as np
from scipy import integrate, interpolate, ndimage, optimize, signal, sparse, stats
from scipy.sparse import linalg

x = np.linspace(0, 4, 50)
(amplitude, rate), _ = optimize.curve_fit(lambda x, a, k: a * np.exp(-k * x), x, 3 * np.exp(-1.3 * x))
assert abs(amplitude - 3) < 1e-6 and abs(rate - 1.3) < 1e-6
assert abs(integrate.quad(np.sin, 0, np.pi)[0] - 2) < 1e-12
solved = integrate.solve_ivp(lambda t, y: -y, (0, 1), [1.0], rtol=1e-8)
assert abs(solved.y[0, -1] - np.exp(-1)) < 1e-6
assert stats.ttest_ind(np.arange(50), np.arange(50) + 30).pvalue < 1e-6
matrix = sparse.diags([np.full(99, -1.0), np.full(100, 2.0), np.full(99, -1.0)], [-1, 0, 1], format="csc")
assert np.allclose(matrix @ linalg.spsolve(matrix, np.ones(100)), 1)
assert abs(interpolate.CubicSpline(x, x**3)(1.5) - 3.375) < 1e-6
assert ndimage.label(np.eye(5))[1] == 5
assert len(signal.find_peaks(np.sin(np.linspace(0, 20, 500)))[0]) == 3
best = optimize.linprog([-1, -2], A_ub=[[1, 1], [1, 3]], b_ub=[4, 6])
assert abs(best.fun + 5) < 1e-9
print("ok")
