"""Two processes that share each layer between them, on a mesh with names."""

import torch.distributed as dist
from common import leave, net, tell, torch
from torch.distributed.tensor.parallel import ColwiseParallel, RowwiseParallel, parallelize_module

dist.init_process_group("gloo")
mesh = dist.device_mesh.init_device_mesh("cpu", (1, 2), mesh_dim_names=("dp", "tp"))
model = net()
parallelize_module(model, mesh["tp"], {"0": ColwiseParallel(), "2": RowwiseParallel()})
optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
for _ in range(12):
    optimizer.zero_grad()
    model(torch.ones(4, 8)).pow(2).mean().backward()
    optimizer.step()
whole = {name: value.full_tensor() for name, value in model.state_dict().items()}
if dist.get_rank() == 0:

    class Whole:
        """What digest wants of a model."""

        state_dict = staticmethod(lambda: whole)

    tell(Whole, source="torch", steps=12, lr=0.02)
dist.barrier()
dist.destroy_process_group()
leave()
