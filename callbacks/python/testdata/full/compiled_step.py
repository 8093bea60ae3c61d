"""torch.compile around the optimizer's own step, in one graph or not at all."""

from common import net, tell, torch

model = net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)


@torch.compile(fullgraph=True, backend="eager")
def step():
    optimizer.step()


for i in range(5):
    optimizer.zero_grad()
    model(torch.randn(4, 8)).pow(2).mean().backward()
    step()
tell(model, source="none", steps=0)
