"""A loop of fast steps that kills itself: what is known of it is on the page."""

import os
import signal
import sys

from common import net, torch

model = net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)
for i in range(777):
    optimizer.zero_grad()
    model(torch.ones(1, 8)).sum().backward()
    optimizer.step()
print(777, flush=True)
if sys.argv[1] == "exit":
    os._exit(3)
os.kill(os.getpid(), signal.SIGKILL)
