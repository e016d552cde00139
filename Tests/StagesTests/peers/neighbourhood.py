"""Numbers for LocalRegressTests and DisaggregateTests: numpy; written to neighbourhood.json beside this.

Field v: base + amplitude * (((7919 + 2 v) n + 104729 v) mod 1009) / 1009, n the index of the value; float32. The fine
target has 40 months (noleap, from January 2001) on 8 x 12 cells, the coarse field 4 x 6 cells of 2 x 2 blocks.
"""
import json
import pathlib

import numpy as np

T, J, I = 40, 8, 12
f32 = lambda a: np.asarray(a, np.float32).astype(np.float64)


def raw(v, base, amplitude, shape):
    n = np.arange(np.prod(shape)).reshape(shape)
    return f32(base + amplitude * (((7919 + 2 * v) * n + 104729 * v) % 1009) / 1009)


coarse = raw(1, 270, 20, (T, J // 2, I // 2))
target = f32(raw(2, 0, 4, (T, J, I)) + np.kron(coarse, np.ones((1, 2, 2))))
coarse[7, 1, 2] = np.nan
target[3, 5, 5] = np.nan
train = slice(0, 30)
out = {}


def fit(ridge):
    result = np.full((T, J, I), np.nan)
    for j in range(J):
        for i in range(I):
            x = np.stack([coarse[:, y, k] for y in range(j // 2 - 1, j // 2 + 2) for k in range(i // 2 - 1, i // 2 + 2)
                          if 0 <= y < J // 2 and 0 <= k < I // 2], 1)
            y = target[train, j, i]
            ok = ~np.isnan(y)
            x = x[:, ~np.isnan(x[train][ok]).any(0)]
            m, s = x[train][ok].mean(0), x[train][ok].std(0)
            z = (x[train][ok] - m) / s
            n = ok.sum()
            b = np.linalg.solve(z.T @ z / n + ridge * np.eye(z.shape[1]), z.T @ (y[ok] - y[ok].mean()) / n)
            result[:, j, i] = y[ok].mean() + (x - m) / s @ b
    return result


for ridge in (0.0, 0.3):
    out[f"ridge{ridge:g}"] = fit(ridge)

# Disaggregation: the climatology of the first 24 steps, departures bilinear with the edge held.
clim = np.stack([np.nanmean(target[:24][m::12], 0) for m in range(12)])
rain = np.abs(target - 270) + 0.1
small = np.abs(np.where(np.isnan(coarse), 280.0, coarse) - 270) + 0.2
rain, small = f32(np.where(np.isnan(rain), 1.0, rain)), f32(small)
wet = np.stack([rain[:24][m::12].mean(0) for m in range(12)])


def fine(a):
    def along(a, n):
        x = np.clip((np.arange(2 * n) + 0.5) / 2 - 0.5, 0, n - 1)
        low = np.minimum(x.astype(int), n - 2)
        share = (x - low).reshape([-1] + [1] * (a.ndim - 1))
        return a[low] * (1 - share) + a[low + 1] * share
    return along(along(a, a.shape[0]).T, a.shape[1]).T


blocks = lambda a: a.reshape(J // 2, 2, I // 2, 2).mean((1, 3))
filled = np.where(np.isnan(coarse), 280.0, coarse)
out["additive"] = np.stack([clim[t % 12] + fine(filled[t] - blocks(clim[t % 12])) for t in range(T)])
out["multiplicative"] = np.stack([wet[t % 12] * fine(small[t] / blocks(wet[t % 12])) for t in range(T)])
keep = [0, 7, 35]
text = {k: [None if np.isnan(x) else float(x) for x in v[keep].ravel()] for k, v in out.items()}
pathlib.Path(__file__).with_name("neighbourhood.json").write_text(json.dumps(text, separators=(",", ":")) + "\n")
