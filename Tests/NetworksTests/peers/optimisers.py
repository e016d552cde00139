"""Golden numbers of the optimisers: python3 optimisers.py (needs torch). Ten steps on a curved function of 20
parameters whose gradient is the same formula in float32 on both sides."""

import torch

from pattern import pattern, write

START, TARGET, SCALE = (torch.tensor(pattern((20,), s)) for s in (1, 2, 3))


def gradient(p):
    """Of sum(scale^2 (p - target)^2 + (p - target)^4 / 4), not divided."""
    e = p - TARGET
    return 2 * SCALE * SCALE * e + e * e * e


def case(name, keys, make, rate, decay):
    p = torch.nn.Parameter(START.clone())
    optimiser = make([p], rate, decay)
    steps = []
    for _ in range(10):
        p.grad = gradient(p.detach())
        optimiser.step()
        steps.append([float(v) for v in p.detach().double()])
    return {
        "name": name, "keys": keys, "rate": rate, "decay": decay, "third": steps[2], "tenth": steps[9],
    }


O = torch.optim
cases = [
    case("sgd", {}, lambda p, r, d: O.SGD(p, r, weight_decay=d), 0.05, 0.0),
    case("sgd", {}, lambda p, r, d: O.SGD(p, r, weight_decay=d), 0.05, 0.1),
    case("momentum", {}, lambda p, r, d: O.SGD(p, r, momentum=0.9, weight_decay=d), 0.05, 0.1),
    case("momentum", {"momentum": 0.5, "dampening": 0.25},
         lambda p, r, d: O.SGD(p, r, momentum=0.5, dampening=0.25, weight_decay=d), 0.05, 0.0),
    case("nesterov", {}, lambda p, r, d: O.SGD(p, r, momentum=0.9, nesterov=True, weight_decay=d), 0.05, 0.1),
    case("adagrad", {}, lambda p, r, d: O.Adagrad(p, r, weight_decay=d), 0.1, 0.1),
    case("adagrad", {"rate-decay": 0.1, "initial": 0.5, "epsilon": 1e-6},
         lambda p, r, d: O.Adagrad(p, r, lr_decay=0.1, initial_accumulator_value=0.5, eps=1e-6, weight_decay=d),
         0.1, 0.0),
    case("adadelta", {}, lambda p, r, d: O.Adadelta(p, r, weight_decay=d), 1.0, 0.1),
    case("adadelta", {"rho": 0.8, "epsilon": 1e-4},
         lambda p, r, d: O.Adadelta(p, r, rho=0.8, eps=1e-4, weight_decay=d), 0.5, 0.0),
    case("rmsprop", {}, lambda p, r, d: O.RMSprop(p, r, weight_decay=d), 0.01, 0.1),
    case("rmsprop", {"alpha": 0.9, "momentum": 0.5},
         lambda p, r, d: O.RMSprop(p, r, alpha=0.9, momentum=0.5, weight_decay=d), 0.01, 0.0),
    case("rmsprop", {"centred": True},
         lambda p, r, d: O.RMSprop(p, r, centered=True, weight_decay=d), 0.01, 0.0),
    case("rmsprop", {"centred": True, "momentum": 0.9, "alpha": 0.95, "epsilon": 1e-3},
         lambda p, r, d: O.RMSprop(p, r, alpha=0.95, eps=1e-3, momentum=0.9, centered=True, weight_decay=d),
         0.01, 0.1),
    case("adam", {}, lambda p, r, d: O.Adam(p, r, weight_decay=d), 0.05, 0.0),
    case("adam", {"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-4},
         lambda p, r, d: O.Adam(p, r, betas=(0.8, 0.95), eps=1e-4, weight_decay=d), 0.05, 0.1),
    case("adamw", {}, lambda p, r, d: O.AdamW(p, r, weight_decay=d), 0.05, 0.01),
    case("adamw", {"beta2": 0.9}, lambda p, r, d: O.AdamW(p, r, betas=(0.9, 0.9), weight_decay=d), 0.05, 0.2),
]
write("optimisers.json", cases)

clips = []
for kind, limit in [("norm", 1.0), ("norm", 100.0), ("value", 0.25)]:
    a, b = (torch.nn.Parameter(torch.zeros(n)) for n in (13, 21))
    a.grad, b.grad = torch.tensor(pattern((13,), 5)), torch.tensor(pattern((21,), 6)) * 3
    norm = 0.0
    if kind == "norm":
        norm = float(torch.nn.utils.clip_grad_norm_([a, b], limit))
    else:
        torch.nn.utils.clip_grad_value_([a, b], limit)
    clips.append({"kind": kind, "limit": limit, "norm": norm,
                  "first": [float(v) for v in a.grad.double()], "second": [float(v) for v in b.grad.double()]})
write("clipping.json", clips)
