"""Numbers for SlopeTests: numpy; written to slopes.json beside this. y on x over 7 x 9 cells, one missing in each."""
import json
import pathlib

import numpy as np

k = np.arange(63).reshape(7, 9)
x = (k * 7919 % 1009).astype(float)
y = 280 - 0.0065 * x + (k * 104729 % 997) / 997
x, y = np.float32(x).astype(float), np.float32(y).astype(float)
x[2, 3], y[5, 7] = np.nan, np.nan


def slopes(half, prior, ridge, wraps=False):
    out = np.full(x.shape, np.nan)
    for j in range(7):
        for i in range(9):
            if np.isnan(x[j, i] + y[j, i]):
                continue
            rows = [r for r in range(j - half, j + half + 1) if 0 <= r < 7]
            columns = [c % 9 if wraps else c for c in range(i - half, i + half + 1) if wraps or 0 <= c < 9]
            a, b = x[np.ix_(rows, columns)].ravel(), y[np.ix_(rows, columns)].ravel()
            ok = ~np.isnan(a + b)
            covariance = np.cov(a[ok], b[ok], bias=True)
            out[j, i] = (covariance[0, 1] + ridge * prior) / (covariance[0, 0] + ridge)
    return [None if np.isnan(v) else v for v in out.ravel()]


made = {"plain": slopes(1, 0, 0), "ridge": slopes(2, -0.0065, 2e4), "globe": slopes(1, 0, 0, True)}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(made))
