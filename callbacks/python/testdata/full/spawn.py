"""Ranks that the program starts itself, by torch.multiprocessing."""

import os

import torch.distributed as dist
import torch.multiprocessing as mp
from common import net, tell, torch


def work(rank, world):
    os.environ.update(MASTER_ADDR="127.0.0.1", MASTER_PORT=os.environ["TEST_PORT"])
    dist.init_process_group("gloo", rank=rank, world_size=world)
    model = torch.nn.parallel.DistributedDataParallel(net())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    for _ in range(15):
        optimizer.zero_grad()
        model(torch.ones(4, 8)).pow(2).mean().backward()
        optimizer.step()
    dist.barrier()
    if rank == 0:
        tell(model.module, source="torch", steps=15, lr=0.02)
    dist.destroy_process_group()


if __name__ == "__main__":
    mp.start_processes(work, (2,), 2, start_method="spawn")
