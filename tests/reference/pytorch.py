"""Writes tests/reference/pytorch.json: what PyTorch makes of the optimizers and schedules of the
tests, of convolutions and pools, and of the gradients behind the scores of pruning at initialization.

Run it with Debian's python3-torch (1.13): python3 tests/reference/pytorch.py > tests/reference/pytorch.json
"""

import json
import math

import torch

START = [1, -1, 0.5, 0, 2, -3, 0.01]
STEPS = 50
# gradients[step][i], as the test makes them too
GRADIENTS = [
    [math.sin(step * (i + 1)) * 10.0 ** (i - 5) for i in range(len(START))] for step in range(STEPS)
]


def optimized(make):
    weights = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    optimizer = make([weights])
    for gradient in GRADIENTS:
        weights.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
    return weights.tolist()


def rates(make, iterations):
    optimizer = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)
    schedule = make(optimizer)
    seen = []
    for _ in range(iterations):
        seen.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return seen


WIDTHS = [4, 5, 4, 3]
ACTIVATIONS = [torch.tanh, torch.sigmoid, lambda z: z]
EXAMPLES = 6


def waves(count, scale):
    return [scale * math.sin(1.7 * i + count) for i in range(count)]


def init_scores():
    """A network, some of whose weights are masked; gradients g and H g by its effective weights."""
    layers = range(len(ACTIVATIONS))
    sizes = [WIDTHS[i] * WIDTHS[i + 1] for i in layers]
    masks = [[(i * i + i // 3) % 2 for i in range(size)] for size in sizes]
    weights = [
        torch.tensor([w * m for w, m in zip(waves(size, 1.5), mask)], dtype=torch.float64)
        .reshape(WIDTHS[i], WIDTHS[i + 1]).requires_grad_()
        for i, (size, mask) in enumerate(zip(sizes, masks))
    ]
    biases = [torch.tensor(waves(WIDTHS[i + 1], 0.3), dtype=torch.float64) for i in layers]
    inputs = torch.tensor(waves(EXAMPLES * WIDTHS[0], 2), dtype=torch.float64)
    labels = [i % WIDTHS[-1] for i in range(EXAMPLES)]
    values = inputs.reshape(EXAMPLES, WIDTHS[0])
    for weight, bias, activation in zip(weights, biases, ACTIVATIONS):
        values = activation(values @ weight + bias)
    loss = torch.nn.functional.cross_entropy(values, torch.tensor(labels))
    gradients = torch.autograd.grad(loss, weights, create_graph=True)
    # The derivative of g g' by the weights, with one factor held: H g.
    along = sum((g * g.detach()).sum() for g in gradients)
    products = torch.autograd.grad(along, weights)
    flat = lambda tensors: [t.flatten().tolist() for t in tensors]
    return {
        "widths": WIDTHS,
        "inputs": inputs.tolist(),
        "labels": labels,
        "masks": masks,
        "weights": flat(weights),
        "biases": flat(biases),
        "loss": loss.item(),
        "gradients": flat(gradients),
        "products": flat(products),
        "snip": flat([(w * g).abs() for w, g in zip(weights, gradients)]),
        "grasp": flat([w * p for w, p in zip(weights, products)]),
    }


def image_layer(kind, image, kernel, stride, padding=None, filters=None, batch=2):
    """A layer of images, channels last as in the tests, its outputs and gradients."""
    height, width, channels = image
    inputs = torch.tensor(waves(batch * height * width * channels, 1.3), dtype=torch.float64)
    inputs.requires_grad_()
    x = inputs.reshape(batch, height, width, channels).permute(0, 3, 1, 2)
    parameters = []
    if kind == "conv2d":
        count = kernel[0] * kernel[1] * channels * filters
        weights = torch.tensor(waves(count, 0.7), dtype=torch.float64).requires_grad_()
        biases = torch.tensor(waves(filters, 0.3), dtype=torch.float64).requires_grad_()
        parameters = [weights, biases]
        kernels = weights.reshape(*kernel, channels, filters).permute(3, 2, 0, 1)
        z = torch.nn.functional.conv2d(x, kernels, biases, stride=stride, padding=padding)
    elif kind == "maxPool2d":
        z = torch.nn.functional.max_pool2d(x, kernel, stride)
    else:
        z = torch.nn.functional.avg_pool2d(x, kernel, stride)
    outputs = z.permute(0, 2, 3, 1).flatten()
    deltas = torch.tensor(waves(len(outputs), 0.9), dtype=torch.float64)
    gradients = torch.autograd.grad((outputs * deltas).sum(), [inputs, *parameters])
    found = dict(zip(["byInputs", "byWeights", "byBiases"], gradients))
    named = dict(zip(["weights", "biases"], parameters))
    arrays = {"inputs": inputs, "outputs": outputs, "deltas": deltas, **named, **found}
    return {
        "kind": kind, "image": image, "kernel": kernel, "stride": stride, "padding": padding,
        "filters": filters, "batch": batch,
        **{name: array.tolist() for name, array in arrays.items()},
    }


LR = torch.optim.lr_scheduler
print(json.dumps({
    "torch": torch.__version__,
    "start": START,
    "steps": STEPS,
    "optimizers": {
        "sgd": optimized(lambda w: torch.optim.SGD(w, lr=0.1, weight_decay=0.05)),
        "momentum": optimized(
            lambda w: torch.optim.SGD(w, lr=0.1, momentum=0.9, weight_decay=0.05)
        ),
        "nesterov": optimized(
            lambda w: torch.optim.SGD(w, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.05)
        ),
        # An epsilon that counts for nothing: PyTorch's is scaled by the bias correction, ours is not.
        "adam": optimized(lambda w: torch.optim.Adam(w, lr=0.01, eps=1e-30, weight_decay=0.05)),
        "adamw": optimized(lambda w: torch.optim.AdamW(w, lr=0.01, eps=1e-30, weight_decay=0.05)),
    },
    "schedules": {
        "steps": rates(lambda o: LR.MultiStepLR(o, [3, 5], gamma=0.1), 8),
        "cosine": rates(lambda o: LR.CosineAnnealingLR(o, T_max=8), 8),
        "warmup": rates(
            lambda o: LR.SequentialLR(
                o,
                [
                    LR.LinearLR(o, start_factor=1 / 4, end_factor=1, total_iters=3),
                    LR.CosineAnnealingLR(o, T_max=6),
                ],
                milestones=[4],
            ),
            10,
        ),
    },
    "init_scores": init_scores(),
    "images": [
        image_layer("conv2d", [5, 6, 3], [3, 5], [1, 1], "same", 2),
        image_layer("conv2d", [5, 4, 1], [2, 4], [1, 1], "same", 3),
        image_layer("conv2d", [7, 6, 2], [3, 2], [2, 3], "valid", 3),
        image_layer("maxPool2d", [5, 6, 2], [2, 2], [2, 2]),
        image_layer("maxPool2d", [5, 6, 2], [3, 2], [1, 2]),
        image_layer("avgPool2d", [5, 6, 2], [3, 2], [2, 1]),
    ],
}, indent=2))
