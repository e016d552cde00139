"""Golden numbers of the pooling operators: python3 pooling.py (needs torch)."""

import numpy as np
import torch
import torch.nn.functional as F
from pattern import case, pattern, write


def padded(x, pads, value):
    """pads as torch's F.pad: last dimension first."""
    return F.pad(x, pads, value=value)


WIDE = (-20, 20)
INF = float("-inf")

write(
    "MaxPool.json",
    [
        case("2x2", lambda x: F.max_pool2d(x, 2), [((2, 3, 6, 5), *WIDE)], {0}),
        case("3x3 stride 2 padded", lambda x: F.max_pool2d(x, 3, 2, 1), [((1, 2, 7, 6), *WIDE)], {0}),
        case("dilated", lambda x: F.max_pool2d(x, (2, 3), (1, 2), (1, 0), (2, 2)), [((1, 2, 5, 7), *WIDE)], {0}),
        case("asymmetric", lambda x: F.max_pool2d(padded(x, (1, 0, 0, 2), INF), 3, 2),
             [((1, 2, 5, 6), *WIDE)], {0}),
        case("ceil", lambda x: F.max_pool2d(x, 3, 2, ceil_mode=True), [((1, 1, 6, 8), *WIDE)], {0}),
        case("ceil padded", lambda x: F.max_pool2d(x, 2, 2, 1, ceil_mode=True), [((1, 1, 4, 5), *WIDE)], {0}),
        case("one pixel", lambda x: F.max_pool2d(x, 3, 2, 1), [((1, 1, 1, 1), *WIDE)], {0}),
        case("1-d", lambda x: F.max_pool1d(x, 3, 2, 1), [((2, 2, 9), *WIDE)], {0}),
        case("3-d", lambda x: F.max_pool3d(x, 2, (1, 2, 2), (0, 1, 0)), [((1, 2, 3, 4, 5), *WIDE)], {0}),
        case("equals", lambda x: F.max_pool2d(x, 2, 1), [np.array([1.0, 1, 0, 1, 1, 2, 2, 2, 2]).reshape(1, 1, 3, 3)],
             {0}),
    ],
)

average = [
    ("2x2", (2, 3, 6, 5), dict(kernel_size=2)),
    ("padded", (1, 2, 7, 6), dict(kernel_size=3, stride=2, padding=1)),
    ("padded, not counted", (1, 2, 7, 6), dict(kernel_size=3, stride=2, padding=1, count_include_pad=False)),
    ("ceil", (1, 1, 6, 8), dict(kernel_size=3, stride=2, padding=1, ceil_mode=True)),
    ("ceil, not counted", (1, 1, 6, 8),
     dict(kernel_size=3, stride=2, padding=1, ceil_mode=True, count_include_pad=False)),
    ("one pixel", (1, 1, 1, 1), dict(kernel_size=3, stride=2, padding=1)),
]
write(
    "AveragePool.json",
    [case(name, lambda x, k=k: F.avg_pool2d(x, **k), [(shape, -1, 1)], {0}) for name, shape, k in average]
    + [
        case("asymmetric", lambda x: F.avg_pool2d(padded(x, (1, 0, 0, 2), 0), 3, 2), [((1, 2, 5, 6), -1, 1)], {0}),
        case("1-d", lambda x: F.avg_pool1d(x, 4, 3, 2), [((2, 2, 9), -1, 1)], {0}),
        case("3-d", lambda x: F.avg_pool3d(x, 2, (1, 2, 2), (0, 1, 0)), [((1, 2, 3, 4, 5), -1, 1)], {0}),
    ],
)

write(
    "GlobalAveragePool.json",
    [case("2-d", lambda x: F.adaptive_avg_pool2d(x, 1), [((2, 3, 5, 7), -1, 1)], {0})],
)
write(
    "GlobalMaxPool.json",
    [case("2-d", lambda x: F.adaptive_max_pool2d(x, 1), [((2, 3, 5, 7), *WIDE)], {0})],
)

write(
    "LpPool.json",
    [
        case("p 2", lambda x: F.lp_pool2d(x, 2, 2), [((2, 2, 6, 5), -1, 1)], {0}),
        # PyTorch takes x^p, not |x|^p: only for even p, or numbers that are not negative, the same.
        case("p 3", lambda x: F.lp_pool2d(x, 3, 3, 2), [((1, 2, 7, 6), 0.1, 2)], {0}),
        case("p 2 normalised", lambda x: F.avg_pool2d(x * x, 3, 2).sqrt(), [((1, 2, 7, 7), -1, 1)], {0}),
        case("1-d", lambda x: F.lp_pool1d(x, 4, 3, 1), [((1, 2, 6), -1, 1)], {0}),
    ],
)


def unpool(name, shape, size, kernel):
    x = torch.tensor(-20 + (pattern(shape, 1).astype(np.float64) + 1) / 2 * 40)
    _, at = F.max_pool2d(x, kernel, return_indices=True)
    small = tuple(at.shape)
    return case(name, lambda y: torch._C._nn.max_unpool2d(y, at, size), [(small, -1, 1)], {0})


write(
    "MaxUnpool.json",
    [unpool("2x2", (2, 2, 4, 6), (4, 6), 2), unpool("odd size", (1, 2, 5, 7), (5, 7), 2)],
)
