"""Numbers of PyTorch for layers and a small UNet: python layers.py > ../golden/layers.json

Weights and inputs are functions of their name and place, the same on both sides: no weights are stored.
"""
import json
import math

import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def numbers(name, shape):
    seed = sum(name.encode())
    count = math.prod(shape)
    values = [0.3 * math.sin(0.7 * j + seed) for j in range(count)]
    if name.endswith("running_var"):
        values = [1 + v * v for v in values]
    return torch.tensor(values).reshape(shape)


def given(shape):
    return torch.tensor([math.sin(0.31 * j) for j in range(math.prod(shape))]).reshape(shape)


def conv(x, name, out, k, padding=0, bias=True, **options):
    groups = options.get("groups", 1)
    w = numbers(name + "weight", [out, x.shape[1] // groups, k, k])
    b = numbers(name + "bias", [out]) if bias else None
    return F.conv2d(x, w, b, padding=padding, **options)


def up(x, name, out, k, stride, **options):
    return F.conv_transpose2d(
        x, numbers(name + "weight", [x.shape[1], out, k, k]), numbers(name + "bias", [out]), stride, **options)


def norm(x, name, eps=1e-5):
    c = [x.shape[1]]
    return F.batch_norm(
        x, numbers(name + "running_mean", c), numbers(name + "running_var", c), numbers(name + "weight", c),
        numbers(name + "bias", c), False, 0, eps)


def stack(x, name, width):
    x = F.relu(norm(conv(x, name + "0.", width, 3, 1, bias=False), name + "1."))
    return F.relu(norm(conv(x, name + "3.", width, 3, 1, bias=False), name + "4."))


def unet(x, way):
    a = stack(x, "encoder.0.", 2)
    b = stack(F.max_pool2d(a, 2), "encoder.1.", 4)
    c = stack(F.max_pool2d(b, 2), "bottom.", 8)
    for level, skip in [(1, b), (0, a)]:
        n = f"decoder.{level}."
        if way == "transpose":
            c = up(c, n + "up.", 2 << level, 2, 2)
        else:
            options = {} if way == "nearest" else {"align_corners": False}
            c = F.interpolate(conv(c, n + "up.0.", 2 << level, 1), scale_factor=2, mode=way, **options)
        c = stack(torch.cat([skip, c], 1), n, 2 << level)
    return conv(c, "head.", 1, 1)


def circular(x):
    return conv(F.pad(x, (2, 2, 0, 0), mode="circular"), "", 3, 5, (2, 0))


def keras_up(x):
    full = up(x, "", 3, 3, 2)
    return full[..., : 2 * x.shape[2], : 2 * x.shape[3]]


def local(x, filters, k, padding, stride, bias):
    windows = F.unfold(x, k, padding=padding, stride=stride)
    cells = [(x.shape[d] + 2 * padding - k) // stride + 1 for d in (2, 3)]
    w = numbers("weight", [windows.shape[2], windows.shape[1], filters])
    y = torch.einsum("nkp,pkf->nfp", windows, w).reshape([x.shape[0], filters] + cells)
    return y + numbers("bias", [filters] + cells) if bias else y


def spread(x, factor):
    return x.repeat_interleave(factor[0], 2).repeat_interleave(factor[1], 3)


def constrained(y, coarse, method, factor):
    """Harder et al. 2022, as the formulas of the paper."""
    n = len(coarse[0])
    part, rest = y[:, :n], y[:, n:]
    if method == "additive":
        part = part + spread(coarse - F.avg_pool2d(part, factor), factor)
    elif method == "multiplicative":
        part = F.relu(part) + 1e-6
        part = part * spread(coarse / F.avg_pool2d(part, factor), factor)
    else:
        part = torch.exp(part)
        part = part * spread(coarse / F.avg_pool2d(part, factor), factor)
    return torch.cat([part, rest], 1)


def dense(x, name, out):
    return F.linear(x, numbers(name + "weight", [out, x.shape[1]]), numbers(name + "bias", [out]))


def attention(x, name, reduction):
    y = F.relu(dense(x.mean((2, 3)), name + "reduce.", x.shape[1] // reduction))
    return x * torch.sigmoid(dense(y, name + "expand.", x.shape[1]))[:, :, None, None]


def inverted(x, filters, expansion, stride):
    y = F.relu6(norm(conv(x, "expand.0.", x.shape[1] * expansion, 1, bias=False), "expand.1."))
    y = conv(y, "depthwise.0.", y.shape[1], 3, 1, False, groups=y.shape[1], stride=stride)
    y = F.relu6(norm(y, "depthwise.1."))
    y = norm(conv(y, "project.0.", filters, 1, bias=False), "project.1.")
    return x + y if x.shape == y.shape else y


def pyramid(x):
    parts = [F.relu(norm(conv(x, "branches.0.0.", 3, 1, bias=False), "branches.0.1."))]
    for i, rate in enumerate([1, 3]):
        n = f"branches.{i + 1}."
        parts.append(F.relu(norm(conv(x, n + "0.", 3, 3, rate, False, dilation=rate), n + "1.")))
    mean = x.mean((2, 3), keepdim=True)
    mean = F.relu(norm(conv(mean, "branches.3.1.", 3, 1, bias=False), "branches.3.2."))
    parts.append(mean.expand_as(parts[0]))
    return F.relu(norm(conv(torch.cat(parts, 1), "project.0.", 3, 1, bias=False), "project.1."))


def residual_blocks(x, width, depth):
    stem = y = conv(x, "stem.0.", width, 3, 1)
    for b in range(depth):
        z = F.relu(conv(y, f"blocks.{b}.0.", width, 3, 1))
        y = y + conv(z, f"blocks.{b}.2.", width, 3, 1)
    return stem + conv(y, "trunk.0.", width, 3, 1)


def edsr(x):
    y = residual_blocks(x, 4, 2)
    for k in range(2):
        y = F.pixel_shuffle(conv(y, f"up.{k}.0.", 16, 3, 1), 2)
    y = conv(y, "head.", 1, 3, 1)
    return y + F.interpolate(x[:, 1:2], scale_factor=4, mode="bicubic", align_corners=False)


def edsr_with_relief(x):
    y = residual_blocks(F.avg_pool2d(x, 2), 4, 1)
    y = conv(F.interpolate(y, scale_factor=2, mode="nearest"), "up.0.1.", 4, 3, 1)
    y = F.relu(conv(torch.cat([y, x[:, 3:]], 1), "mix.0.", 4, 3, 1))
    return conv(y, "head.", 2, 3, 1) + x[:, [0, 2]]


def dense_net(x):
    parts = [F.relu(conv(x, "stem.0.", 4, 3, 1))]
    for b in range(2):
        seen, made = torch.cat(parts, 1), []
        for l in range(2):
            made.append(F.relu(conv(seen, f"blocks.{b}.{l}.0.", 2, 3, 1)))
            seen = torch.cat(made, 1)
        parts.append(seen)
    y = F.relu(conv(torch.cat(parts, 1), "bottleneck.0.", 4, 1))
    y = F.relu(up(y, "up.0.0.", 4, 3, 2)[..., : 2 * x.shape[2], : 2 * x.shape[3]])
    return conv(y, "head.", 1, 3, 1)


def deepesd(x, names):
    y = F.relu(conv(x, "conv_1.", 3, 3, 1))
    y = F.relu(conv(y, "conv_2.", 2, 3, 1)).flatten(1)
    h, w = 2 * x.shape[2], 2 * x.shape[3]
    return torch.cat([dense(y, name + ".", h * w).reshape(-1, 1, h, w) for name in names], 1)


def prelu(x, name):
    return F.prelu(x, numbers(name + "weight", [x.shape[1]]))


def cgnet(x):
    def act(x, n, i):
        return prelu(norm(x, f"{n}{i}.", 1e-3), f"{n}{i + 1}.")

    def stack(x, n, i, width, k=3, stride=1):
        return act(conv(x, f"{n}{i}.", width, k, k // 2, False, stride=stride), n, i + 1)

    def context(x, n, d):
        c = x.shape[1]
        near = conv(x, n + "local.", c, 3, 1, False, groups=c)
        far = conv(x, n + "surrounding.", c, 3, d, False, groups=c, dilation=d)
        return act(torch.cat([near, far], 1), n + "joint.", 0)

    def blocks(x, n, width, d, reduction):
        y = context(stack(x, n + "0.conv.", 0, width, 3, 2), n + "0.", d)
        first = attention(conv(y, n + "0.reduce.", width, 1, bias=False), n + "0.global.", reduction)
        y = context(stack(first, n + "1.conv.", 0, width // 2, 1), n + "1.", d)
        return first, first + attention(y, n + "1.global.", reduction)

    y = stack(stack(stack(x, "level1.", 0, 32, 3, 2), "level1.", 3, 32), "level1.", 6, 32)
    half = F.avg_pool2d(x, 3, 2, 1)
    quarter = F.avg_pool2d(half, 3, 2, 1)
    first, last = blocks(act(torch.cat([y, half], 1), "b1.", 0), "level2.", 64, 2, 8)
    first, last = blocks(act(torch.cat([last, first, quarter], 1), "b2.", 0), "level3.", 128, 4, 16)
    y = conv(act(torch.cat([first, last], 1), "b3.", 0), "classifier.", 2, 1, bias=False)
    return F.interpolate(y, scale_factor=8, mode="bilinear", align_corners=False)


x = [1, 4, 8, 12]
cases = {
    "unet transpose": (x, lambda v: unet(v, "transpose")),
    "unet bilinear": (x, lambda v: unet(v, "bilinear")),
    "unet nearest": (x, lambda v: unet(v, "nearest")),
    "conv grouped": (x, lambda v: conv(v, "", 6, 3, 1, stride=2, groups=2)),
    "conv even": (x, lambda v: conv(F.pad(v, (1, 2, 1, 2)), "", 3, 4)),
    "conv periodic columns": (x, circular),
    "conv reflect": (x, lambda v: conv(F.pad(v, (1, 1, 1, 1), mode="reflect"), "", 3, 3)),
    "conv replicate": (x, lambda v: conv(F.pad(v, (2, 2, 2, 2), mode="replicate"), "", 3, 3, dilation=2)),
    "transposed 3 by 2": (x, keras_up),
    "transposed as pytorch": (x, lambda v: up(v, "", 3, 3, 2, padding=1, output_padding=1)),
    "bicubic": (x, lambda v: F.interpolate(v, scale_factor=2, mode="bicubic", align_corners=False)),
    "pixel shuffle": (x, lambda v: F.pixel_shuffle(v, 2)),
    "group norm": (x, lambda v: F.group_norm(v, 2, numbers("weight", [4]), numbers("bias", [4]))),
    "layer norm": (x, lambda v: F.layer_norm(v, v.shape[1:], numbers("weight", v.shape[1:]), numbers("bias", v.shape[1:]))),
    "instance norm": (x, F.instance_norm),
    "lrn": (x, lambda v: F.local_response_norm(v, 3, 0.5, 0.75, 2.0)),
    "prelu": (x, lambda v: F.prelu(v, numbers("weight", [4]))),
    "dense": (x, lambda v: F.linear(v.flatten(1), numbers("1.weight", [3, 384]), numbers("1.bias", [3]))),
    "average pool": (x, lambda v: F.avg_pool2d(v, 3, 2, 1)),
    "softmax": (x, lambda v: F.softmax(v, 1)),
    "clip": (x, lambda v: v.clamp(-0.25, 0.5)),
    "locally connected": ([2, 4, 6, 5], lambda v: local(v, 3, 3, 1, 1, True)),
    "locally connected strided": ([2, 4, 6, 5], lambda v: local(v, 2, 2, 0, 2, False)),
    "constrained additive": (
        x, lambda v: constrained(conv(v, "0.", 2, 3, 1), 3 * F.avg_pool2d(v[:, 1:2], 4) - 0.5, "additive", [4, 4])),
    "constrained multiplicative": (
        x, lambda v: constrained(
            F.softplus(conv(v, "0.", 1, 3, 1)), F.avg_pool2d(v[:, :1], (2, 3)) + 2, "multiplicative", [2, 3])),
    "constrained softmax": (
        x, lambda v: constrained(F.pixel_shuffle(conv(v, "0.", 12, 3, 1), 2), v[:, [0, 2]], "softmax", [2, 2])),
    "squeeze excitation": (x, lambda v: attention(v, "", 2)),
    "inverted residual": (x, lambda v: inverted(v, 4, 3, 1)),
    "inverted residual strided": (x, lambda v: inverted(v, 5, 2, 2)),
    "spatial pyramid": (x, pyramid),
    "edsr": (x, edsr),
    "edsr with relief": (x, edsr_with_relief),
    "srdensenet": (x, dense_net),
    "deepesd gaussian": ([2, 3, 4, 5], lambda v: deepesd(v, ["out_mean", "out_log_var"])),
    "deepesd rain": ([2, 3, 4, 5], lambda v: deepesd(v, ["p", "log_shape", "log_scale"])),
    "cgnet": ([2, 4, 16, 24], cgnet),
}
golden = {}
for name, (shape, make) in cases.items():
    y = make(given(shape))
    # Every 7th number is enough, and keeps the file small.
    flat = y.flatten()[::7].tolist()
    golden[name] = {"input": shape, "shape": list(y.shape), "every": 7, "output": [float(f"{v:.12g}") for v in flat]}
print(json.dumps(golden))
