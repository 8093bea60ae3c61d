"""A small model and its data, the same in every run, and what a test compares."""

import hashlib
import json
import os
import sys

import torch

torch.manual_seed(7)
torch.set_num_threads(1)


def net():
    return torch.nn.Sequential(torch.nn.Linear(8, 16), torch.nn.Tanh(), torch.nn.Linear(16, 1))


def data(n=64):
    x = torch.randn(n, 8)
    return torch.utils.data.TensorDataset(x, x.sum(1, keepdim=True).tanh())


def digest(model):
    h = hashlib.sha256()
    for name, value in sorted(model.state_dict().items()):
        h.update(name.encode())
        h.update(value.detach().contiguous().numpy().tobytes())
    return h.hexdigest()


def tell(model, **facts):
    """Print the facts and the weights' digest, as the last line."""
    print("said on stderr", file=sys.stderr)
    print(json.dumps(dict(facts, weights=digest(model)), sort_keys=True))


def leave():
    """End without C++'s own clearing up: on a busy machine a thread of gloo's now
    and then outlives it, and the process ends by SIGABRT, bare as well as watched."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
