"""A plain loop that takes as many steps as each line of its input says, and answers
with the nanoseconds they took, of the clock and of the processor. A second number
is 0 where whoever watches is not to see them. The argument is the number of rows in
a batch."""

import sys
import time

from common import torch

model = torch.nn.Sequential(torch.nn.Linear(256, 512), torch.nn.Tanh(), torch.nn.Linear(512, 1))
optimizer = torch.optim.AdamW(model.parameters(), lr=0.001)
rows = int(sys.argv[1])
x, y = torch.randn(rows, 256), torch.randn(rows, 1)
hooks = sys.modules["torch.optim.optimizer"]._global_optimizer_post_hooks
watching = dict(hooks)  # empty where nobody does
for line in sys.stdin:
    steps, seen = map(int, line.split())
    hooks.clear()
    if seen:
        hooks.update(watching)
    for i in range(-20, steps):  # what has idled while others had their turn comes back first
        if i == 0:
            begun, used = time.perf_counter_ns(), time.process_time_ns()
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
    print(time.perf_counter_ns() - begun, time.process_time_ns() - used, flush=True)
