"""Numbers for WetFrequencyTests: numpy; written to wet_frequency.json beside this. The fields of quantiles.py."""
import json
import pathlib

import numpy as np

Y, C, WET = 30, 6, 0.5
f32 = lambda a: np.asarray(a, np.float32).astype(np.float64)
month = np.arange(12 * Y) % 12


def rain(v, base, amplitude, power):
    n = np.arange(12 * Y * C).reshape(12 * Y, C)
    return f32(np.maximum(0, base + amplitude * (((7919 + 2 * v) * n + 104729 * v) % 1009) / 1009) ** power)


observed, reference, field = rain(4, -3, 10, 1.5), rain(5, -1, 7, 1.4), rain(6, -1, 9, 1.4)


def adapted(observed, reference, field):
    out = np.empty_like(field)
    for c in range(C):
        for m in range(12):
            own = month == m
            o, r, x = observed[own, c], reference[own, c], field[own, c]
            wet = int(np.floor((o >= WET).mean() * len(r) + 0.5))
            falling = np.sort(r)[::-1]
            if wet == 0:
                t = max(np.nextafter(np.float32(falling[0]), np.float32(np.inf)), WET)
            else:
                t = falling[wet - 1]
                if t <= 0:
                    t = falling[falling > 0].min() if (falling > 0).any() else WET
            out[own, c] = np.where(x < t, 0, np.maximum(x, WET))
    return out


made = {"drier": adapted(observed, reference, field), "wetter": adapted(reference, observed, observed)}
for name, (o, f) in {"drier": (observed, adapted(observed, reference, reference)),
                     "wetter": (reference, made["wetter"])}.items():
    share = lambda a: np.stack([(a[month == m] >= WET).mean(0) for m in range(12)])
    print(name, "largest difference of wet shares in the training:", abs(share(o) - share(f)).max())
path = pathlib.Path(__file__).with_suffix(".json")
path.write_text(json.dumps({k: v.ravel().tolist() for k, v in made.items()}))
