"""DeepSpeed's engine, in two processes that its own launcher starts."""

import argparse
import logging

import deepspeed
from common import data, net, tell, torch

logging.disable()  # its lines have times and pids in them
parser = argparse.ArgumentParser()
parser.add_argument("--local_rank", type=int)
parser.add_argument("out")
parser.parse_args()
deepspeed.ops.__compatible_ops__.clear()  # none of its extensions is compiled for this
deepspeed.init_distributed("gloo")
model = net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
engine, optimizer, _, _ = deepspeed.initialize(
    model=model, optimizer=optimizer,
    config={"train_batch_size": 16, "gradient_accumulation_steps": 2},
)  # fmt: skip
rows = data()
sampler = torch.utils.data.DistributedSampler(rows)
for _ in range(2):
    for x, y in torch.utils.data.DataLoader(rows, batch_size=4, sampler=sampler):
        engine.backward(torch.nn.functional.mse_loss(engine(x), y))
        engine.step()
deepspeed.comm.barrier()
if deepspeed.comm.get_rank() == 0:
    tell(engine.module, source="torch", steps=engine.global_steps, lr=0.02)
torch.distributed.destroy_process_group()
