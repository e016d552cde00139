"""How far the best threshold on one number gets on labelled patches: python Tests/peers/single_threshold.py PATCHES.nc

PATCHES.nc: what the stage `scenes` makes with `patch`. For each variable the value in the middle, the least, largest and
mean value of the 3 x 3 and 5 x 5 cells about it, each as it is and less the patch's mean; a patch holds an event when the
number is above (or below) a threshold, the best one for these very patches."""
import sys

import netCDF4
import numpy as np

with netCDF4.Dataset(sys.argv[1]) as data:
    event = np.ma.filled(data["event"][:], 0)
    j, i = event.shape[1] // 2, event.shape[2] // 2
    truth = event[:, j, i] == 1
    results = []
    for name, variable in data.variables.items():
        if variable.ndim != 3 or name == "event":
            continue
        values = np.ma.filled(variable[:], np.nan).astype("f8")
        whole = np.nanmean(values, (1, 2))
        numbers = {"middle": values[:, j, i]}
        for half in (1, 2):
            part = values[:, j - half:j + half + 1, i - half:i + half + 1]
            for word, function in (("least", np.nanmin), ("largest", np.nanmax), ("mean", np.nanmean)):
                numbers[f"{word} of {2 * half + 1}x{2 * half + 1}"] = function(part, (1, 2))
        for word, number in numbers.items():
            for title, x in ((word, number), (word + " less the patch's mean", number - whole)):
                known = ~np.isnan(x)
                order = np.argsort(x[known])
                t = truth[known][order]
                below = np.concatenate([[0], np.cumsum(t)])
                # Events above the cut, or below it.
                n = np.arange(t.size + 1)
                above = (t.sum() - below) + (n - below)
                results.append((max(above.max(), (t.size - above).max()) / t.size, name, title))
    for accuracy, name, title in sorted(results, reverse=True)[:6]:
        print(f"{accuracy:.3f}  {name}, {title}")
    print(f"{max(truth.mean(), 1 - truth.mean()):.3f}  always the same answer, {truth.size} patches")
