"""torch.compile around the optimizer's own step."""

from common import net, tell, torch

model = net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)


@torch.compile(backend="eager")
def step():
    optimizer.step()


for i in range(5):
    optimizer.zero_grad()
    model(torch.randn(4, 8)).pow(2).mean().backward()
    step()
tell(model, source="torch", steps=0)
