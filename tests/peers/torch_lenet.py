#!/usr/bin/env python3
"""PyTorch, eager: training of LeNet-300-100 with masks applied, timed per iteration.

usage: python3 torch_lenet.py [--threads 1] [--optimizer sgd|adam] [--batch 60] [--iterations 500] [--json]
Needs PyTorch (Debian: python3-torch libopenblas0-pthread). Try 1 and 2 threads and take the better.
Data is random with MNIST's share of non-zero pixels: only the time per iteration means anything.
"""
import argparse, json, time
import torch
import torch.nn.functional as F
from blas import require_fast_blas

p = argparse.ArgumentParser()
p.add_argument("--threads", type=int, default=1)
p.add_argument("--optimizer", default="sgd", choices=["sgd", "adam"])
p.add_argument("--batch", type=int, default=60)
p.add_argument("--iterations", type=int, default=500)
p.add_argument("--json", action="store_true")
a = p.parse_args()
require_fast_blas()

torch.set_num_threads(a.threads)
torch.manual_seed(0)
N = 60000
X = torch.rand(N, 784) * (torch.rand(N, 784) < 0.19)
Y = torch.randint(0, 10, (N,))
net = torch.nn.Sequential(
    torch.nn.Linear(784, 300), torch.nn.ReLU(), torch.nn.Linear(300, 100), torch.nn.ReLU(), torch.nn.Linear(100, 10)
)
weights = [m.weight for m in net if isinstance(m, torch.nn.Linear)]
masks = [torch.ones_like(w) for w in weights]
optimizer = (
    torch.optim.Adam(net.parameters(), lr=1.2e-3) if a.optimizer == "adam" else torch.optim.SGD(net.parameters(), lr=0.1)
)


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
for i in range(20):
    iteration(X[batch(i)], Y[batch(i)])
start = time.perf_counter()
for i in range(a.iterations):
    iteration(X[batch(i)], Y[batch(i)])
ms = (time.perf_counter() - start) / a.iterations * 1e3
print(
    json.dumps({"peer": "pytorch", "optimizer": a.optimizer, "batch": a.batch, "ms_per_iteration": ms})
    if a.json
    else f"pytorch {a.optimizer} batch {a.batch}: {ms:.3f} ms/iteration"
)
