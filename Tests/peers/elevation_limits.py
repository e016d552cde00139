"""What could be known of a map of temperature from its coarse means and the relief: the figures on gridMET in docs/downscaling.md.

  Tests/peers/elevation_limits.py gridmet.nc

The file has `tmmx` and `elevation` on one grid. For each half of the map: the error of the estimate `local` of
pipelines/downscaling/temperature-elevation.yaml, made here anew with numpy; how alike it is in cells some distance apart; its
correlation with the relief that the coarse grid does not see; and what would be left of it if somebody told for each coarse
cell the plane, the lapse rate, or both that fit the truth best in it.
"""
import sys

import netCDF4
import numpy as np

FACTOR, RIDGE = 8, 1000


def blocks(field):
    rows, columns = field.shape
    return field.reshape(rows // FACTOR, FACTOR, columns // FACTOR, FACTOR)


def coarse(field):
    return blocks(field).mean((1, 3))


def nearest(field):
    return field.repeat(FACTOR, 0).repeat(FACTOR, 1)


def bilinear(field):
    """Cells without a value get no weight."""
    known = np.isfinite(field)

    def at(count):
        x = np.clip((np.arange(count * FACTOR) + 0.5) / FACTOR - 0.5, 0, count - 1)
        first = np.minimum(x.astype(int), count - 2)
        return first, x - first

    (i, u), (j, v) = at(field.shape[0]), at(field.shape[1])
    u, v = u[:, None], v[None]
    total = lambda a: (a[np.ix_(i, j)] * (1 - u) * (1 - v) + a[np.ix_(i + 1, j)] * u * (1 - v)
                       + a[np.ix_(i, j + 1)] * (1 - u) * v + a[np.ix_(i + 1, j + 1)] * u * v)
    weight = total(known.astype(float))
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(weight > 0.01, total(np.where(known, field, 0)) / weight, np.nan)


def slopes(temperature, height):
    result = np.full_like(temperature, np.nan)
    for i, j in np.argwhere(np.isfinite(temperature)):
        window = np.s_[max(0, i - 1):i + 2, max(0, j - 1):j + 2]
        known = np.isfinite(temperature[window])
        t, z = temperature[window][known], height[window][known]
        result[i, j] = np.mean((t - t.mean()) * (z - z.mean())) / (z.var() + RIDGE)
    return result


def main():
    with netCDF4.Dataset(sys.argv[1]) as file:
        field = lambda name: np.ma.filled(np.squeeze(file[name][:]).astype(float), np.nan)[:576, :1376]
        truth, height = field("tmmx"), field("elevation")
    means, heights = coarse(truth), coarse(height)
    detail = height - bilinear(heights)
    estimate = bilinear(means) + bilinear(slopes(means, heights)) * detail
    for _ in range(2):
        estimate = estimate + bilinear(means - coarse(estimate))
    estimate = estimate + nearest(means - coarse(estimate))
    error = np.where(nearest(np.isfinite(means)), truth - estimate, np.nan)
    y, x = (a.ravel() - (FACTOR - 1) / 2 for a in np.mgrid[:FACTOR, :FACTOR])
    for name, part in [("west", np.s_[:, :688]), ("east", np.s_[:, 688:]), ("upper", np.s_[:288]), ("lower", np.s_[288:])]:
        here = error[part]
        alike = [np.nanmean(here[:, :-d] * here[:, d:]) / np.nanmean(here**2) for d in (1, 2, 3, 4, 6, 8)]
        known = np.isfinite(here)
        cells = lambda a: blocks(a[part]).transpose(0, 2, 1, 3).reshape(-1, FACTOR * FACTOR)
        e, z = cells(error), cells(height - nearest(heights))
        z, e = z[np.isfinite(e).all(1)], e[np.isfinite(e).all(1)]
        left = {}
        for title, given in [("plane", [y, x]), ("lapse rate", []), ("both", [y, x])]:
            rest = 0
            for one, relief in zip(e, z):
                design = np.stack(given + ([relief] if title != "plane" else []), 1)
                rest += np.sum((one - design @ np.linalg.lstsq(design, one, rcond=None)[0]) ** 2)
            left[title] = np.sqrt(rest / np.sum(e**2))
        worst = np.sort(np.mean(e**2, 1))
        print(f"{name}: {np.sqrt(np.nanmean(here**2)):.3f} K; alike at 1, 2, 3, 4, 6, 8 cells "
              + " ".join(f"{a:.2f}" for a in alike)
              + f"; correlation with the unseen relief {np.corrcoef(here[known], detail[part][known])[0, 1]:.2f}; left when told the "
              + ", ".join(f"{k} {v:.2f}" for k, v in left.items())
              + f"; in the worst tenth of the coarse cells {worst[-len(worst) // 10:].sum() / worst.sum():.0%} of it")


if __name__ == "__main__":
    main()
