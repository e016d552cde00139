#!/usr/bin/env python3
"""The main job with PyTorch: the network of pipelines/downscale-temperature.yaml, trained on the same patches.

    Tests/peers/downscale_temperature.py [--factor 8] [--split west] [--seeds 1 2 3] [--steps 500] [--threads 2]
        [--program .build/release/isotach]

Reads the same files of Debian (libncarg-data), makes the same features and first estimate (numpy, double precision),
draws the same patches in the same order and orientation (Philox of the same seed and streams), and has the same loss
(mean square), optimiser (Adam), schedule (warm-up, then cosine), clipping and distribution of the first weights (He,
drawn by PyTorch: that is all that is random in another way). PyTorch works in channels_last, its fastest layout here.
With `--program` the pipeline is run too, each seed of ours after the same seed of PyTorch's. Each line has the root
mean square error on the unseen part and the seconds of the whole process: start, files, training, prediction.
"""
import argparse
import json
import math
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DATA = Path("/usr/share/ncarg/data/nug")
MASK = (1 << 64) - 1
# Streams of random numbers, as in Sources/Networks/Training/PatchSampler.swift.
ORDER, POSITIONS, ORIENTATIONS = 0x6F72646572000000, 0x706C616365000000, 0x7475726E00000000
PATCH, BATCH, BASE, DEPTH, RATE, WARM = 64, 8, 24, 2, 0.002, 30


def philox(seed, stream, index):
    """Four words of Philox4x32-10 (Salmon et al. 2011)."""
    c = [index & 0xFFFFFFFF, index >> 32, stream & 0xFFFFFFFF, stream >> 32]
    k = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        a, b = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(b >> 32) ^ c[1] ^ k[0], b & 0xFFFFFFFF, (a >> 32) ^ c[3] ^ k[1], a & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def wide(seed, stream, index):
    words = philox(seed, stream, index // 2)
    low = 2 * (index % 2)
    return words[low] | words[low + 1] << 32


def integer(seed, stream, bound, index):
    """An integer below `bound` (Lemire 2019)."""
    threshold = (1 << 64) % bound
    while True:
        product = wide(seed, stream, index) * bound
        if product & MASK >= threshold:
            return product >> 64
        seed = (seed + 0x9E3779B97F4A7C15) & MASK


def permutation(seed, stream, count):
    order, position = list(range(count)), 0

    def word():
        nonlocal position
        position += 1
        return philox(seed, stream, (position - 1) // 4)[(position - 1) % 4]

    for last in range(count - 1, 0, -1):
        bound = last + 1
        while True:
            product = (word() | word() << 32) * bound
            if product & MASK >= (1 << 64) % bound:
                break
        chosen = product >> 64
        order[last], order[chosen] = order[chosen], order[last]
    return order


def patches(seed, steps, rows, columns):
    """For each step the patches of its batch: (row, column, flips rows, flips columns, transposes)."""
    across, down = len(columns) - PATCH + 1, len(rows) - PATCH + 1
    samples = max(1, len(rows) * len(columns) // PATCH ** 2)
    per_epoch = -(-samples // BATCH)
    for step in range(steps):
        epoch, first = step // per_epoch, step % per_epoch * BATCH
        order = permutation(seed, (ORDER + epoch) & MASK, samples)
        batch = []
        for i in range(first, first + BATCH):
            place = epoch * samples + order[i % samples]
            start = integer(seed, POSITIONS, across * down, place)
            turn = integer(seed, ORIENTATIONS, 8, place)
            batch.append((rows[0] + start // across, columns[0] + start % across, turn >> 1 & 1, turn & 1, turn >> 2))
        yield batch


def fields(factor, split, np):
    """Features, first estimate, truth, and what is trained on."""
    import netCDF4

    def read(name, variable):
        with netCDF4.Dataset(DATA / name) as file:
            return np.squeeze(np.asarray(file[variable][:], "f8"))

    truth = read("tas_rotated_grid_EUR11.nc", "tas")[:408]
    relief = read("HSURF_regional_model_0.11deg.nc", "HSURF")[13:421, 13:437]
    land = read("FR-LAND_regional_model_0.11deg.nc", "FR_LAND")[13:421, 13:437]

    def coarse(field):
        ny, nx = field.shape
        return field.reshape(ny // factor, factor, nx // factor, factor).mean((1, 3))

    def fine(field):
        for _ in range(2):
            n = len(field)
            x = np.clip((np.arange(n * factor) + 0.5) / factor - 0.5, 0, n - 1)
            low = np.minimum(x.astype(int), n - 2)
            share = (x - low)[:, None]
            field = (field[low] * (1 - share) + field[low + 1] * share).T
        return field

    single = lambda a: np.asarray(a, "f4").astype("f8")
    halves = {"west": np.s_[:, :212], "east": np.s_[:, 212:], "upper": np.s_[204:], "lower": np.s_[:204]}
    known = halves[split]
    bilinear, detail, coast = single(fine(coarse(truth))), single(relief - fine(coarse(relief))), single(land - fine(coarse(land)))
    x, y = detail[known], (truth - bilinear)[known]
    # A line with a constant.
    slope = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()
    estimate = bilinear + slope * detail + (y.mean() - slope * x.mean())
    for _ in range(2):
        estimate = estimate + fine(coarse(truth) - coarse(estimate))
    return np.stack([bilinear, detail, relief, land, coast]), single(estimate), truth, known, coarse


def train(factor, split, seed, steps, threads):
    """One run, as a process of its own; prints a line of JSON."""
    import numpy as np
    import torch
    from torch import nn

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    features, estimate, truth, known, coarse = fields(factor, split, np)

    def block(first, width):
        layers = []
        for channels in (first, width):
            conv = nn.Conv2d(channels, width, 3, padding=1)
            layers += [conv, nn.ReLU()]
        return nn.Sequential(*layers)

    class UNet(nn.Module):
        def __init__(self, channels):
            super().__init__()
            widths = [BASE << level for level in range(DEPTH + 1)]
            self.encoder = nn.ModuleList(block(a, b) for a, b in zip([channels] + widths, widths[:-1]))
            self.bottom = block(widths[-2], widths[-1])
            self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 2, stride=2) for a, b in zip(widths, widths[1:]))
            self.decoder = nn.ModuleList(block(2 * a, a) for a in widths[:-1])
            self.head = nn.Conv2d(BASE, 1, 1)
            for module in self.modules():
                if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
                    fan = module.weight[0].numel() if isinstance(module, nn.Conv2d) else module.in_channels
                    nn.init.normal_(module.weight, std=math.sqrt(2 / fan))
                    nn.init.zeros_(module.bias)

        def forward(self, x):
            skips = []
            for stage in self.encoder:
                skips.append(stage(x))
                x = nn.functional.max_pool2d(skips[-1], 2)
            x = self.bottom(x)
            for level in reversed(range(DEPTH)):
                x = self.decoder[level](torch.cat([skips[level], self.up[level](x)], 1))
            return self.head(x)

    mean, deviation = (f(features[(slice(None),) + known], axis=(1, 2)) for f in (np.mean, np.std))
    inputs = ((features - mean[:, None, None]) / deviation[:, None, None]).astype("f4")
    rest = (truth - estimate)[known]
    center, scale = rest.mean(), rest.std()
    target = ((truth - estimate - center) / scale).astype("f4")
    rows, columns = np.arange(truth.shape[0])[known[0]], np.arange(truth.shape[1])[known[1]]

    network = UNet(len(inputs)).to(memory_format=torch.channels_last)
    optimiser = torch.optim.Adam(network.parameters(), RATE, fused=True)

    def factor_of(step):
        if step < WARM:
            return 0.1 + 0.9 * step / WARM
        return (1 + math.cos(math.pi * min(1, (step - WARM) / max(1, steps - WARM)))) / 2

    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, factor_of)
    begin = time.monotonic()
    for batch in patches(seed, steps, rows, columns):
        made = []
        for row, column, flips_rows, flips_columns, transposes in batch:
            cells = np.s_[:, row:row + PATCH, column:column + PATCH]
            both = np.concatenate([inputs[cells], target[None][cells]])
            both = both[:, ::-1 if flips_rows else 1, ::-1 if flips_columns else 1]
            made.append(both.swapaxes(1, 2) if transposes else both)
        data = torch.from_numpy(np.ascontiguousarray(np.stack(made)))
        x = data[:, :-1].contiguous(memory_format=torch.channels_last)
        optimiser.zero_grad(set_to_none=True)
        loss = nn.functional.mse_loss(network(x), data[:, -1:])
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1)
        optimiser.step()
        schedule.step()
    trained = time.monotonic() - begin
    with torch.no_grad():
        made = network(torch.from_numpy(inputs[None]).contiguous(memory_format=torch.channels_last))[0, 0].double().numpy()
    predicted = made * scale + center + estimate
    predicted += np.kron(coarse(truth) - coarse(predicted), np.ones((factor, factor)))
    unseen = np.ones(truth.shape, bool)
    unseen[known] = False
    error = lambda field: float(np.sqrt(((field - truth)[unseen] ** 2).mean()))
    print(json.dumps({"rmse": error(predicted), "conserving": error(estimate), "training": trained}))


def timed(command, folder):
    begin = time.monotonic()
    done = subprocess.run([str(c) for c in command], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{command[0]} ended with {done.returncode}: {done.stderr}")
    return time.monotonic() - begin, json.loads(done.stdout)


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--factor", type=int, default=8)
    options.add_argument("--split", default="west", choices=["west", "east", "upper", "lower"])
    options.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    options.add_argument("--steps", type=int, default=500)
    options.add_argument("--threads", type=int, default=2)
    options.add_argument("--program", type=Path)
    options.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.one:
        return train(given.factor, given.split, given.seeds[0], given.steps, given.threads)
    settings = ["--factor", given.factor, "--split", given.split, "--steps", given.steps, "--threads", given.threads]
    for seed in given.seeds:
        seconds, found = timed([sys.executable, __file__, "--one", "--seeds", seed, *settings], ROOT)
        print(f"seed {seed}  PyTorch   rmse {found['rmse']:.4f}  whole {seconds:.1f} s, its loop {found['training']:.1f} s  "
              f"(first estimate {found['conserving']:.4f})", flush=True)
        if not given.program:
            continue
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(ROOT / "pipelines/downscale-temperature.yaml", folder)
            sets = {"factor": given.factor, "split": given.split, "steps": given.steps, "seed": seed}
            command = [given.program.resolve(), "run", "downscale-temperature.yaml", "--json", "--threads", given.threads]
            for key, value in sets.items():
                command += ["--set", f"{key}={value}"]
            seconds, found = timed(command, folder)
            scores = {s["method"]: s["value"] for s in found["scores"] if s["metric"] == "rmse"}
            print(f"seed {seed}  Isotach   rmse {scores['network']:.4f}  whole {seconds:.1f} s  "
                  f"(first estimate {scores['conserving']:.4f})", flush=True)


if __name__ == "__main__":
    main()
