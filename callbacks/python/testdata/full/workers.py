"""Data from two worker processes, which import torch and make no step."""

from common import data, net, tell, torch

if __name__ == "__main__":
    model, loss_of = net(), torch.nn.MSELoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    loader = torch.utils.data.DataLoader(data(), batch_size=4, num_workers=2)
    steps = 0
    for epoch in range(2):
        for x, y in loader:
            loss_of(model(x), y).backward()
            optimizer.step()
            optimizer.zero_grad()
            steps += 1
    tell(model, source="torch", steps=steps, lr=0.01)
