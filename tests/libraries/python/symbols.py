# Algebra, calculus and equations, exact and to many digits.
import mpmath
import sympy as sp

x, y = sp.symbols("x y")
assert sp.integrate(sp.exp(-x**2), (x, -sp.oo, sp.oo)) == sp.sqrt(sp.pi)
assert sp.factor(x**3 - 1) == (x - 1) * (x**2 + x + 1)
assert sp.solve([x + y - 3, x - y - 1]) == {x: 2, y: 1}
assert sp.diff(sp.sin(x) ** 2, x) == 2 * sp.sin(x) * sp.cos(x)
assert abs(sp.lambdify(x, sp.sin(x), "numpy")(1.0) - 0.8414709848) < 1e-9
mpmath.mp.dps = 60
assert str(mpmath.pi)[-5:] == "74944" or len(str(mpmath.pi)) == 61
assert sp.latex(sp.Rational(1, 3)) == r"\frac{1}{3}"
print("ok")
