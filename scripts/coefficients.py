"""Derives every constant of the elementary functions and prints the two TypeScript tables.

    python3 scripts/coefficients.py portable > src/engine/portable/coefficients.ts
    python3 scripts/coefficients.py f32 > src/engine/backends/wasm/functions/coefficients.ts

Needs mpmath; takes a few minutes. Each fit is a weighted minimax (scripts/minimax.py) of the function named in the table,
with the weight that turns its error into a relative error of the result.
"""

import struct
import sys
from functools import lru_cache

from mpmath import atan, cos, erf, erfc, exp, expm1, floor, log, mp, mpf, pi, sin, sqrt, tanh

from minimax import Fit, bits

TINY = mpf(10) ** -25
LN2_2 = log(2) / 2 * mpf("1.0001")


def odd(f, head=mpf(1), slope=None):
    """P with f(x) = x·(head + z·P(z)), z = x², as a function of z; `slope` is P(0)."""
    return lambda z: slope if z < TINY else (f(sqrt(z)) / sqrt(z) - head) / z


def odd_weight(f):
    return lambda z: mpf(0) if z == 0 else z * sqrt(z) / f(sqrt(z))


@lru_cache(maxsize=None)
def upper_quantile(p):
    """−Φ⁻¹(p) for 0 < p < ½, by Halley's iteration on erfc."""
    x = (mpf("0.5") - p) * sqrt(2 * pi) if p > mpf("0.2") else sqrt(-2 * log(p))
    for _ in range(20):
        step = (erfc(x / sqrt(2)) / 2 - p) / (exp(-x * x / 2) / sqrt(2 * pi))
        x += step / (1 - x * step / 2)
        if abs(step) < mpf(10) ** -20 * x:  # the next error is the cube of this one
            return x
    raise ArithmeticError(f"no quantile of {p}")


def tail_of(w):
    """The p < ½ with w = −ln 4p(1−p)."""
    return exp(-w) / 4 / (mpf("0.5") + sqrt(-expm1(-w)) / 2)


def centre(w):
    return sqrt(2 * pi) if w < TINY else upper_quantile(tail_of(w)) / (sqrt(-expm1(-w)) / 2)


def radius(p):
    return sqrt(-2 * log(p))


CENTRE_LIMIT = mpf(5)
TAIL_START = floor(radius(tail_of(CENTRE_LIMIT)) * 64) / 64
FAR_START = mpf(433) / 64  # just beyond the radius of 2⁻³³, the smallest probability of a 32-bit word
tail = lambda start: lambda t: upper_quantile(exp(-((t + start) ** 2) / 2)) - (t + start)
tail_weight = lambda start: lambda t: 1 / (tail(start)(t) + t + start)

# name: (what is fitted, comment, f, from, to, weight, terms in f64, terms in f32)
FITS = {
    "EXP": ("(eʳ − 1 − r)/r² on ±ln2/2", lambda r: (expm1(r) - r) / r**2 if r else mpf(1) / 2, -LN2_2, LN2_2, lambda r: r**2 / exp(r), 11, 5),
    "LOG": ("(2·atanh(s)/s − 2)/z, z = s², s ≤ tan²(π/8)", odd(lambda s: log((1 + s) / (1 - s)), mpf(2), mpf(2) / 3), mpf(0), (3 - sqrt(8)) ** 2 * mpf("1.0001"), lambda z: z / 2, 7, 3),
    "SIN": ("(sin r − r)/r³ in z = r², r ≤ π/4", odd(sin, slope=mpf(-1) / 6), mpf(0), (pi / 4) ** 2 * mpf("1.0001"), odd_weight(sin), 7, 4),
    "COS": ("(cos r − 1 + z/2)/z² in z = r², r ≤ π/4", lambda z: (cos(sqrt(z)) - 1 + z / 2) / z**2 if z > mpf(10) ** -18 else mpf(1) / 24, mpf(0), (pi / 4) ** 2 * mpf("1.0001"), lambda z: z**2 / cos(sqrt(z)), 6, 3),
    "TANH": ("(tanh x − x)/x³ in z = x², x ≤ 0.625", odd(tanh, slope=mpf(-1) / 3), mpf(0), mpf("0.625") ** 2, odd_weight(tanh), 12, 5),
    "ATAN": ("(atan q − q)/q³ in z = q², q ≤ tan(π/8)", odd(atan, slope=mpf(-1) / 3), mpf(0), (sqrt(2) - 1) ** 2 * mpf("1.0001"), odd_weight(atan), 12, 5),
    "ERF_NEAR": ("(erf(x)/x − ERF_HEAD)/z in z = x², x ≤ 1", None, mpf(0), mpf(1), odd_weight(erf), 12, 6),
    "ERFC_LOG": ("−ln erfc(1 + t), until erf rounds to 1", lambda t: -log(erfc(1 + t)), mpf(0), (mpf("4.95"), mpf("2.95")), lambda t: erfc(1 + t) / erf(1 + t), 20, 8),
    "QUANTILE_CENTRE": ("Φ⁻¹(½ + d)/d − 2.5 in w = −ln 4p(1−p), w ≤ 5", lambda w: centre(w) - mpf("2.5"), mpf(0), CENTRE_LIMIT, lambda w: 1 / centre(w), 24, 10),
    "QUANTILE_TAIL": ("Φ⁻¹ − r in r − QUANTILE_TAIL_START, r = √(−2 ln p), p ≥ 2⁻³³", tail(TAIL_START), mpf(0), FAR_START - TAIL_START, tail_weight(TAIL_START), (7, 6), None),
    "QUANTILE_FAR": ("Φ⁻¹ − r in r − QUANTILE_FAR_START, down to the smallest subnormal p", tail(FAR_START), mpf(0), radius(mpf(2) ** -1075) - FAR_START, tail_weight(FAR_START), (9, 9), None),
    "POW_LOG": ("(atanh(s)/s − 1 − z/3)/z² in z = s², s ≤ tan²(π/8)", lambda z: mpf(1) / 5 if z < mpf(10) ** -16 else ((log((1 + sqrt(z)) / (1 - sqrt(z))) / 2 / sqrt(z) - 1) / z - mpf(1) / 3) / z, mpf(0), (3 - sqrt(8)) ** 2 * mpf("1.0001"), lambda z: z, 8, None),
}

# f32 pow computes in f64, but only as far as its rounding to f32 can see.
SHORT = {"LOG": 5, "EXP": 7}


def cut(x, width):
    """x rounded down to `width` significant bits."""
    exponent = int(floor(log(abs(x), 2))) - width + 1
    return floor(x * mpf(2) ** -exponent) * mpf(2) ** exponent


def parts(x, widths):
    """x as a sum of numbers of the given widths, the last one rounded to f64."""
    out = []
    for width in widths:
        out.append(cut(x - sum(out), width))
    return out + [mpf(float(x - sum(out)))]


def show(x):
    return repr(float(x))


def listing(name, values):
    body = ",\n".join(f"  {show(v)}" for v in values)
    return f"export const {name}: readonly number[] = [\n{body},\n];\n"


def fit(name, dtype, head, short=False):
    comment, f, a, b, weight, wide, narrow = FITS[name]
    terms = SHORT[name] if short else wide if dtype == "f64" else narrow
    if terms is None:
        return ""
    if name == "ERF_NEAR":
        f = odd(erf, 1 + head, -2 / sqrt(pi) / 3)
    b = b[dtype == "f32"] if isinstance(b, tuple) else b
    top_terms, bottom_terms = terms if isinstance(terms, tuple) else (terms, 0)
    top, bottom, error = Fit(f, a, b, top_terms, bottom_terms, weight).rounded("f64" if short else dtype)
    name = f"SHORT_{name}" if short else name
    note = f"/** {comment}; relative error of the result 2^−{bits(error):.1f}. */\n"
    if not bottom_terms:
        return note + listing(name, top)
    show_list = lambda c: "[\n" + "".join(f"    {show(v)},\n" for v in c) + "  ]"
    return note + f"export const {name}: readonly [top: readonly number[], bottom: readonly number[]] = [\n  {show_list(top)},\n  {show_list(bottom)},\n];\n"


def constant(name, value, comment=None):
    return (f"/** {comment} */\n" if comment else "") + f"export const {name} = {show(value)};\n"


def tables(dtype):
    single = lambda x: mpf(struct.unpack("<f", struct.pack("<f", float(x)))[0])
    to = (lambda x: mpf(float(x))) if dtype == "f64" else single
    high = cut(log(2), 42 if dtype == "f64" else 15)
    head = to(2 / sqrt(pi) - 1)
    yield f"/** Constants of the {dtype} functions, printed by scripts/coefficients.py from 60-digit minimax fits; do not edit. */\n"
    yield "export const LOG2_E = Math.LOG2E;\n" if dtype == "f64" else constant("LOG2_E", to(1 / log(2)))
    yield constant("LN2_HIGH", high, "ln 2 in two parts; the first is short, so that its product with an exponent is exact.")
    yield constant("LN2_LOW", to(log(2) - high))
    yield constant("TANH_SPLIT", mpf("0.625"), "From here on tanh is 1 − 2/(e²ˣ + 1).")
    yield constant("ERF_HEAD", head, "2/√π − 1.")
    yield constant("QUANTILE_CENTRE_LIMIT", CENTRE_LIMIT)
    if dtype == "f64":
        yield constant("QUANTILE_TAIL_START", TAIL_START)
        third = mpf(float(mpf(1) / 3))
        yield constant("QUANTILE_FAR_START", FAR_START)
        yield constant("THIRD_HIGH", third, "⅓ in two parts.")
        yield constant("THIRD_LOW", mpf(1) / 3 - third)
        yield constant("TWO_OVER_PI", 2 / pi)
        four = ", ".join(show(p) for p in parts(pi / 2, [33, 33, 33]))
        yield f"/** π/2 in parts of 33, 33, 33 and 53 bits. */\nexport const PI_2_PARTS: readonly [number, number, number, number] = [{four}];\n"
        mp.prec = 1400
        yield f"/** The first 1216 bits of 2/π after the binary point. */\nexport const TWO_OVER_PI_BITS = 0x{int(floor(2 / pi * 2**1216)):0304x}n;\n"
        mp.dps = 60
    for name in FITS:
        yield fit(name, dtype, head)
    if dtype == "f32":
        for name in SHORT:
            yield fit(name, dtype, head, short=True)


if __name__ == "__main__":
    print("\n".join(part for part in tables({"portable": "f64", "f32": "f32"}[sys.argv[1]]) if part), end="")
