"""torch.compile of the model, and of a step of another shape half-way."""

from common import net, tell, torch

model = net()
fast = torch.compile(model)
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
steps = 0
for i in range(12):
    optimizer.zero_grad()
    fast(torch.randn(4 if i < 6 else 5, 8)).pow(2).mean().backward()
    optimizer.step()
    steps += 1
tell(model, source="torch", steps=steps, lr=0.01)
