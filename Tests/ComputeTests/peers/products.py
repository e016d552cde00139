"""Golden numbers of Gemm, MatMul and ChannelSum: python3 products.py (needs torch)."""

import torch
from pattern import case, write


def n(*shape):
    return (shape, -1, 1)


write(
    "Gemm.json",
    [
        case("linear", torch.nn.functional.linear, [n(3, 5), n(4, 5), n(4)], {0, 1, 2}),
        case(
            "all options",
            lambda a, b, c: 0.5 * a.T @ b.T + 2 * c,
            [n(5, 3), n(4, 5), n(3, 1)],
            {0, 1, 2},
        ),
        case("transposed first", lambda a, b: a.T @ b, [n(7, 2), n(7, 1)], {0, 1}),
    ],
)
write(
    "MatMul.json",
    [
        case("matrices", torch.matmul, [n(3, 5), n(5, 4)], {0, 1}),
        case("batch", torch.matmul, [n(2, 3, 2, 5), n(3, 5, 4)], {0, 1}),
        case("broadcast", torch.matmul, [n(2, 1, 2, 3), n(4, 3, 2)], {0, 1}),
        case("row", torch.matmul, [n(3), n(2, 3, 4)], {0, 1}),
        case("column", torch.matmul, [n(2, 4, 3), n(3)], {0, 1}),
        case("vectors", torch.matmul, [n(6), n(6)], {0, 1}),
    ],
)
write(
    "ChannelSum.json",
    [
        case("image", lambda x: x.sum((0, 2, 3)), [n(3, 2, 4, 5)], {0}),
        case("rows", lambda x: x.sum(0), [n(7, 3)], {0}),
    ],
)
