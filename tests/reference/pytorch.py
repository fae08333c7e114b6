"""Writes tests/reference/pytorch.json: what PyTorch makes of the optimizers and schedules of the tests.

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
}, indent=2))
