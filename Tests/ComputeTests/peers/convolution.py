"""Golden numbers of Conv, ConvTranspose and the gradients of Conv: python3 convolution.py (needs torch)."""

import torch
import torch.nn.functional as F
from pattern import case, write

CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
TRANSPOSE = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def padded(x, pads):
    """ONNX's order (all in front, all behind) to torch's (last dimension first, front and behind)."""
    rank = len(pads) // 2
    return F.pad(x, [v for d in reversed(range(rank)) for v in (pads[d], pads[rank + d])])


def conv(strides=1, dilations=1, pads=None, groups=1):
    def run(x, w, b=None):
        rank = w.dim() - 2
        return CONV[rank](
            padded(x, pads or [0] * 2 * rank), w, b, stride=strides, dilation=dilations, groups=groups
        )

    return run


def transpose(strides=1, dilations=1, pads=None, extra=0, groups=1):
    def run(x, w, b=None):
        rank = w.dim() - 2
        full = TRANSPOSE[rank](x, w, b, stride=strides, dilation=dilations, output_padding=extra, groups=groups)
        p = pads or [0] * 2 * rank
        for d in range(rank):
            full = full.narrow(2 + d, p[d], full.shape[2 + d] - p[d] - p[rank + d])
        return full

    return run


def input_gradient(shape, **options):
    def run(seed, w):
        x = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
        return torch.autograd.grad(conv(**options)(x, w), x, seed, create_graph=True)[0]

    return run


def weight_gradient(shape, **options):
    def run(x, seed):
        w = torch.zeros(shape, dtype=torch.float64, requires_grad=True)
        return torch.autograd.grad(conv(**options)(x, w), w, seed, create_graph=True)[0]

    return run


def n(*shape):
    return (shape, -1, 1)


write(
    "Conv.json",
    [
        case("plain", conv(), [n(2, 3, 5, 6), n(4, 3, 3, 3), n(4)], {0, 1, 2}),
        case("same", conv(pads=[1, 1, 1, 1]), [n(1, 2, 7, 5), n(3, 2, 3, 3), n(3)], {0, 1, 2}),
        case("asymmetric", conv(strides=(2, 3), pads=[2, 0, 1, 3]), [n(2, 2, 6, 7), n(3, 2, 4, 3), n(3)], {0, 1, 2}),
        case("dilated", conv(dilations=(2, 3), pads=[2, 3, 2, 3]), [n(1, 2, 6, 7), n(2, 2, 3, 3), n(2)], {0, 1, 2}),
        case("groups", conv(groups=2, pads=[1, 1, 1, 1]), [n(2, 4, 4, 5), n(6, 2, 3, 3), n(6)], {0, 1, 2}),
        case("depthwise", conv(groups=3, strides=2, pads=[1, 1, 1, 1]), [n(1, 3, 5, 5), n(3, 1, 3, 3)], {0, 1}),
        case("one pixel", conv(pads=[1, 1, 1, 1]), [n(1, 3, 1, 1), n(2, 3, 3, 3), n(2)], {0, 1, 2}),
        case("pointwise", conv(), [n(2, 3, 4, 3), n(5, 3, 1, 1), n(5)], {0, 1, 2}),
        case("series", conv(strides=2, dilations=2, pads=[3, 1]), [n(2, 3, 11), n(4, 3, 3), n(4)], {0, 1, 2}),
        case("volume", conv(pads=[1, 0, 1, 0, 1, 1]), [n(1, 2, 3, 4, 5), n(2, 2, 2, 3, 3), n(2)], {0, 1, 2}),
    ],
)
write(
    "ConvTranspose.json",
    [
        case("plain", transpose(), [n(2, 3, 4, 3), n(3, 2, 3, 3), n(2)], {0, 1, 2}),
        case("up two", transpose(strides=2), [n(1, 4, 3, 5), n(4, 3, 2, 2), n(3)], {0, 1, 2}),
        case(
            "asymmetric",
            transpose(strides=(3, 2), pads=[1, 0, 0, 2], extra=(2, 1)),
            [n(2, 2, 3, 4), n(2, 3, 3, 4), n(3)],
            {0, 1, 2},
        ),
        case("dilated", transpose(strides=2, dilations=3, pads=[1, 2, 2, 1]), [n(1, 2, 3, 4), n(2, 2, 3, 2)], {0, 1}),
        case("groups", transpose(strides=2, groups=2), [n(1, 4, 3, 2), n(4, 3, 3, 3), n(6)], {0, 1, 2}),
        case("one pixel", transpose(strides=4), [n(1, 3, 1, 1), n(3, 2, 3, 3), n(2)], {0, 1, 2}),
        case("series", transpose(strides=3, extra=1), [n(2, 2, 5), n(2, 3, 4), n(3)], {0, 1, 2}),
        case("volume", transpose(strides=(1, 2, 2)), [n(1, 2, 2, 3, 2), n(2, 2, 2, 2, 3), n(2)], {0, 1, 2}),
    ],
)
write(
    "ConvInputGradient.json",
    [
        case("same", input_gradient((1, 2, 6, 5), pads=[1, 1, 1, 1]), [n(1, 3, 6, 5), n(3, 2, 3, 3)], {0, 1}),
        case(
            "strided",
            input_gradient((2, 4, 6, 7), strides=(2, 3), pads=[1, 0, 0, 2], groups=2),
            [n(2, 2, 3, 3), n(2, 2, 3, 2)],
            {0, 1},
        ),
    ],
)
write(
    "ConvWeightGradient.json",
    [
        case("same", weight_gradient((3, 2, 3, 3), pads=[1, 1, 1, 1]), [n(2, 2, 5, 4), n(2, 3, 5, 4)], {0, 1}),
        case(
            "strided",
            weight_gradient((2, 2, 3, 2), strides=(2, 3), pads=[1, 0, 0, 2], groups=2),
            [n(2, 4, 6, 7), n(2, 2, 3, 3)],
            {0, 1},
        ),
    ],
)
