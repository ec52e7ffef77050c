"""Weighted minimax fits (Remez exchange on a dense grid) of polynomials and rationals, rounded coefficient by coefficient.

Needs python3 with mpmath. Used by coefficients.py; every number in src/engine/portable/coefficients.ts comes from there.
"""

import struct

from mpmath import cos, log, matrix, lu_solve, mp, mpf, pi

mp.dps = 60


def round_to(x, dtype):
    """The nearest value of the element type, as an exact mpf."""
    if dtype == "f64":
        return mpf(float(x))
    return mpf(struct.unpack("<f", struct.pack("<f", float(x)))[0])


def grid(a, b, count):
    """Chebyshev points of [a, b], both ends included, ascending."""
    a, b = mpf(a), mpf(b)
    return [(a + b) / 2 - (b - a) / 2 * cos(pi * i / (count - 1)) for i in range(count)]


def extrema(errors, wanted):
    """Indices of an alternating sequence of the `wanted` largest local extremes."""
    runs = []
    for i, e in enumerate(errors):
        if runs and (errors[runs[-1]] > 0) == (e > 0):
            if abs(e) > abs(errors[runs[-1]]):
                runs[-1] = i
        else:
            runs.append(i)
    while len(runs) > wanted:
        if len(runs) == wanted + 1:
            runs.pop(0 if abs(errors[runs[0]]) < abs(errors[runs[-1]]) else -1)
        else:
            k = min(range(len(runs) - 1), key=lambda j: abs(errors[runs[j]]) + abs(errors[runs[j + 1]]))
            del runs[k : k + 2]
    return runs


class Fit:
    """min over p, q of max |w(x)·(f(x) − P(x)/Q(x))|, Q(0) = 1, on [a, b]; the first coefficients of P may be fixed."""

    def __init__(self, f, a, b, top, bottom=0, weight=None):
        self.top, self.bottom = top, bottom
        weight = weight or (lambda x: mpf(1))
        self.x = [x for x in grid(a, b, max(400, 40 * (top + bottom))) if weight(x) != 0]
        self.f = [mpf(f(x)) for x in self.x]
        self.w = [mpf(weight(x)) for x in self.x]

    def solve(self, fixed=()):
        free, m, x = self.top - len(fixed), self.bottom, self.x
        n = free + m
        at = [round(i * (len(x) - 1) / n) for i in range(n + 1)]
        base = [sum(c * xi**k for k, c in enumerate(fixed)) for xi in x]
        q = [mpf(1)] * len(x)
        last = None
        for _ in range(60):
            for _ in range(1 if m == 0 else 8):
                rows = matrix(n + 1, n + 1)
                right = matrix(n + 1, 1)
                for r, i in enumerate(at):
                    for k in range(free):
                        rows[r, k] = x[i] ** (k + len(fixed))
                    for k in range(m):
                        rows[r, free + k] = -self.f[i] * x[i] ** (k + 1)
                    rows[r, n] = (-1) ** r * q[i] / self.w[i]
                    right[r] = self.f[i] - base[i]
                c = lu_solve(rows, right)
                bottom = [mpf(1)] + [c[free + k] for k in range(m)]
                q = [sum(b * xi**k for k, b in enumerate(bottom)) for xi in x]
            top = list(fixed) + [c[k] for k in range(free)]
            error = [w * (f - sum(t * xi**k for k, t in enumerate(top)) / qi) for w, f, xi, qi in zip(self.w, self.f, x, q)]
            worst = max(abs(e) for e in error)
            new = extrema(error, n + 1)
            if len(new) < n + 1 or new == at or (last is not None and abs(last - worst) < worst / 1000):
                return top, bottom, worst
            last, at = worst, new
        return top, bottom, worst

    def rounded(self, dtype):
        """Rounds the coefficients of P in turn from the constant up, refitting the rest; a rational is rounded at once."""
        if self.bottom:
            top, bottom, _ = self.solve()
            top, bottom = [round_to(c, dtype) for c in top], [round_to(c, dtype) for c in bottom]
            return top, bottom, self.worst(top, bottom)
        fixed = []
        while len(fixed) < self.top:
            top, _, _ = self.solve(fixed)
            fixed.append(round_to(top[len(fixed)], dtype))
        return fixed, [mpf(1)], self.worst(fixed, [1])

    def worst(self, top, bottom):
        value = lambda c, x: sum(k * x**i for i, k in enumerate(c))
        return max(abs(w * (f - value(top, x) / value(bottom, x))) for w, f, x in zip(self.w, self.f, self.x))


def bits(error):
    return float(-log(error, 2)) if error else 999.0
