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


def norm(x, name):
    c = [x.shape[1]]
    return F.batch_norm(
        x, numbers(name + "running_mean", c), numbers(name + "running_var", c), numbers(name + "weight", c),
        numbers(name + "bias", c), False, 0, 1e-5)


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
}
golden = {}
for name, (shape, make) in cases.items():
    y = make(given(shape))
    # Every 7th number is enough, and keeps the file small.
    flat = y.flatten()[::7].tolist()
    golden[name] = {"input": shape, "shape": list(y.shape), "every": 7, "output": [float(f"{v:.12g}") for v in flat]}
print(json.dumps(golden))
