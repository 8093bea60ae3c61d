"""trainwatch.step in a loop whose optimizer is seen as well: the user's word counts."""

import math

from common import net, tell, torch

try:
    from trainwatch import step as told
except ImportError:

    def told(**_):
        pass


model = net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
steps = 0
for i in range(20):
    optimizer.zero_grad()
    loss = model(torch.randn(4, 8)).pow(2).mean()
    loss.backward()
    optimizer.step()
    steps += 1
    value = loss.item()
    told(loss=value, lr=0.25, epoch=i // 10)
assert math.isfinite(value)
tell(model, source="python", steps=steps, loss=value, lr=0.25)
