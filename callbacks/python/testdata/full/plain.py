"""A loop of the program's own: accumulated gradients, an evaluation after each epoch."""

from common import data, net, tell, torch

model, loss_of = net(), torch.nn.MSELoss()
optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
schedule = torch.optim.lr_scheduler.StepLR(optimizer, 5, 0.5)
loader = torch.utils.data.DataLoader(data(), batch_size=4, shuffle=True)
steps = rate = 0
for epoch in range(3):
    for i, (x, y) in enumerate(loader):
        loss = loss_of(model(x), y) / 4
        loss.backward()
        if i % 4 == 3:
            rate = optimizer.param_groups[0]["lr"]
            optimizer.step()
            optimizer.zero_grad()
            schedule.step()
            steps += 1
            print(epoch, steps, loss.item(), rate)
    with torch.no_grad():
        for x, y in loader:
            model(x)
    optimizer.zero_grad()
tell(model, source="torch", steps=steps, lr=rate)
