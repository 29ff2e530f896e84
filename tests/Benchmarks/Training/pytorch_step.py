"""Trains one of the benchmark models with PyTorch on one thread and prints the time of a step, in milliseconds.

The same work as a step of the built-in trainer: draw the batch from data in memory, forward, backward, update.
usage: pytorch_step.py mlp|cnn|transformer STEPS DATA
"""
import gzip
import os
import statistics
import sys
import time

import numpy
import torch
from torch import nn
from torch.nn import functional

torch.set_num_threads(1)
name, steps, data = sys.argv[1], int(sys.argv[2]), sys.argv[3]
torch.manual_seed(1)


def idx(path, offset):
    with gzip.open(path) as file:
        return numpy.frombuffer(file.read(), dtype=numpy.uint8, offset=offset)


class Transformer(nn.Module):
    def __init__(self, symbols=256, context=64, width=96, layers=4, heads=4):
        super().__init__()
        self.heads, self.width = heads, width
        self.embedding = nn.Embedding(symbols, width)
        self.position = nn.Parameter(torch.randn(context, width) * 0.02)
        self.layers = nn.ModuleList()
        for _ in range(layers):
            self.layers.append(nn.ModuleDict({
                "norm1": nn.LayerNorm(width), "qkv": nn.Linear(width, 3 * width), "projection": nn.Linear(width, width),
                "norm2": nn.LayerNorm(width), "expand": nn.Linear(width, 4 * width), "contract": nn.Linear(4 * width, width)}))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, symbols)
        self.register_buffer("mask", torch.full((context, context), float("-inf")).triu(1))

    def attention(self, layer, x):
        n, t, _ = x.shape
        q, k, v = layer["qkv"](x).view(n, t, 3, self.heads, self.width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
        weights = (q @ k.transpose(-2, -1)) * (self.width // self.heads) ** -0.5 + self.mask
        return layer["projection"]((weights.softmax(-1) @ v).transpose(1, 2).reshape(n, t, self.width))

    def forward(self, x):
        h = self.embedding(x) + self.position
        for layer in self.layers:
            h = h + self.attention(layer, layer["norm1"](h))
            h = h + layer["contract"](functional.gelu(layer["expand"](layer["norm2"](h))))
        return self.head(self.norm(h)).view(-1, 256)


if name == "transformer":
    text = torch.from_numpy(numpy.fromfile(os.path.join(data, "tinyshakespeare", "input.txt"), dtype=numpy.uint8).astype(numpy.int64))
    model = Transformer()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, betas=(0.9, 0.95), weight_decay=0.1)

    def batch():
        starts = torch.randint(len(text) - 65, (8,))
        windows = torch.stack([text[s:s + 65] for s in starts])
        return windows[:, :-1], windows[:, 1:].reshape(-1)
else:
    folder = os.path.join(data, "fashion-mnist")
    images = torch.from_numpy(idx(os.path.join(folder, "train-images-idx3-ubyte.gz"), 16).reshape(-1, 1, 28, 28).astype(numpy.float32))
    images = (images / 255 - 0.2860) / 0.3530
    labels = torch.from_numpy(idx(os.path.join(folder, "train-labels-idx1-ubyte.gz"), 8).astype(numpy.int64))
    if name == "mlp":
        model = nn.Sequential(nn.Flatten(), nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 10))
    else:
        model = nn.Sequential(
            nn.Conv2d(1, 8, 5, 2, 2), nn.ReLU(), nn.Conv2d(8, 32, 3, 2, 1), nn.ReLU(), nn.Flatten(),
            nn.Linear(1568, 100), nn.ReLU(), nn.Linear(100, 10))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9, weight_decay=5e-4)

    def batch():
        index = torch.randint(len(labels), (128,))
        return images[index], labels[index]

times = []
for step in range(steps):
    begun = time.perf_counter()
    x, y = batch()
    optimizer.zero_grad()
    loss = functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    loss.item()
    times.append(1000 * (time.perf_counter() - begun))

# As the built-in trainer tells it: the median of ten stretches' means, the first steps left out.
times = times[steps // 10:]
stretch = len(times) // 10
print(statistics.median(statistics.fmean(times[i * stretch:(i + 1) * stretch]) for i in range(10)))
