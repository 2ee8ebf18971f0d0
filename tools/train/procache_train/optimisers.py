"""Which optimiser updates which parameter: AdamW everything, or Muon the matrices of the blocks; words at their own rate."""

import contextlib
from collections.abc import Iterator

import torch
from torch import nn


class Optimisers:
    """The optimisers of a model by the `[optimiser]` section, stepped together; the rates are peaks until `step` scales them.

    With `matrix_rate` the weight matrices of the blocks are updated by Muon (Jordan et al. 2024) at that rate, scaled so
    that its updates are as large as AdamW's (Liu et al. 2025, arXiv 2502.16982).
    """

    def __init__(self, model: nn.Module, settings: dict):
        trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
        by_muon = {name for name in trained if "matrix_rate" in settings and is_block_matrix(name)}
        words = {name for name in trained if "word_rate" in settings and name == "text.embedding.weight"}
        rest = [p for name, p in trained.items() if name not in by_muon | words]
        self.peaks = {"adamw": settings["learning_rate"]}
        self.all: dict[str, torch.optim.Optimizer] = {"adamw": adamw(rest, settings)}
        if words:
            self.peaks["words"] = settings["word_rate"]
            self.all["words"] = adamw([trained[name] for name in words], settings)
        if by_muon:
            matrices = [trained[name] for name in sorted(by_muon)]
            self.peaks["muon"] = settings["matrix_rate"]
            self.all["muon"] = torch.optim.Muon(
                matrices, lr=settings["matrix_rate"], weight_decay=0.0, adjust_lr_fn="match_rms_adamw"
            )

    def step(self, share: float) -> None:
        """Updates all parameters at `share` of the peak rates, from 0 to 1, and drops the gradients."""
        for name, optimiser in self.all.items():
            for group in optimiser.param_groups:
                group["lr"] = self.peaks[name] * share
            with one_thread() if name == "muon" else contextlib.nullcontext():
                optimiser.step()
            optimiser.zero_grad()

    def state_dict(self) -> dict[str, dict]:
        """What a checkpoint holds, by optimiser."""
        return {name: optimiser.state_dict() for name, optimiser in self.all.items()}

    def load_state_dict(self, state: dict[str, dict]) -> None:
        """Takes over what `state_dict` gave."""
        for name, optimiser in self.all.items():
            optimiser.load_state_dict(state[name])


def adamw(parameters: list[nn.Parameter], settings: dict) -> torch.optim.AdamW:
    """AdamW without weight decay; `step` sets the rate."""
    return torch.optim.AdamW(parameters, betas=tuple(settings["betas"]), weight_decay=0.0, fused=True)


def is_block_matrix(name: str) -> bool:
    """Whether a parameter is the weight of a linear layer inside a block, other than of its modulation."""
    return "blocks." in name and name.endswith(".weight") and "adaLN" not in name


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Runs on one processor thread: Muon's products are many and small (56 matrices of width 192: 146 ms, on two 270 ms)."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
