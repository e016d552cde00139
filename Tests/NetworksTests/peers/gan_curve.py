"""Thirty steps of a small conditional GAN in PyTorch, for AdversarialCurveTests.swift.

The discriminator is that of pytorch-CycleGAN-and-pix2pix (NLayerDiscriminator), written out here, and so is the order of a
step (Pix2PixModel.optimize_parameters): first the discriminator on the target and on the detached output, then the network
by loss + weight x judgement. Writes ../golden/gan_curve.safetensors (the initial weights, under our names) and
../golden/gan_curve.json (for each kind of judgement the three losses of each step).
"""

import json
import pathlib

import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn import functional

folder = pathlib.Path(__file__).resolve().parent.parent / "golden"
torch.manual_seed(7)
torch.set_num_threads(1)
SIZE, BATCH, STEPS, WEIGHT = 16, 4, 30, 0.3


class Discriminator(nn.Module):
    """Filters 4, two layers that halve the extents, batch normalisation."""

    def __init__(self, channels):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(channels, 4, 4, 2, 1), nn.LeakyReLU(0.2),
            nn.Conv2d(4, 8, 4, 2, 1, bias=False), nn.BatchNorm2d(8), nn.LeakyReLU(0.2),
            nn.Conv2d(8, 16, 4, 1, 1, bias=False), nn.BatchNorm2d(16), nn.LeakyReLU(0.2))
        self.head = nn.Conv2d(16, 1, 4, 1, 1)

    def forward(self, x):
        return self.head(self.body(x))


def batch(step):
    i = torch.arange(BATCH * 2 * SIZE * SIZE, dtype=torch.float64)
    x = torch.sin(0.37 * i + 1.3 * step) + torch.cos(0.011 * i * (1 + step % 3))
    x = x.reshape(BATCH, 2, SIZE, SIZE)
    y = 0.5 * x[:, :1] - 0.3 * torch.roll(x[:, 1:], 1, 3) + 0.2 * x[:, :1] * x[:, 1:]
    # Each seventh cell has no target.
    weights = (torch.arange(BATCH * SIZE * SIZE) % 7 != 0).reshape(BATCH, 1, SIZE, SIZE)
    return x.float(), (y * weights).float(), weights.float()


def judged(kind, real, fake):
    if kind == "least-squares":
        return ((real - 1) ** 2).mean() + (fake**2).mean()
    if kind == "hinge":
        return functional.relu(1 - real).mean() + functional.relu(1 + fake).mean()
    return functional.softplus(-real).mean() + functional.softplus(fake).mean()


def wanted(kind, fake):
    if kind == "least-squares":
        return ((fake - 1) ** 2).mean()
    return -fake.mean() if kind == "hinge" else functional.softplus(-fake).mean()


curves, weights = {}, {}
for kind in ["least-squares", "hinge", "non-saturating"]:
    net = nn.Sequential(nn.Conv2d(2, 6, 3, padding=1), nn.ReLU(), nn.Conv2d(6, 1, 3, padding=1))
    opponent = Discriminator(3)
    weights |= {f"{kind}.{key}": value.clone() for key, value in net.state_dict().items()}
    weights |= {f"{kind}.discriminator.{key}": value.clone() for key, value in opponent.state_dict().items()
                if not key.endswith("num_batches_tracked")}
    optimiser = torch.optim.Adam(net.parameters(), lr=0.003)
    other = torch.optim.Adam(opponent.parameters(), lr=0.001, betas=(0.5, 0.999))
    curve = {"loss": [], "discriminator": [], "adversarial": []}
    for step in range(STEPS):
        x, y, w = batch(step)
        fake = net(x) * w
        loss = 0.5 * judged(kind, opponent(torch.cat([x, y], 1)), opponent(torch.cat([x, fake.detach()], 1)))
        other.zero_grad()
        loss.backward()
        other.step()
        judgement = wanted(kind, opponent(torch.cat([x, fake], 1)))
        error = (((fake - y) ** 2) * w).sum() / w.sum()
        optimiser.zero_grad()
        (error + WEIGHT * judgement).backward()
        optimiser.step()
        for key, value in [("loss", error), ("discriminator", loss), ("adversarial", judgement)]:
            curve[key].append(value.item())
    curves[kind] = curve
save_file({key: value.contiguous() for key, value in weights.items()}, folder / "gan_curve.safetensors")
(folder / "gan_curve.json").write_text(json.dumps(curves, indent=1) + "\n")
