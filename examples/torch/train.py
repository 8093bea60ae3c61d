"""Train a small network on numbers made up here; needs torch and nothing else.

    trainwatch run -- python examples/torch/train.py

Not a word of trainwatch in it: its steps, its data loading and its evaluation
are seen all the same.
"""

import torch
from torch import nn

EPOCHS, BATCH = 5, 64


def digits(count, generator):
    """Return blurred pictures of eight shapes, and which shape each is."""
    shapes = (torch.rand(8, 256, generator=torch.Generator().manual_seed(1)) > 0.7).float()
    labels = torch.randint(8, (count,), generator=generator)
    return shapes[labels] + 4 * torch.randn(count, 256, generator=generator), labels


def main():
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(2)
    train = torch.utils.data.TensorDataset(*digits(8192, generator))
    held_out = torch.utils.data.TensorDataset(*digits(1024, generator))
    loader = torch.utils.data.DataLoader(train, BATCH, shuffle=True)
    model = nn.Sequential(nn.Linear(256, 256), nn.GELU(), nn.Linear(256, 8))
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-4)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * len(loader))
    for epoch in range(EPOCHS):
        for pictures, labels in loader:
            loss = nn.functional.cross_entropy(model(pictures), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        with torch.no_grad():
            right = sum(
                (model(pictures).argmax(1) == labels).sum().item()
                for pictures, labels in torch.utils.data.DataLoader(held_out, 256)
            )
        print(f"epoch {epoch}: loss {loss.item():.4f}, {100 * right / len(held_out):.1f} % right")


if __name__ == "__main__":
    main()
