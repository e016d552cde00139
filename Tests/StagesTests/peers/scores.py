"""Numbers for EvaluateTests and RegressTests: numpy's sums and least squares, written to scores.json beside this.

Fields are float32 of base + amplitude * ((7919 k + 104729 v) mod 1009) / 1009, k the index of the value and v the
number of the field, on 26 months x 6 latitudes x 12 longitudes of the globe; field v lacks the values with
(k + v) mod (11 + v) = 0.
"""
import json
import pathlib

import numpy as np

T, J, I = 26, 6, 12
LAT = -90 + (np.arange(J) + 0.5) * 30
LON = np.arange(I) * 30.0


def field(v, base, amplitude, months=T):
    k = np.arange(months * J * I).reshape(months, J, I)
    x = (base + amplitude * ((7919 * k + 104729 * v) % 1009) / 1009).astype(np.float32).astype(np.float64)
    return np.where((k + v) % (11 + v) == 0, np.nan, x)


truth = field(0, 250, 40)
near = (truth + np.nan_to_num(field(1, -1, 3))).astype(np.float32).astype(np.float64)
far = field(2, 255, 30)
methods = {"near": near, "far": far}
valid = ~np.isnan(truth) & ~np.isnan(near) & ~np.isnan(far)
month = np.arange(T) % 12 + 1
east = (LON[None, :] - 300) % 360
regions = {
    "all": np.ones((J, I), bool),
    "north": np.repeat((LAT > 0)[:, None], I, 1),
    "box": ((LAT >= -50) & (LAT <= 50))[:, None] & (east <= 120),
    "rest": ~(((LAT >= -50) & (LAT <= 50))[:, None] & (east <= 120)),
}
area = np.repeat((np.sin(np.radians(LAT + 15)) - np.sin(np.radians(LAT - 15)))[:, None], I, 1)


def scores(x, y, w):
    d = x - y
    m = lambda a: float((w * a).sum() / w.sum())
    xx, yy = x - m(x), y - m(y)
    return [np.sqrt(m(d * d)), m(abs(d)), m(d), m(xx * yy) / np.sqrt(m(xx * xx) * m(yy * yy)), abs(d).max(), len(d)]


result = {}
for name, weights in [("none", np.ones((J, I))), ("area", area)]:
    table = []
    for field_ in methods.values():
        for inside in regions.values():
            for period in [None] + list(range(1, 13)):
                keep = valid & inside[None] & ((month == period)[:, None, None] if period else True)
                table.append([float(s) for s in scores(field_[keep], truth[keep], np.broadcast_to(weights, truth.shape)[keep])])
    result[name] = table

# target = base + a x1 + b x2 (+ c), fitted on rows 1 to 4 of the first 20 months.
base, x1, x2 = field(3, 250, 40), field(4, 0, 2000, 1), field(5, -1, 2)
target = (np.nan_to_num(base) - 0.0065 * np.nan_to_num(x1) + 1.5 * np.nan_to_num(x2) + 0.25
          + np.nan_to_num(field(6, -0.5, 1))).astype(np.float32).astype(np.float64)
x1 = np.broadcast_to(x1, base.shape)
fit = {}
part = np.zeros(base.shape, bool)
part[:20, 1:5] = True
part &= ~np.isnan(base + x1 + x2)
for name, columns in [("without", [x1, x2]), ("with", [x1, x2, np.ones_like(base)])]:
    a = np.stack([c[part] for c in columns], 1)
    b = np.linalg.lstsq(a, (target - base)[part], rcond=None)[0]
    applied = base + sum(k * c for k, c in zip(b, columns))
    fit[name] = {"coefficients": b.tolist(), "n": int(part.sum()),
                 "rms": float(np.sqrt(np.mean((applied - target)[part] ** 2))),
                 "applied": [None if np.isnan(v) else float(v) for v in applied[25].ravel()]}
result["regress"] = fit
path = pathlib.Path(__file__).with_name("scores.json")
path.write_text(json.dumps(result, indent=None, separators=(",", ":")) + "\n")
