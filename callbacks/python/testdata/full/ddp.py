"""Two processes over gloo, started by torchrun."""

import os

import torch.distributed as dist
from common import data, leave, net, tell, torch

dist.init_process_group("gloo")
rank = dist.get_rank()
model = torch.nn.parallel.DistributedDataParallel(net())
optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
rows = data()
sampler = torch.utils.data.DistributedSampler(rows)
steps = 0
for epoch in range(2):
    sampler.set_epoch(epoch)
    for x, y in torch.utils.data.DataLoader(rows, batch_size=4, sampler=sampler):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        optimizer.step()
        steps += 1
dist.barrier()
if rank == 0:
    tell(model.module, source="torch", steps=steps, lr=0.02)
dist.destroy_process_group()
assert os.environ["WORLD_SIZE"] == "2"
leave()
