"""Golden numbers of operators of one and two numbers, reductions and shaping: python3 elementwise.py (needs torch)."""

import torch
import torch.nn.functional as F
from pattern import case, write


def unary(name, low, high, forward, label="plain"):
    return name, case(label, forward, [((3, 7), low, high)], {0})


files = {}
for name, one in [
    unary("Neg", -2, 2, torch.neg),
    unary("Reciprocal", 0.3, 3, torch.reciprocal),
    unary("Square", -2, 2, torch.square),
    unary("Exp", -4, 3, torch.exp),
    unary("Expm1", -4, 3, torch.expm1),
    unary("Log", 0.1, 9, torch.log),
    unary("Log1p", -0.8, 9, torch.log1p),
    unary("Sqrt", 0.1, 9, torch.sqrt),
    unary("Abs", -2, 2, torch.abs),
    unary("Sin", -7, 7, torch.sin),
    unary("Cos", -7, 7, torch.cos),
    unary("Erf", -3, 3, torch.erf),
    unary("Lgamma", 0.1, 12, torch.lgamma),
    unary("Lgamma", -2.9, -2.1, torch.lgamma, "negative"),
    unary("Digamma", 0.2, 12, torch.digamma),
    unary("Digamma", -2.8, -2.2, torch.digamma, "negative"),
    unary("Relu", -2, 2, torch.relu),
    unary("LeakyRelu", -2, 2, lambda x: F.leaky_relu(x, 0.1)),
    unary("LeakyRelu", -2, 2, lambda x: F.leaky_relu(x, -0.5), "negative slope"),
    unary("Elu", -4, 2, lambda x: F.elu(x, 0.7)),
    unary("Elu", -4, 2, lambda x: F.elu(x, -0.7), "negative"),
    unary("Selu", -4, 2, F.selu),
    unary("Celu", -4, 2, lambda x: F.celu(x, 1.5)),
    unary("Sigmoid", -6, 6, torch.sigmoid),
    unary("HardSigmoid", -5, 5, F.hardsigmoid),
    unary("HardSwish", -5, 5, F.hardswish),
    unary("Swish", -6, 6, F.silu),
    unary("Swish", -6, 6, lambda x: x * torch.sigmoid(1.7 * x), "beta 1.7"),
    unary("Tanh", -4, 4, torch.tanh),
    unary("Softplus", -6, 6, F.softplus),
    unary("Gelu", -4, 4, F.gelu, "exact"),
    unary("Gelu", -4, 4, lambda x: F.gelu(x, approximate="tanh"), "tanh"),
    unary("Mish", -6, 6, F.mish),
    unary("ThresholdedRelu", -2, 2, lambda x: F.threshold(x, 0.5, 0)),
    unary("Softsign", -4, 4, F.softsign),
    unary("Clip", -2, 2, lambda x: torch.clamp(x, -0.6, 1.1)),
]:
    files.setdefault(name, []).append(one)

for name, forward, (a, b), (c, d) in [
    ("Add", torch.add, (-1, 1), (-1, 1)),
    ("Sub", torch.sub, (-1, 1), (-1, 1)),
    ("Mul", torch.mul, (-1, 1), (-1, 1)),
    ("Div", torch.div, (-1, 1), (0.5, 2)),
    ("Pow", torch.pow, (0.2, 2), (-2, 2)),
    ("Min", torch.minimum, (-1, 1), (-1.3, 0.9)),
    ("Max", torch.maximum, (-1, 1), (-1.3, 0.9)),
]:
    files[name] = [
        case(label, forward, [(first, a, b), (second, c, d)], {0, 1})
        for label, first, second in [
            ("same", (2, 3), (2, 3)),
            ("broadcast", (2, 3, 4), (3, 1)),
            ("broadcast both", (3, 1, 5), (1, 2, 1)),
        ]
    ]
files["Mod"] = [
    case(name, forward, [((3, 7), -5, 5), ((7,), low, high)], {0, 1})
    for name, forward, low, high in [
        ("floored", torch.remainder, 0.7, 2), ("floored, negative", torch.remainder, -2, -0.7),
        ("truncated", torch.fmod, 0.7, 2), ("truncated, negative", torch.fmod, -2, -0.7),
    ]
]
files["Pow"].append(
    case("whole exponent of a negative number", lambda x: x**3, [((3, 5), -1, 1)], {0})
)
condition = torch.tensor([[True], [False], [True]])
shift = {"Where": lambda _, a, b: torch.where(condition, a, b)}
files["Where"] = [
    case("repeated condition", shift["Where"], [((3, 1), 0, 1), ((2, 3, 4), -1, 1), ((4,), -1, 1)], {1, 2})
]
files["PRelu"] = [
    case(
        "per channel",
        lambda x, s: F.prelu(x, s.reshape(3)),
        [((2, 3, 5, 3), -1, 1), ((3, 1, 1), 0, 0.5)],
        {0, 1},
    ),
    case("one slope", F.prelu, [((2, 3), -1, 1), ((1,), 0, 0.5)], {0, 1}),
]

for name, forward in {
    "ReduceSum": lambda x, d, k: x.sum(d, k),
    "ReduceMean": lambda x, d, k: x.mean(d, k),
    "ReduceMax": lambda x, d, k: x.amax(d, k),
    "ReduceMin": lambda x, d, k: x.amin(d, k),
    "ReduceL1": lambda x, d, k: torch.linalg.vector_norm(x, 1, d, k),
    "ReduceL2": lambda x, d, k: torch.linalg.vector_norm(x, 2, d, k),
    "ReduceSumSquare": lambda x, d, k: x.square().sum(d, k),
}.items():
    files[name] = [
        case(label, lambda x: forward(x, dims, keep), [(shape, -1, 1)], {0})
        for label, shape, dims, keep in [
            ("all", (3, 5), (0, 1), False),
            ("last", (3, 17), (1,), True),
            ("first", (5, 9), (0,), False),
            ("batch and space", (2, 3, 4, 5), (0, 2, 3), False),
        ]
    ]

files["ReduceProd"] = [
    case(label, forward, [(shape, -1, 1)], {0})
    for label, shape, forward in [
        ("all", (2, 4), lambda x: x.prod()),
        ("last", (3, 5), lambda x: x.prod(1, True)),
        ("first and last", (3, 2, 2), lambda x: x.prod(2).prod(0)),
    ]
]


def one(label, shape, forward):
    return case(label, forward, [(shape, -1, 1)], {0})


files["Reshape"] = [one("open extent", (2, 3, 4), lambda x: x.reshape(2, -1))]
files["Concat"] = [
    case("channels", lambda a, b: torch.cat([a, b], 1), [((2, 3, 5), -1, 1), ((2, 1, 5), -1, 1)], {0, 1})
]
files["Slice"] = [
    one("inside", (2, 5, 3), lambda x: x[:, 1:4]),
    one("steps", (5, 2, 8), lambda x: x[1::2, :, :-1:3]),
    one("backwards", (3, 5), lambda x: x.flip(1)),
    one("backwards in steps", (3, 8), lambda x: x[:, [7, 5, 3, 1]]),
]
files["Pad"] = [
    one("constant", (2, 3, 4, 5), lambda x: F.pad(x, (0, 3, 1, 2), value=0.5)),
    one("replicate", (2, 3, 4), lambda x: F.pad(x[None], (3, 0, 1, 2), "replicate")[0]),
    one("reflect", (2, 3, 4), lambda x: F.pad(x[None], (3, 2, 2, 1), "reflect")[0]),
    one("periodic", (2, 3, 4), lambda x: F.pad(x[None], (3, 4, 2, 1), "circular")[0]),
    one("globe", (1, 2, 3, 4), lambda x: F.pad(F.pad(x, (2, 2, 0, 0), "circular"), (0, 0, 2, 2), "replicate")),
    one("crop", (2, 3, 5), lambda x: F.pad(x, (1, -2, -1, 2))),
    one("crop alone", (3, 4), lambda x: F.pad(x, (-1, -1, -1, 0))),
]

files["Transpose"] = [one("three", (2, 3, 4), lambda x: x.permute(2, 0, 1))]
files["Tile"] = [one("both", (2, 3), lambda x: x.tile(3, 2))]
files["DepthToSpace"] = [one("CRD", (2, 12, 2, 3), lambda x: F.pixel_shuffle(x, 2))]
files["SpaceToDepth"] = [one("CRD", (2, 3, 4, 6), lambda x: F.pixel_unshuffle(x, 2))]
rows = torch.tensor([[2, 0], [-1 + 3, 2]])
files["Gather"] = [
    case(
        "rows",
        lambda x, _: x[:, rows],
        [((2, 3, 4), -1, 1), ((2, 2), -1, 1)],
        {0},
    )
]

for name, cases in files.items():
    write(f"{name}.json", cases)
