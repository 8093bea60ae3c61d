"""A GradScaler that skips the steps whose gradients are infinite."""

from common import net, tell, torch

model = net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
scaler = torch.amp.GradScaler("cpu", init_scale=2.0**10)
made = 0
for i in range(30):
    optimizer.zero_grad()
    loss = model(torch.randn(4, 8)).pow(2).mean()
    if i % 10 == 4:
        loss = loss * float("inf")
    before = scaler.get_scale()
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
    made += scaler.get_scale() >= before
tell(model, source="torch", steps=made, lr=0.01)
