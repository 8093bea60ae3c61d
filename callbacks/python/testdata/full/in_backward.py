"""An optimizer to each parameter, stepping while gradients are computed."""

from common import net, tell, torch

model = net()
each = {p: torch.optim.SGD([p], lr=0.05) for p in model.parameters()}


def step(p):
    each[p].step()
    each[p].zero_grad()


for p in model.parameters():
    p.register_post_accumulate_grad_hook(step)
steps = 0
for _ in range(90):
    model(torch.randn(4, 8)).pow(2).mean().backward()
    steps += 1
tell(model, source="torch", steps=steps, lr=0.05)
