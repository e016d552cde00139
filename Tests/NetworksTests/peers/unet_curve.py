"""Fifty steps of a small UNet in PyTorch: initial weights and loss curves for TrainingCurveTests.swift.

Writes ../golden/unet_curve.safetensors (the initial weights, under our names) and ../golden/unet_curve.json.
"""

import json
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn

folder = pathlib.Path(__file__).resolve().parent.parent / "golden"
torch.manual_seed(4)
torch.set_num_threads(1)
BASE, DEPTH, SIZE, BATCH = 4, 2, 16, 4


def stack(inputs, width, norm):
    layers = []
    for channels in (inputs, width):
        layers.append(nn.Conv2d(channels, width, 3, padding=1, bias=not norm))
        if norm:
            layers.append(nn.BatchNorm2d(width))
        layers.append(nn.ReLU())
    return nn.Sequential(*layers)


class UNet(nn.Module):
    def __init__(self, channels, norm):
        super().__init__()
        widths = [BASE << level for level in range(DEPTH + 1)]
        self.encoder = nn.ModuleList(stack(([channels] + widths)[l], widths[l], norm) for l in range(DEPTH))
        self.bottom = stack(widths[DEPTH - 1], widths[DEPTH], norm)
        self.up = nn.ModuleList(nn.ConvTranspose2d(widths[l + 1], widths[l], 2, 2) for l in range(DEPTH))
        self.decoder = nn.ModuleList(stack(2 * widths[l], widths[l], norm) for l in range(DEPTH))
        self.head = nn.Conv2d(BASE, 1, 1)

    def forward(self, x):
        skips = []
        for level in self.encoder:
            x = level(x)
            skips.append(x)
            x = nn.functional.max_pool2d(x, 2)
        x = self.bottom(x)
        for l in reversed(range(DEPTH)):
            x = self.decoder[l](torch.cat([skips[l], self.up[l](x)], 1))
        return self.head(x)

    def named(self):
        for name, value in self.state_dict().items():
            if name.endswith("num_batches_tracked"):
                continue
            parts = name.split(".")
            if parts[0] == "up":
                name = f"decoder.{parts[1]}.up.{parts[2]}"
            yield name, value


def batch(step):
    i = torch.arange(BATCH * 2 * SIZE * SIZE, dtype=torch.float64)
    x = torch.sin(0.37 * i + 1.3 * step) + torch.cos(0.011 * i * (1 + step % 3))
    x = x.reshape(BATCH, 2, SIZE, SIZE)
    y = 0.5 * x[:, :1] - 0.3 * torch.roll(x[:, 1:], 1, 3) + 0.2 * x[:, :1] * x[:, 1:]
    return x.float(), y.float()


curves, weights = {}, {}
for name, norm, make in [
    ("adam", False, lambda p: torch.optim.Adam(p, lr=0.003)),
    ("norm", True, lambda p: torch.optim.SGD(p, lr=0.02, momentum=0.9, weight_decay=1e-3)),
]:
    net = UNet(2, norm)
    weights |= {f"{name}.{key}": value.clone() for key, value in net.named()}
    optimiser = make(net.parameters())
    curve = []
    for step in range(50):
        x, y = batch(step)
        loss = nn.functional.mse_loss(net(x), y)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        curve.append(loss.item())
    curves[name] = curve
save_file({key: value.contiguous() for key, value in weights.items()}, folder / "unet_curve.safetensors")
(folder / "unet_curve.json").write_text(json.dumps(curves, indent=1) + "\n")
