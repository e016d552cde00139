"""Numbers for MetricTests: xskillscore 0.0.29 where it has the measure, else scipy and numpy; written to metrics.json
beside this. Needs `pip install xskillscore==0.0.29 scipy numpy xarray`.

Fields are float32 of base + amplitude * (((7919 + 2 v) k + 104729 v) mod 1009) / 1009 (k the index of the value, v the number of
the field); rain is made of means of 3 x 3 periodic neighbours, see `smooth`.
"""
import json
import pathlib

import numpy as np
import scipy.ndimage as ndimage
import xarray as xr
import xskillscore as xs

T, J, I, M = 90, 16, 20, 5
f32 = lambda a: np.asarray(a, np.float32).astype(np.float64)


def raw(v, base, amplitude, shape):
    k = np.arange(np.prod(shape)).reshape(shape)
    return f32(base + amplitude * (((7919 + 2 * v) * k + 104729 * v) % 1009) / 1009)


def smooth(a):
    """Mean of 3 x 3 neighbours, around both edges, in a fixed order; float32."""
    total = np.zeros_like(a)
    for dy in (-1, 0, 1):
        for dx in (-1, 0, 1):
            total = total + np.roll(a, (dy, dx), (-2, -1))
    return f32(total / 9)


tas = {"truth": raw(0, 250, 40, (T, J, I))}
tas["near"] = f32(tas["truth"] + raw(1, -1, 3, (T, J, I)))
# An ensemble about the truth: [time, member, row, column].
tas["many"] = np.stack([f32(tas["truth"] + raw(2 + m, -2, 4.5, (T, J, I))) for m in range(M)], 1)
tas["std"] = raw(9, 0.5, 2, (T, J, I))
rain = {n: f32(np.maximum(0, smooth(raw(v, 0, 60, (T, J, I))) - shift))
        for n, v, shift in (("truth", 20, 32), ("near", 23, 31))}
rain["near"] = f32(0.7 * rain["truth"] + 0.3 * rain["near"])

# noleap, from 2001-11-15 12:00 every 8 days.
day = 318.5 + 8 * np.arange(T)
year = 2001 + (day // 365).astype(int)
lengths = np.cumsum([0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
month = np.searchsorted(lengths, day % 365, side="right")

D = xr.DataArray
dims = ["time", "y", "x"]
y, x = D(tas["truth"], dims=dims), D(tas["near"], dims=dims)
e = D(tas["many"], dims=["time", "member", "y", "x"])
out = {}
f = float
out["rmse"] = f(xs.rmse(x, y))
out["mse"] = f(xs.mse(x, y))
out["mae"] = f(xs.mae(x, y))
out["me"] = f(xs.me(x, y))
out["pearson_r"] = f(xs.pearson_r(x, y))
out["r2"] = f(xs.r2(y, x))
out["mape"] = f(xs.mape(y, x))
out["temporal_pearson_r"] = f(xs.pearson_r(x, y, dim="time").mean())
group = lambda a: a - np.stack([a[month == m].mean(0) for m in range(1, 13) if (month == m).any()])[
    np.searchsorted(np.unique(month), month)]
out["deseasonalised_pearson_r"] = f(
    xs.pearson_r(D(group(tas["near"]), dims=dims), D(group(tas["truth"]), dims=dims), dim="time").mean())
out["crps_ensemble"] = f(xs.crps_ensemble(y, e))
pairs = abs(e.rename(member="a") - e.rename(member="b")).sum(["a", "b"]) / (M * (M - 1))
out["crps_fair"] = f((abs(e - y).mean("member") - pairs / 2).mean())
out["crps_gaussian"] = f(xs.crps_gaussian(y, x, D(tas["std"], dims=dims)))
ranks = xs.rank_histogram(y, e)
out["rank_histogram"] = (ranks.values / ranks.values.sum()).tolist()
mean = e.mean("member")
spread = np.sqrt(f(e.var("member", ddof=1).mean()) * (M + 1) / M)
out["spread"], out["spread_skill_ratio"] = spread, spread / f(xs.rmse(mean, y))
out["brier_score_270"] = f(xs.threshold_brier_score(y, e, 270))
out["reliability"] = []
p, o = (e > 270).mean("member"), (y > 270)
r = xs.reliability(o, p, probability_bin_edges=np.array([0, 0.2, 0.4, 0.6, 0.8, 1 + 1e-8]) - 1e-9)
out["reliability"] = [None if np.isnan(v) else f(v) for v in r.values]
c = xs.Contingency(y, x, np.array([-1e9, 269.9999999, 1e9]), np.array([-1e9, 269.9999999, 1e9]), dim=dims)
out["contingency"] = [f(v) for v in (c.hit_rate(), c.false_alarm_ratio(), c.bias_score(), c.threat_score(), c.equit_threat_score())]

# Indices.
levels = [0.01, 0.1, 0.5, 0.9, 0.99, 0.999]
out["quantile_bias"] = [f((np.quantile(tas["near"], q, axis=0) - np.quantile(tas["truth"], q, axis=0)).mean()) for q in levels]
a, b = rain["near"], rain["truth"]
per_year = lambda fun, z: np.mean([fun(z[year == n]) for n in np.unique(year)], 0)


def run(z):
    longest = np.zeros(z.shape[1:])
    now = np.zeros(z.shape[1:])
    for step in z:
        now = np.where(step, now + 1, 0)
        longest = np.maximum(longest, now)
    return longest


def bias(fun):
    u, v = fun(a), fun(b)
    ok = np.isfinite(u) & np.isfinite(v)
    return f((u - v)[ok].mean())


with np.errstate(invalid="ignore", divide="ignore"):
    out["R01"] = bias(lambda z: (z >= 1).mean(0))
    out["SDII"] = bias(lambda z: np.where(z >= 1, z, 0).sum(0) / (z >= 1).sum(0))
    out["Rx1day"] = bias(lambda z: per_year(lambda q: q.max(0), z))
    out["TNn"] = bias(lambda z: per_year(lambda q: q.min(0), z))
    out["CDD"] = bias(lambda z: per_year(lambda q: run(q < 1), z))
    out["CWD"] = bias(lambda z: per_year(lambda q: run(q >= 1), z))
out["std_ratio"] = f(a.std(0).mean() / b.std(0).mean())
years = lambda z: np.stack([z[year == n].mean(0) for n in np.unique(year)]).std(0)
out["interannual_variability"] = f(years(a).mean() / years(b).mean())

# Maps.
share = lambda z: ndimage.uniform_filter((z >= 2).astype(float), size=(1, 5, 5), mode="constant")
pa, pb = share(a), share(b)
out["fss"] = f(1 - ((pa - pb) ** 2).sum() / (pa ** 2 + pb ** 2).sum())


def ssim(u, v, n=7):
    """scikit-image 0.25: structural_similarity(u, v, data_range=range of the truth)."""
    m = lambda z: ndimage.uniform_filter(z, size=n)
    norm = n * n / (n * n - 1)
    ux, uy = m(u), m(v)
    vx, vy, vxy = norm * (m(u * u) - ux * ux), norm * (m(v * v) - uy * uy), norm * (m(u * v) - ux * uy)
    L = v.max() - v.min()
    c1, c2 = (0.01 * L) ** 2, (0.03 * L) ** 2
    s = (2 * ux * uy + c1) * (2 * vxy + c2) / ((ux ** 2 + uy ** 2 + c1) * (vx + vy + c2))
    k = n // 2
    return s[k:-k, k:-k].mean()


out["ssim"] = f(np.mean([ssim(u, v) for u, v in zip(a, b)]))
out["psnr"] = f(np.mean([10 * np.log10((v.max() - v.min()) ** 2 / ((u - v) ** 2).mean()) for u, v in zip(a, b)]))


def objects(z):
    limit = np.quantile(z[z > 0], 0.95) / 15
    labels, n = ndimage.label((z >= limit) & (z > 0), structure=np.ones((3, 3)))
    k = range(1, n + 1)
    mass = np.array(ndimage.sum(z, labels, k))
    peak = np.array(ndimage.maximum(z, labels, k))
    centres = np.array(ndimage.center_of_mass(z, labels, k))
    centre = np.array(ndimage.center_of_mass(z))
    return z.mean(), (mass * mass / peak).sum() / mass.sum(), centre, (
        mass * np.hypot(*(centres - centre).T)).sum() / mass.sum()


sal = []
for u, v in zip(a, b):
    (ma, va, ca, ra), (mb, vb, cb, rb) = objects(u), objects(v)
    s, am = 2 * (va - vb) / (va + vb), 2 * (ma - mb) / (ma + mb)
    sal.append([s, am, (np.hypot(*(ca - cb)) + 2 * abs(ra - rb)) / np.hypot(J - 1, I - 1), abs(s), abs(am)])
out["sal"] = np.mean(sal, 0).tolist()

bounds = [2, 4, 8, 16]
sums = np.zeros((3, 2))
wave = 1 / np.maximum(1e-9, np.hypot(np.fft.fftfreq(J)[:, None], np.fft.fftfreq(I)[None]))
for u, v in zip(a, b):
    pu, pv = abs(np.fft.fft2(u - u.mean())) ** 2, abs(np.fft.fft2(v - v.mean())) ** 2
    for n, (low, high) in enumerate(zip(bounds, bounds[1:])):
        keep = (wave >= low) & (wave < high)
        keep[0, 0] = False
        sums[n] += pu[keep].sum(), pv[keep].sum()
ratio = sums[:, 0] / sums[:, 1]
out["power_spectrum"] = ratio.tolist() + [f(np.sqrt((10 * np.log10(ratio)).__pow__(2).mean()))]
pathlib.Path(__file__).with_name("metrics.json").write_text(json.dumps(out, indent=1) + "\n")
