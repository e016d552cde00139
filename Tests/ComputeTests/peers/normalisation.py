"""Golden numbers of the normalisations: python3 normalisation.py (needs torch)."""

import torch
import torch.nn.functional as F
from pattern import case, write


def training(x, scale, bias, mean, variance):
    return F.batch_norm(x, mean.detach().clone(), variance.detach().clone(), scale, bias, True, 0.1, 1e-5)


def inference(x, scale, bias, mean, variance):
    return F.batch_norm(x, mean, variance, scale, bias, False, 0.1, 1e-5)


def channels(count):
    return [((count,), 0.5, 2), ((count,), -1, 1), ((count,), -1, 1), ((count,), 0.5, 2)]


write(
    "BatchNormalizationTraining.json",
    [
        case("2-d", training, [((2, 3, 3, 5), -1, 3)] + channels(3), {0, 1, 2}),
        case("batch 1", training, [((1, 2, 1, 3), -1, 3)] + channels(2), {0, 1, 2}),
        case("one pixel", training, [((5, 2, 1, 1), -1, 3)] + channels(2), {0, 1, 2}),
        case("no space", training, [((5, 3), -1, 3)] + channels(3), {0, 1, 2}),
        case("3-d", training, [((2, 2, 2, 3, 2), -1, 3)] + channels(2), {0, 1, 2}),
    ],
)
write(
    "BatchNormalization.json",
    [
        case("2-d", inference, [((2, 3, 3, 5), -1, 3)] + channels(3), {0, 1, 2}),
        case("one pixel", inference, [((1, 2, 1, 1), -1, 3)] + channels(2), {0, 1, 2}),
    ],
)


def lrn(size, alpha, beta, k):
    return lambda x: F.local_response_norm(x, size, alpha, beta, k)


write(
    "LRN.json",
    [
        case("AlexNet", lrn(5, 1e-4 * 5, 0.75, 2.0), [((2, 7, 2, 3), -9, 9)], {0}),
        case("strong", lrn(3, 0.9, 0.75, 1.0), [((1, 5, 2, 2), -2, 2)], {0}),
        case("even size", lrn(4, 0.9, 0.5, 1.0), [((1, 5, 2, 2), -2, 2)], {0}),
        case("wider than the channels", lrn(9, 0.9, 1.2, 1.0), [((1, 3, 1, 2), -2, 2)], {0}),
    ],
)


def affine(count):
    return [((count,), 0.5, 2), ((count,), -1, 1)]


write(
    "GroupNormalization.json",
    [
        case("2 of 3", lambda x, s, b: F.group_norm(x, 2, s, b), [((2, 6, 3, 5), -1, 3)] + affine(6), {0, 1, 2}),
        case("one group", lambda x, s, b: F.group_norm(x, 1, s, b), [((2, 3, 4), -1, 3)] + affine(3), {0, 1, 2}),
        case("no space", lambda x, s, b: F.group_norm(x, 2, s, b), [((3, 8), -1, 3)] + affine(8), {0, 1, 2}),
    ],
)
write(
    "InstanceNormalization.json",
    [
        case("2-d", lambda x, s, b: F.instance_norm(x, weight=s, bias=b), [((2, 3, 3, 5), -1, 3)] + affine(3), {0, 1, 2}),
        case("1-d", lambda x, s, b: F.instance_norm(x, weight=s, bias=b), [((1, 2, 7), -1, 3)] + affine(2), {0, 1, 2}),
    ],
)
write(
    "LayerNormalization.json",
    [
        case("last", lambda x, s, b: F.layer_norm(x, (7,), s, b), [((2, 3, 7), -1, 3)] + affine(7), {0, 1, 2}),
        case("two dimensions", lambda x, s, b: F.layer_norm(x, (3, 5), s, b),
             [((3, 3, 5), -1, 3), ((3, 5), 0.5, 2), ((3, 5), -1, 1)], {0, 1, 2}),
    ],
)
write(
    "Softmax.json",
    [
        case("channels", lambda x: torch.softmax(x, 1), [((2, 5, 3), -4, 4)], {0}),
        case("last", lambda x: torch.softmax(x, -1), [((3, 7), -30, 30)], {0}),
        case("one", lambda x: torch.softmax(x, 1), [((2, 1, 3), -4, 4)], {0}),
    ],
)
write(
    "LogSoftmax.json",
    [
        case("channels", lambda x: torch.log_softmax(x, 1), [((2, 5, 3), -4, 4)], {0}),
        case("last", lambda x: torch.log_softmax(x, -1), [((3, 7), -30, 30)], {0}),
    ],
)
