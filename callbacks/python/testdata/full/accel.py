"""A loop of accelerate's, in two processes that `accelerate launch` starts."""

from accelerate import Accelerator
from common import data, net, tell, torch

accelerator = Accelerator(cpu=True, gradient_accumulation_steps=2)
model = net()
optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
loader = torch.utils.data.DataLoader(data(), batch_size=4)
model, optimizer, loader = accelerator.prepare(model, optimizer, loader)
steps = 0
for _ in range(2):
    for x, y in loader:
        with accelerator.accumulate(model):
            accelerator.backward(torch.nn.functional.mse_loss(model(x), y))
            optimizer.step()
            optimizer.zero_grad()
            steps += accelerator.sync_gradients
accelerator.wait_for_everyone()
if accelerator.is_main_process:
    assert accelerator.num_processes == 2
    tell(accelerator.unwrap_model(model), source="torch", steps=steps, lr=0.02)
accelerator.end_training()
