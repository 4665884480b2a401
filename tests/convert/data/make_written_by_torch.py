"""Makes `written_by_torch.pt` next to it: needs torch, omegaconf and numpy, but not fairseq."""

import argparse
import collections
import enum
import pathlib
import sys
import types

import numpy as np
import torch
from omegaconf import OmegaConf

FAIRSEQ = types.ModuleType("fairseq.dataclass.constants")
Choice = enum.Enum("Choice", {"PYTORCH": "pytorch_ddp"}, module=FAIRSEQ.__name__, qualname="Choice")
FAIRSEQ.Choice = Choice
for name in ("fairseq", "fairseq.dataclass"):
    sys.modules[name] = types.ModuleType(name)
sys.modules[FAIRSEQ.__name__] = FAIRSEQ

grid = torch.arange(12.0).reshape(3, 4)
layer = torch.nn.Linear(2, 2)
torch.nn.init.constant_(layer.weight, 0.5)
torch.nn.init.zeros_(layer.bias)
weights = layer.state_dict(prefix="layer.")
weights.update(
    {
        "float32": grid,
        "float64": grid.double() / 3,
        "float16": grid.half(),
        "bfloat16": grid.bfloat16() / 3,
        "int64": grid.long() - 5,
        "int32": grid.int(),
        "int16": grid.short(),
        "int8": grid.char() - 5,
        "uint8": grid.byte(),
        "bool": grid > 5,
        "transposed": torch.arange(12.0).reshape(4, 3).t(),
        "row": grid[1],
        "column": grid[:, 1],
        "corner": grid[1:, 2:],
        "scalar": torch.tensor(2.5),
        "empty": torch.empty(0, 3),
        "parameter": torch.nn.Parameter(torch.ones(2)),
        "tied": grid,
    }
)
torch.save(
    {
        "args": argparse.Namespace(arch="data2vec_multi", seed=1),
        "cfg": OmegaConf.create({"task": {"data": ["train", "valid"]}, "seed": "${task.data}", "lr": [1e-4, None]}),
        "criterion": None,
        "model": weights,
        "optimizer_history": [{"num_updates": 9, "backend": Choice.PYTORCH}],
        "task_state": collections.defaultdict(list, {"a": [1]}),
        "extra_state": {
            "loss": np.float64(0.25),
            "history": np.arange(3),
            "place": pathlib.PurePosixPath("a/b"),
            "set": {1},
        },
        "last_optimizer_state": torch.optim.Adam([torch.nn.Parameter(torch.ones(2))]).state_dict(),
    },
    pathlib.Path(__file__).with_name("written_by_torch.pt"),
)
