"""Golden numbers of the schedules: python3 schedules.py (needs torch). The rate of each step over the base rate."""

import warnings

import torch
from torch.optim import lr_scheduler as L

from pattern import pattern, write

warnings.filterwarnings("ignore")


def case(name, keys, make, total):
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 1.0)
    schedule = make(optimiser)
    factors = []
    for step in range(total):
        factors.append(optimiser.param_groups[0]["lr"])
        optimiser.step()
        if step + 1 < total:
            schedule.step()
    return {"name": name, "keys": keys, "total": total, "losses": [], "factors": factors}


def plateau(keys, total=40, **more):
    """A validation after every step; the losses are told as well."""
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 1.0)
    schedule = L.ReduceLROnPlateau(optimiser, eps=0, **more)
    losses = [float(2 ** (-i / 6) + 0.15 * v) for i, v in enumerate(pattern((total,), 4))]
    losses[7] = 1e9
    factors = []
    for loss in losses:
        factors.append(optimiser.param_groups[0]["lr"])
        schedule.step(loss)
    return {"name": "plateau", "keys": keys, "total": total, "losses": losses, "factors": factors}


write("schedules.json", [
    case("constant", {}, lambda o: L.ConstantLR(o, 1), 5),
    case("step", {"every": 4, "factor": 0.5}, lambda o: L.StepLR(o, 4, 0.5), 20),
    case("step", {"at": [3, 10, 11]}, lambda o: L.MultiStepLR(o, [3, 10, 11], 0.1), 20),
    case("step", {"every": 0.25, "factor": 0.5}, lambda o: L.StepLR(o, 5, 0.5), 20),
    case("exponential", {"factor": 0.9}, lambda o: L.ExponentialLR(o, 0.9), 20),
    case("cosine", {}, lambda o: L.CosineAnnealingLR(o, 20), 20),
    case("cosine", {"minimum": 0.1}, lambda o: L.CosineAnnealingLR(o, 20, 0.1), 20),
    case("warm-up", {"steps": 6, "from": 0.1, "then": {"cosine": {"minimum": 0.05}}},
         lambda o: L.SequentialLR(o, [L.LinearLR(o, 0.1, 1, 6), L.CosineAnnealingLR(o, 14, 0.05)], [6]), 20),
    case("warm-up", {"steps": 5, "from": 0.2}, lambda o: L.LinearLR(o, 0.2, 1, 5), 12),
    case("one-cycle", {}, lambda o: L.OneCycleLR(o, 1.0, total_steps=20), 20),
    case("one-cycle", {"rise": 0.5, "first": 0.1, "last": 0.01},
         lambda o: L.OneCycleLR(o, 1.0, total_steps=20, pct_start=0.5, div_factor=10, final_div_factor=10), 20),
    plateau({"patience": 2}, patience=2),
    plateau({"patience": 1, "factor": 0.5, "threshold": 0.05, "cooldown": 3, "minimum": 0.1},
            patience=1, factor=0.5, threshold=0.05, cooldown=3, min_lr=0.1),
])
