"""Numbers for QuantileMapTests: numpy and scipy (gamma by scipy.stats.gamma.fit); written to quantiles.json beside this.

Monthly values, noleap, 1961-1990 (reference, observed) and 1991-2020 (field): field v, cell c (6 cells), step k:
base + amplitude * (((7919 + 2 v) n + 104729 v) mod 1009) / 1009, n = 6 k + c; float32.
"""
import json
import pathlib

import numpy as np
from scipy import special, stats

Y, C = 30, 6
f32 = lambda a: np.asarray(a, np.float32).astype(np.float64)


def raw(v, base, amplitude):
    n = np.arange(12 * Y * C).reshape(12 * Y, C)
    return base + amplitude * (((7919 + 2 * v) * n + 104729 * v) % 1009) / 1009


month = np.arange(12 * Y) % 12
season = 10 * np.sin(2 * np.pi * month / 12)[:, None]
tas = {"observed": f32(raw(1, 280, 8) + season), "reference": f32(raw(2, 277, 12) + season),
       "field": f32(raw(3, 278, 14) + season + 0.005 * np.arange(12 * Y)[:, None])}
pr = {"observed": f32(np.maximum(0, raw(4, -3, 10)) ** 1.5), "reference": f32(np.maximum(0, raw(5, -1, 7)) ** 1.4),
      "field": f32(np.maximum(0, raw(6, -1, 9)) ** 1.4)}
tas["observed"][5, 2] = np.nan
tas["field"][7, 1] = np.nan
WET = 0.5


def cdf(table, x):
    """Linear between the nodes; the lowest probability of what is there more than once."""
    n = len(table) - 1
    i = np.searchsorted(table, x, side="left")
    if i > n:
        return 1.0, table[-1]
    if i == 0:
        return 0.0, (table[0] if x < table[0] else None)
    return (i - 1 + (x - table[i - 1]) / (table[i] - table[i - 1])) / n, None


def change(kind, y, x, other):
    return y + x - other if kind == "additive" else (y * (x / other) if other > 0 else y)


def empirical(data, method, kind, extrapolate, wet, nodes=21, shift=None):
    out = np.full(data["field"].shape, np.nan)
    p = np.linspace(0, 1, nodes)
    for c in range(C):
        for m in range(12):
            def table(name):
                z = data[name][month == m, c]
                z = z[~np.isnan(z)]
                return np.quantile(np.where(z < wet, 0, z) if wet else z, p)
            o, r, f = table("observed"), table("reference"), table("field")
            for k in np.flatnonzero(month == m):
                x = data["field"][k, c]
                if np.isnan(x):
                    continue
                if shift is not None:
                    x = x - shift[k, c]
                if wet and x < wet:
                    out[k, c] = 0
                    continue
                if method == "qm":
                    q, end = cdf(r, x)
                    y = np.interp(q, p, o)
                    if end is not None:
                        y = {"constant": change(kind, y, x, end), "clamp": y, "missing": np.nan}[extrapolate]
                else:
                    q, _ = cdf(f, x)
                    y = change(kind, np.interp(q, p, o), x, np.interp(q, p, r))
                if wet and y < wet:
                    y = 0
                out[k, c] = y + (shift[k, c] if shift is not None else 0)
    return out


def normal(data, method, kind):
    out = np.full(data["field"].shape, np.nan)
    for c in range(C):
        for m in range(12):
            (mo, so), (mr, sr), (mf, sf) = ((np.nanmean(data[n][month == m, c]), np.nanstd(data[n][month == m, c]))
                                            for n in ("observed", "reference", "field"))
            x = data["field"][month == m, c]
            z = (x - mr) / sr if method == "qm" else (x - mf) / sf
            y = mo + z * so
            out[month == m, c] = y if method == "qm" else change(kind, y, x, mr + z * sr)
    return out


def gamma(data, method, kind):
    out = np.zeros(data["field"].shape)
    fits = {}
    for c in range(C):
        for m in range(12):
            def fit(name):
                z = data[name][month == m, c]
                w = z[z >= WET]
                s = np.log(w.mean()) - np.log(w).mean()
                from scipy.optimize import brentq
                k = brentq(lambda a: np.log(a) - special.digamma(a) - s, 1e-3, 1e5, xtol=1e-14, rtol=1e-15)
                if (c, m) == (0, 0):
                    a, _, scale = stats.gamma.fit(w, floc=0)
                    assert abs(a - k) < 1e-4 * k, (a, k)
                return 1 - len(w) / len(z), k, w.mean() / k
            o, r, f = (tuple(f32(fit(n))) for n in ("observed", "reference", "field"))
            F = lambda d, x: d[0] + (1 - d[0]) * stats.gamma.cdf(x, d[1], scale=d[2])
            Q = lambda d, q: 0.0 if q <= d[0] else stats.gamma.ppf((q - d[0]) / (1 - d[0]), d[1], scale=d[2])
            for i in np.flatnonzero(month == m):
                x = data["field"][i, c]
                if x < WET:
                    continue
                if method == "qm":
                    y = Q(o, F(r, x))
                else:
                    q = F(f, x)
                    y = change(kind, Q(o, q), x, Q(r, q))
                out[i, c] = y if y >= WET else 0
    return out


years = np.arange(12 * Y) // 12
running = np.stack([np.nanmean(tas["field"][(month == month[k]) & (abs(years - years[k]) <= 4)], 0) for k in range(12 * Y)])
mean = np.stack([np.nanmean(tas["reference"][month == m], 0) for m in range(12)])
shift = f32(running) - f32(mean)[month]
cases = {
    "qm": empirical(tas, "qm", "additive", "constant", None),
    "clamp": empirical(tas, "qm", "additive", "clamp", None),
    "missing": empirical(tas, "qm", "additive", "missing", None),
    "qdm": empirical(tas, "qdm", "additive", None, None),
    "detrend": empirical(tas, "qm", "additive", "constant", None, shift=shift),
    "rain": empirical(pr, "qm", "multiplicative", "constant", WET),
    "rain_qdm": empirical(pr, "qdm", "multiplicative", None, WET),
    "normal": normal(tas, "qm", "additive"), "normal_qdm": normal(tas, "qdm", "additive"),
    "gamma": gamma(pr, "qm", "multiplicative"), "gamma_qdm": gamma(pr, "qdm", "multiplicative"),
}
# The first two and the last three years.
keep = np.r_[0:24, 12 * Y - 36:12 * Y]
out = {k: [None if np.isnan(x) else float(x) for x in v[keep].ravel()] for k, v in cases.items()}
k = np.array([0.05, 0.3, 1, 2.5, 40, 500])
x = np.array([1e-6, 0.1, 0.9, 1, 3, 30, 45, 520])
out["incomplete"] = special.gammainc(k[:, None], x[None]).ravel().tolist()
out["digamma"] = special.digamma(k).tolist()
out["trigamma"] = special.polygamma(1, k).tolist()
q = np.array([1e-9, 0.001, 0.2, 0.5, 0.99, 1 - 1e-9])
out["inverse"] = special.gammaincinv(k[:, None], q[None]).ravel().tolist()
pathlib.Path(__file__).with_name("quantiles.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
