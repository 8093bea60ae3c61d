"""A plain loop of many steps: what one took, in microseconds of the clock and of the CPU.

    python paired.py STEPS
"""

import sys
import time

from common import net, torch

STEPS = int(sys.argv[1])
wide = torch.nn.Sequential(torch.nn.Linear(256, 512), torch.nn.Tanh(), torch.nn.Linear(512, 1))
optimizer = torch.optim.AdamW(wide.parameters(), lr=0.001)
x, y = torch.randn(32, 256), torch.randn(32, 1)
net()
begun = used = 0
for i in range(STEPS + 100):
    if i == 100:
        begun, used = time.perf_counter(), time.process_time()
    optimizer.zero_grad()
    torch.nn.functional.mse_loss(wide(x), y).backward()
    optimizer.step()
begun, used = time.perf_counter() - begun, time.process_time() - used
print("%.1f %.1f" % (begun / STEPS * 1e6, used / STEPS * 1e6))
