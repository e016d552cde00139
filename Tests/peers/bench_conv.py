#!/usr/bin/env python3
"""Convolutions of a UNet and its training step with PyTorch: the same lines as `bench conv`. Needs torch.

usage: bench_conv.py [--threads 2] [--runs 5] [--what all|layers|step] [--base 16] [--batch 8] [--size 64] [--depth 4]
                     [--channels-last no|yes]
"""

import argparse
import json
import time

import torch
import torch.nn as nn
import torch.nn.functional as F

LAYERS = [
    (8, 5, 16, 64, 3), (8, 16, 16, 64, 3), (8, 32, 16, 64, 3), (8, 16, 32, 32, 3), (8, 64, 64, 16, 3),
    (8, 128, 128, 8, 3), (8, 256, 256, 4, 3), (8, 16, 1, 64, 1), (8, 32, 32, 128, 3), (1, 32, 32, 256, 3),
]  # fmt: skip


def best(runs, work):
    """The least wall and processor time."""
    times, used = [], []
    for _ in range(runs + 2):
        start, before = time.perf_counter(), time.process_time()
        work()
        times.append(time.perf_counter() - start)
        used.append(time.process_time() - before)
    return min(times), min(used)


def report(what, way, seconds, operations):
    print(json.dumps({
        "bench": "conv", "case": what, "way": "torch " + way, "workers": torch.get_num_threads(),
        "milliseconds": round(seconds[0] * 1e3, 2), "processor_milliseconds": round(seconds[1] * 1e3, 2),
        "gigaflops": round(operations / seconds[0] / 1e9, 1),
    }))  # fmt: skip


def layers(a):
    for batch, channels, filters, extent, kernel in LAYERS:
        x = torch.rand(batch, channels, extent, extent)
        w = torch.rand(filters, channels, kernel, kernel)
        y = torch.rand(batch, filters, extent, extent)
        if a.channels_last == "yes":
            x, w, y = (t.to(memory_format=torch.channels_last) for t in (x, w, y))
        pad = kernel // 2
        operations = 2 * batch * channels * filters * extent * extent * kernel * kernel
        name = f"{batch}x{channels}x{extent}x{extent} to {filters}, {kernel}x{kernel}"
        report(name, "forward", best(a.runs, lambda: F.conv2d(x, w, padding=pad)), operations)

        def back(mask):
            return lambda: torch.ops.aten.convolution_backward(
                y, x, w, None, [1, 1], [pad, pad], [1, 1], False, [0, 0], 1, mask
            )

        report(name, "input gradient", best(a.runs, back([True, False, False])), operations)
        report(name, "weight gradient", best(a.runs, back([False, True, False])), operations)


class UNet(nn.Module):
    def __init__(self, base, depth):
        super().__init__()

        def double(i, o):
            return nn.Sequential(
                nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(),
                nn.Conv2d(o, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(),
            )  # fmt: skip

        widths = [base << level for level in range(depth + 1)]
        self.down = nn.ModuleList(double(i, o) for i, o in zip([5] + widths, widths))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, stride=2) for w in widths[:-1])
        self.back = nn.ModuleList(double(2 * w, w) for w in widths[:-1])
        self.head = nn.Conv2d(base, 1, 1)

    def forward(self, x):
        skips = []
        for level, block in enumerate(self.down):
            x = block(F.max_pool2d(x, 2) if level else x)
            skips.append(x)
        for level in reversed(range(len(self.up))):
            x = self.back[level](torch.cat([skips[level], self.up[level](x)], 1))
        return self.head(x)


def step(a):
    net = UNet(a.base, a.depth)
    x, t = torch.full((a.batch, 5, a.size, a.size), 0.5), torch.full((a.batch, 1, a.size, a.size), 0.25)
    if a.channels_last == "yes":
        net, x, t = (v.to(memory_format=torch.channels_last) for v in (net, x, t))

    def work():
        for p in net.parameters():
            p.grad = None
        F.mse_loss(net(x), t).backward()

    name = f"unet base {a.base}, depth {a.depth}, {a.batch}x5x{a.size}x{a.size}"
    seconds = best(a.runs, work)
    report(name, "training step", seconds, 0)


parser = argparse.ArgumentParser()
for key, standard in [("threads", 2), ("runs", 5), ("base", 16), ("batch", 8), ("size", 64), ("depth", 4)]:
    parser.add_argument(f"--{key}", type=int, default=standard)
parser.add_argument("--what", default="all")
parser.add_argument("--channels-last", default="no")
arguments = parser.parse_args()
torch.set_num_threads(arguments.threads)
if arguments.what != "step":
    layers(arguments)
if arguments.what != "layers":
    step(arguments)
