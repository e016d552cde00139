"""Golden numbers of Resize: python3 resize.py (needs torch and onnx 1.19)."""

import itertools

import numpy as np
import torch.nn.functional as F
from onnx.reference.ops.op_resize import (
    _cubic_coeffs,
    _cubic_coeffs_antialias,
    _interpolate_nd,
    _linear_coeffs,
    _linear_coeffs_antialias,
    _nearest_coeffs,
)
from pattern import case, pattern, write


def onnx(name, shape, coeffs, scales=None, sizes=None, **options):
    """Forward numbers of ONNX's reference implementation, in double."""
    x = pattern(shape, 1).astype(np.float64)
    out = _interpolate_nd(
        x,
        coeffs,
        output_size=sizes,
        scale_factors=scales,
        axes=list(range(3 - len(scales or sizes), 3)),
        **options,
    )
    return {
        "name": name,
        "shape": list(out.shape),
        "output": [round(v, 9) for v in out.reshape(-1).tolist()],
        "gradients": {},
    }


def text(numbers):
    """As Swift writes them."""
    return "[" + ", ".join(str(float(n)) for n in numbers) + "]"


def cubic(ratio, scale, a=-0.75):
    return _cubic_coeffs(float(ratio), scale, A=a)


cases = []
linear = lambda r, s: _linear_coeffs(float(r), s)
for mode in ["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", "asymmetric"]:
    for scales in [[0.6, 1.7], [2, 1.5], [0.5, 0.35]]:
        if mode == "pytorch_half_pixel" and scales == [0.5, 0.35]:
            continue
        options = {"scales": scales, "coordinate_transformation_mode": mode}
        for name, coeffs in [("linear", linear), ("cubic", cubic)]:
            cases.append(onnx(f"{name} {mode} {text(scales)}", (1, 4, 4), coeffs, **options))
        for rounding in ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]:
            coeffs = lambda r, s: _nearest_coeffs(r, rounding)
            cases.append(onnx(f"nearest {mode} {rounding} {text(scales)}", (1, 4, 4), coeffs, **options))
for name, plain, wide in [
    ("linear", linear, _linear_coeffs_antialias),
    ("cubic", cubic, _cubic_coeffs_antialias),
]:
    for scales in [[0.6, 0.4], [0.3, 2]]:
        cases.append(onnx(f"{name} antialias {text(scales)}", (1, 7, 6), wide, scales=scales))
        cases.append(
            onnx(f"{name} outside excluded {text(scales)}", (1, 7, 6), plain, scales=scales, exclude_outside=True)
        )
    cases.append(onnx(f"{name} sizes", (1, 4, 4), plain, sizes=[3, 9]))
cases.append(
    onnx(
        "cubic -0.5 outside excluded",
        (1, 4, 4),
        lambda r, s: _cubic_coeffs(float(r), s, A=-0.5),
        sizes=[3, 9],
        exclude_outside=True,
    )
)
cases.append(
    onnx(
        "crop",
        (1, 4, 4),
        linear,
        sizes=[3, 4],
        roi=[0.4, -0.2, 0.6, 1.3],
        coordinate_transformation_mode="tf_crop_and_resize",
        extrapolation_value=10.0,
    )
)


def torch_case(name, shape, **options):
    return case(f"torch {name}", lambda x: F.interpolate(x, **options), [(shape, -1, 1)], {0})


for mode, sizes in itertools.product(["bilinear", "bicubic", "nearest"], [[5, 7], [2, 3], [1, 1], [5, 1]]):
    cases.append(torch_case(f"{mode} {sizes}", (1, 2, 3, 4), size=sizes, mode=mode))
    if mode != "nearest":
        cases.append(
            torch_case(f"{mode} corners {sizes}", (1, 2, 3, 4), size=sizes, mode=mode, align_corners=True)
        )
for mode in ["bilinear", "bicubic", "nearest"]:
    cases.append(torch_case(f"{mode} pixel", (1, 1, 1, 1), size=[3, 2], mode=mode))
for mode in ["bilinear", "bicubic"]:
    cases.append(torch_case(f"{mode} antialias", (1, 2, 7, 5), size=[3, 2], mode=mode, antialias=True))
cases.append(torch_case("line", (1, 2, 4), scale_factor=2, mode="linear"))
cases.append(torch_case("volume", (1, 1, 2, 3, 1), scale_factor=2, mode="trilinear"))
write("Resize.json", cases)
