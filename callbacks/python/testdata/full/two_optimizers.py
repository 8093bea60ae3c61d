"""Two networks against each other: a step of the loop is a step of both."""

from common import net, tell, torch

first, second = net(), net()
one = torch.optim.Adam(first.parameters(), lr=0.01)
other = torch.optim.SGD(second.parameters(), lr=0.1)
steps = 0
for _ in range(40):
    x = torch.randn(4, 8)
    one.zero_grad()
    (first(x) - second(x).detach()).pow(2).mean().backward()
    one.step()
    other.zero_grad()
    (second(x) + first(x).detach()).pow(2).mean().backward()
    other.step()
    steps += 1
tell(first, source="torch", steps=steps, lr=0.01)
