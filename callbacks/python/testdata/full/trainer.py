"""Hugging Face's Trainer: accumulation, evaluation and saving, a log at each step."""

import sys

from common import net, tell, torch
from transformers import PrinterCallback, Trainer, TrainerCallback, TrainingArguments


class Model(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.net = net()

    def forward(self, x, labels=None):
        out = self.net(x)
        return {"loss": torch.nn.functional.mse_loss(out, labels), "logits": out}


class Rows(torch.utils.data.Dataset):
    def __init__(self):
        self.x = torch.randn(64, 8)

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return {"x": self.x[i], "labels": self.x[i].sum().tanh().reshape(1)}


class Print(TrainerCallback):
    last = {}

    def on_log(self, args, state, control, logs=None, **_):
        if "loss" in logs:
            Print.last = dict(logs)
            print(state.global_step, logs["loss"], logs["learning_rate"], logs["grad_norm"])


model = Model()
arguments = TrainingArguments(
    sys.argv[1], per_device_train_batch_size=4, gradient_accumulation_steps=2, num_train_epochs=3,
    logging_steps=1, eval_strategy="epoch", save_strategy="steps", save_steps=10, learning_rate=0.01,
    report_to=[], disable_tqdm=True, use_cpu=True, seed=3, warmup_steps=3,
)  # fmt: skip
rows = Rows()
trainer = Trainer(model, arguments, train_dataset=rows, eval_dataset=rows, callbacks=[Print()])
trainer.remove_callback(PrinterCallback)  # it prints how long things took
result = trainer.train()
tell(
    model, source="hf", steps=result.global_step, step=trainer.state.global_step, epochs=3,
    loss=Print.last["loss"], lr=Print.last["learning_rate"], grad_norm=float(Print.last["grad_norm"]),
)  # fmt: skip
