"""Lightning's Trainer: accumulation, validation and saving."""

import sys

import lightning
from common import data, net, tell, torch


class Lit(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.net, self.last = net(), None

    def training_step(self, batch, _):
        x, y = batch
        loss = torch.nn.functional.mse_loss(self.net(x), y)
        self.last = loss.item()
        return loss

    def validation_step(self, batch, _):
        self.net(batch[0])

    def on_train_batch_end(self, *_):
        print(self.trainer.current_epoch, self.trainer.global_step, self.last)

    def configure_optimizers(self):
        return torch.optim.AdamW(self.parameters(), lr=0.01)


model = Lit()
trainer = lightning.Trainer(
    max_epochs=3, accumulate_grad_batches=2, accelerator="cpu", logger=False,
    default_root_dir=sys.argv[1], enable_progress_bar=False, num_sanity_val_steps=0,
)  # fmt: skip
loader = torch.utils.data.DataLoader(data(), batch_size=4)
trainer.fit(model, loader, loader)
tell(
    model, source="lightning", steps=trainer.global_step, step=trainer.global_step, epochs=3,
    loss=model.last, lr=0.01,
)  # fmt: skip
