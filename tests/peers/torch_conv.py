#!/usr/bin/env python3
"""PyTorch, eager: training of a network of convolutions with masks applied, timed per iteration.

usage: python3 torch_conv.py --layers conv5x5v:20,pool,500 --image 28,28,1 [--threads 1]
       [--optimizer sgd|adam] [--batch 60] [--iterations 20] [--json]
The layers are those of `--layers` of this project (ReLU layers; the output layer is added).
Needs PyTorch (Debian: python3-torch libopenblas0-pthread). Try 1 and 2 threads and take the better.
Data is random: only the time per iteration means anything.
"""
import argparse, json, re, time
import torch
import torch.nn.functional as F
from blas import require_fast_blas

p = argparse.ArgumentParser()
p.add_argument("--layers", required=True)
p.add_argument("--image", required=True)
p.add_argument("--threads", type=int, default=1)
p.add_argument("--optimizer", default="adam", choices=["sgd", "adam"])
p.add_argument("--batch", type=int, default=60)
p.add_argument("--iterations", type=int, default=20)
p.add_argument("--json", action="store_true")
a = p.parse_args()
require_fast_blas()

torch.set_num_threads(a.threads)
torch.manual_seed(0)
CLASSES = 10
height, width, channels = map(int, a.image.split(","))
modules, inputs = [], None
for text in a.layers.split(","):
    conv = re.fullmatch(r"conv(\d+)x(\d+)(v?):(\d+)", text)
    if conv:
        kernel, filters = (int(conv[1]), int(conv[2])), int(conv[4])
        modules += [torch.nn.Conv2d(channels, filters, kernel, padding=0 if conv[3] else "same"), torch.nn.ReLU()]
        channels = filters
    elif text == "pool":
        modules.append(torch.nn.MaxPool2d(2))
    else:
        if inputs is None:
            modules.append(torch.nn.Flatten())
            inputs = torch.nn.Sequential(*modules)(torch.zeros(1, int(a.image.split(",")[2]), height, width)).shape[1]
        modules += [torch.nn.Linear(inputs, int(text)), torch.nn.ReLU()]
        inputs = int(text)
net = torch.nn.Sequential(*modules, torch.nn.Linear(inputs, CLASSES))
weights = [m.weight for m in net if isinstance(m, (torch.nn.Linear, torch.nn.Conv2d))]
masks = [torch.ones_like(w) for w in weights]
optimizer = (
    torch.optim.Adam(net.parameters(), lr=2e-4) if a.optimizer == "adam" else torch.optim.SGD(net.parameters(), lr=0.01)
)
N = 20 * a.batch
X = torch.rand(N, int(a.image.split(",")[2]), height, width)
Y = torch.randint(0, CLASSES, (N,))


def iteration(x, y):
    optimizer.zero_grad(set_to_none=True)
    F.cross_entropy(net(x), y).backward()
    optimizer.step()
    # Pruned weights go back to 0 after each update: cheaper than masking in forward and backward.
    with torch.no_grad():
        for w, m in zip(weights, masks):
            w.mul_(m)


order = torch.randperm(N)
batch = lambda i: order[(i * a.batch) % (N - a.batch) :][: a.batch]
for i in range(2):
    iteration(X[batch(i)], Y[batch(i)])
start = time.perf_counter()
for i in range(a.iterations):
    iteration(X[batch(i)], Y[batch(i)])
ms = (time.perf_counter() - start) / a.iterations * 1e3
print(
    json.dumps({"peer": "pytorch", "optimizer": a.optimizer, "batch": a.batch, "ms_per_iteration": ms})
    if a.json
    else f"pytorch {a.layers} {a.optimizer} batch {a.batch}: {ms:.3f} ms/iteration"
)
