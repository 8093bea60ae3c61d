"""A dataset that fails in the third epoch, seen by nobody's except."""

import json

from common import net, torch


class Rows(torch.utils.data.Dataset):
    asked = 0

    def __len__(self):
        return 8

    def __getitem__(self, i):
        Rows.asked += 1
        if Rows.asked > 20:
            raise ValueError("row")
        return torch.ones(8)


model = net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
steps = 0
try:
    for epoch in range(3):
        for x in torch.utils.data.DataLoader(Rows(), batch_size=2):
            optimizer.zero_grad()
            model(x).pow(2).mean().backward()
            optimizer.step()
            steps += 1
finally:
    print(json.dumps({"steps": steps, "lr": 0.01}))
