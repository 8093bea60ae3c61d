"""Adapters of peft's on a small language model, trained by Transformers' Trainer."""

import sys

import peft
from common import tell, torch
from transformers import GPT2Config, GPT2LMHeadModel, PrinterCallback, Trainer, TrainingArguments

config = GPT2Config(vocab_size=64, n_positions=16, n_embd=16, n_layer=1, n_head=2)
adapters = peft.LoraConfig(r=4, target_modules=["c_attn"], task_type="CAUSAL_LM", fan_in_fan_out=True)
model = peft.get_peft_model(GPT2LMHeadModel(config), adapters)
rows = [{"input_ids": row, "labels": row} for row in torch.randint(64, (32, 16))]
arguments = TrainingArguments(
    sys.argv[1], per_device_train_batch_size=4, num_train_epochs=2, logging_steps=4, save_strategy="no",
    report_to=[], disable_tqdm=True, use_cpu=True, seed=3, lr_scheduler_type="cosine",
)  # fmt: skip
trainer = Trainer(model, arguments, train_dataset=rows)
trainer.remove_callback(PrinterCallback)  # it prints how long things took
trainer.train()
trained, everything = model.get_nb_trainable_parameters()
tell(
    model, source="hf", steps=16, step=16, epochs=2, trained=trained, everything=everything,
)  # fmt: skip
