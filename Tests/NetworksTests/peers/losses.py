"""Golden numbers of the losses: python3 losses.py (needs torch). Values and gradients in double. Where PyTorch has
no such loss its formula stands here, written down on its own."""

import numpy as np
import torch
import torch.nn.functional as F

from pattern import pattern, write

T = torch.tensor


def real(shape, seed, scale=1.0):
    return T(pattern(shape, seed).astype(np.float64)) * scale


def index(shape, classes):
    return torch.floor((real(shape, 2) + 1) / 2 * classes).clamp(0, classes - 1).long()


def target(kind, shape):
    if kind == "real":
        return real(shape, 2, 2.0)
    if kind == "binary":
        return (real(shape, 2) > 0).double()
    if kind == "boxes":
        # Two classes and the four numbers of the box; the classes are rare.
        return torch.cat([(real(shape, 2)[:, :-4] > 0.6).double(), real(shape, 2)[:, -4:-2] / 2,
                          (real(shape, 2)[:, -2:] + 1) * 3 + 0.5], 1)
    if kind == "share":
        return (real(shape, 2) + 1) / 2
    if kind == "rain":
        return real(shape, 2, 5.0).clamp(min=0)
    if kind == "onehot":
        i = index((shape[0], *shape[2:]), shape[1])
        return F.one_hot(i, shape[1]).movedim(-1, 1).double()
    if kind == "probabilities":
        return torch.softmax(real(shape, 2, 2.0), 1)
    if kind.startswith("map"):
        return index(shape, int(kind[3:])).double()
    raise ValueError(kind)


def weights(shape):
    w = (real(shape, 3) + 1) / 2
    return torch.where(w < 0.3, torch.zeros(()).double(), w)


def mean(losses, w):
    return losses.mean() if w is None else (losses * w).sum() / w.expand_as(losses).sum()


def case(name, loss, keys, kind, shape, function, weight=None, times=1, scale=3.0):
    """`shape` of the target; `function(prediction, target, weights or None)`."""
    t = target(kind, shape)
    p = real((shape[0], shape[1] * times, *shape[2:]), 1, scale).requires_grad_()
    w = weights(weight) if weight is not None else None
    value = function(p, t, w)
    value.backward()
    return {
        "name": name, "loss": loss, "keys": keys, "kind": kind, "shape": list(shape), "weights": weight,
        "scale": scale, "times": times, "value": float(value.detach()),
        "gradient": [float(f"{g:.10g}") for g in p.grad.reshape(-1).tolist()],
    }


def elementwise(f):
    return lambda p, t, w: mean(f(p, t), w)


S, W = (2, 3, 2, 3), [2, 1, 2, 3]
cases = []


def add(loss, keys, kind, shape, function, weight=None, **more):
    name = f"{loss} {keys} {kind} {'weighted' if weight else ''}".strip()
    cases.append(case(name, loss, keys, kind, shape, function, weight, **more))


def both(loss, keys, kind, f, shape=S, weight=W, **more):
    add(loss, keys, kind, shape, elementwise(f), **more)
    add(loss, keys, kind, shape, elementwise(f), weight, **more)


both("mse", {}, "real", lambda p, t: F.mse_loss(p, t, reduction="none"))
add("mse", {}, "real", S, elementwise(lambda p, t: (p - t) ** 2), [2, 1])
both("mae", {}, "real", lambda p, t: F.l1_loss(p, t, reduction="none"))
both("huber", {"delta": 0.7}, "real", lambda p, t: F.huber_loss(p, t, delta=0.7, reduction="none"))
both("smooth-l1", {"beta": 0.5}, "real", lambda p, t: F.smooth_l1_loss(p, t, beta=0.5, reduction="none"))
both("quantile", {"level": 0.9}, "real", lambda p, t: torch.maximum(0.9 * (t - p), -0.1 * (t - p)))
both("log-cosh", {}, "real", lambda p, t: torch.log(torch.cosh(p - t)))

bce = F.binary_cross_entropy_with_logits
both("bce", {}, "binary", lambda p, t: bce(p, t, reduction="none"), scale=30.0)
both("bce", {}, "share", lambda p, t: bce(p, t, reduction="none"))
three = T([0.5, 2.0, 1.5]).double().reshape(3, 1, 1)
both("bce", {"weights": [0.5, 2.0, 1.5], "positive-weight": [3.0]}, "binary",
     lambda p, t: bce(p, t, weight=three, pos_weight=T(3.0).double(), reduction="none"))
both("bce", {"positive-weight": [0.5, 2.0, 1.5], "smoothing": 0.1}, "binary",
     lambda p, t: bce(p, t * 0.9 + 0.05, pos_weight=three, reduction="none"))


def cross_entropy(classes=None, ignore=None, cw=None, smoothing=0.0):
    def f(p, t, w):
        c = None if cw is None else T(cw).double()
        if classes is None and w is None and cw is None:
            return F.cross_entropy(p, t, label_smoothing=smoothing)
        i = t.argmax(1) if classes is None else t[:, 0].long()
        skip = -100 if ignore is None else ignore
        if w is None:
            return F.cross_entropy(p, i, weight=c, label_smoothing=smoothing, ignore_index=skip)
        losses = F.cross_entropy(p, i, weight=c, label_smoothing=smoothing, ignore_index=skip, reduction="none")
        below = w.expand(p.shape[0], 1, *p.shape[2:])[:, 0] * (i != skip)
        above = w.expand(p.shape[0], 1, *p.shape[2:])[:, 0] * losses
        if c is not None:
            below = below * c[i]
        return above.sum() / below.sum()
    return f


for w in (None, W):
    add("cross-entropy", {}, "onehot", S, cross_entropy(), w, scale=20.0)
    add("cross-entropy", {"smoothing": 0.2}, "onehot", S, cross_entropy(smoothing=0.2), w)
    add("cross-entropy", {"weights": [0.5, 2.0, 1.5]}, "onehot", S, cross_entropy(cw=[0.5, 2.0, 1.5]), w)
    add("cross-entropy", {"classes": 4}, "map4", (2, 1, 2, 3), cross_entropy(4), w, times=4)
    add("cross-entropy", {"classes": 4, "ignore": 2}, "map4", (2, 1, 2, 3), cross_entropy(4, 2), w, times=4)
    add("cross-entropy", {"classes": 4, "ignore": 1, "weights": [0.5, 2.0, 1.5, 1.0], "smoothing": 0.1}, "map4",
        (2, 1, 2, 3), cross_entropy(4, 1, [0.5, 2.0, 1.5, 1.0], 0.1), w, times=4)
# Two variables: the channels are [class, variable].
add("cross-entropy", {"classes": 3}, "map3", (2, 2, 7),
    lambda p, t, w: F.cross_entropy(p.reshape(2, 3, 2, 7), t.long()), times=3)
add("cross-entropy", {}, "onehot", (5, 3), cross_entropy())
add("cross-entropy", {}, "probabilities", S, lambda p, t, w: F.cross_entropy(p, t))
both_kl = lambda p, t: F.kl_div(F.log_softmax(p, 1), t, reduction="none").sum(1, keepdim=True)
add("kl-divergence", {}, "probabilities", S, elementwise(both_kl))
add("kl-divergence", {}, "probabilities", S, elementwise(both_kl), W)


def overlap(alpha, beta, s, probability):
    def f(p, t, w):
        q = probability(p)
        w = torch.ones(()).double() if w is None else w
        axes = [d for d in range(p.dim()) if d != 1]
        tp = (w * q * t).sum(axes)
        fp = (w * q * (1 - t)).sum(axes)
        fn = (w * (1 - q) * t).sum(axes)
        return 1 - ((tp + s) / (tp + alpha * fp + beta * fn + s)).mean()
    return f


def mapped(f, classes):
    def g(p, t, w):
        return f(p, F.one_hot(t[:, 0].long(), classes).movedim(-1, 1).double(), w)
    return g


soft = lambda p: torch.softmax(p, 1)
for w in (None, W):
    add("dice", {}, "binary", S, overlap(0.5, 0.5, 0.5, torch.sigmoid), w)
    add("dice", {"smooth": 0.0, "exclusive": True}, "onehot", S, overlap(0.5, 0.5, 0, soft), w)
    add("jaccard", {}, "binary", S, overlap(1, 1, 1, torch.sigmoid), w)
    add("jaccard", {"classes": 3}, "map3", (2, 1, 2, 3), mapped(overlap(1, 1, 1, soft), 3), w, times=3)
    add("tversky", {}, "binary", S, overlap(0.3, 0.7, 1, torch.sigmoid), w)
    add("tversky", {"alpha": 0.6, "beta": 0.9, "smooth": 0.1}, "onehot", S, overlap(0.6, 0.9, 0.1, torch.sigmoid), w)


def focal(p, t, alpha=0.25, gamma=2.0):
    """torchvision.ops.sigmoid_focal_loss."""
    q = torch.sigmoid(p)
    ce = bce(p, t, reduction="none")
    pt = q * t + (1 - q) * (1 - t)
    loss = ce * (1 - pt) ** gamma
    return loss if alpha is None else (alpha * t + (1 - alpha) * (1 - t)) * loss


both("focal", {}, "binary", focal)
both("focal", {"gamma": 1.5, "alpha": 0.6}, "binary", lambda p, t: focal(p, t, 0.6, 1.5))
both("focal", {"gamma": 0.0, "alpha": "none"}, "binary", lambda p, t: focal(p, t, None, 0))
both("focal", {"gamma": 3.0, "exclusive": True}, "onehot",
     lambda p, t: -(t * (1 - soft(p)) ** 3 * torch.log_softmax(p, 1)).sum(1, keepdim=True))


def gaussian(variance, eps=1e-6, full=False):
    def f(p, t):
        m, s = p.chunk(2, 1)
        return F.gaussian_nll_loss(m, t, variance(s), eps=eps, full=full, reduction="none")
    return f


both("gaussian-nll", {}, "real", gaussian(torch.exp), times=2)
both("gaussian-nll", {"variance": "softplus", "epsilon": 1e-4, "full": True}, "real",
     gaussian(F.softplus, 1e-4, True), times=2)


def rain(threshold):
    def f(p, t):
        l, a, b = p.chunk(3, 1)
        k, s = torch.exp(a), torch.exp(b)
        wet = t > threshold
        y = torch.where(wet, t, torch.ones_like(t))
        density = torch.distributions.Gamma(k, 1 / s).log_prob(y)
        return -torch.where(wet, F.logsigmoid(l) + density, F.logsigmoid(-l))
    return f


both("bernoulli-gamma", {}, "rain", rain(0), times=3)
both("bernoulli-gamma", {"wet-threshold": 1.0}, "rain", rain(1), times=3)

both("hinge", {}, "binary", lambda p, t: (1 - (2 * t - 1) * p).clamp(min=0))
both("hinge", {"squared": True, "margin": 0.5}, "binary", lambda p, t: (0.5 - (2 * t - 1) * p).clamp(min=0) ** 2)



def box_grid(stride, coordinates=5.0, absence=0.5):
    """Block by block, as the formula is told in words."""
    def f(p, t, w):
        batch, channels, rows, columns = t.shape
        k = channels - 4
        w = torch.ones_like(t) if w is None else w.expand_as(t)
        total, weight = torch.zeros(()).double(), torch.zeros(()).double()
        for b in range(batch):
            for j in range(0, rows, stride):
                for i in range(0, columns, stride):
                    cut = (b, slice(None), slice(j, j + stride), slice(i, i + stride))
                    q, v, u = p[cut].mean((1, 2)), t[cut], w[cut]
                    here = [(float(v[k + 2, y, x] * v[k + 3, y, x]), y, x) for y in range(stride)
                            for x in range(stride) if any(v[c, y, x] > 0 and u[c, y, x] > 0 for c in range(k))]
                    for c in range(k):
                        is_there = any(v[c, y, x] > 0 and u[c, y, x] > 0 for y in range(stride) for x in range(stride))
                        loss = F.softplus(-q[c]) if is_there else absence * F.softplus(q[c])
                        total = total + u[c].mean() * loss
                    if here:
                        _, y, x = max(here)
                        inside = torch.stack([(y + 0.5 + v[k, y, x]) / stride, (x + 0.5 + v[k + 1, y, x]) / stride])
                        size = torch.log(v[k + 2:, y, x] / stride)
                        loss = F.smooth_l1_loss(torch.sigmoid(q[k:k + 2]), inside, reduction="sum") \
                            + F.smooth_l1_loss(q[k + 2:], size, reduction="sum")
                        total = total + coordinates * u[k].mean() * loss
                    weight = weight + u[k].mean()
        return total / weight
    return f


for keys, weight in (({"stride": 2}, None), ({"stride": 2, "coordinates": 2.0, "absence": 1.0}, [2, 1, 4, 6]),
                     ({"stride": 1}, None)):
    given = {"stride": 8, "coordinates": 5.0, "absence": 0.5} | keys
    add("box-grid", keys, "boxes", (2, 6, 4, 6), box_grid(**given), weight)

write("losses.json", cases)
