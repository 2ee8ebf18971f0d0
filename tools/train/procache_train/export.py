"""From a run's checkpoint to the files that ship: original tensor names, fp16, and what a loader must know."""

import json
import shutil
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from .checkpoint import load_checkpoint
from .families import build_model

LOADER_NEEDS_NOT = {"vocabulary"}  # the size is the vocabulary file's


def open_trained(settings: dict, run: Path) -> nn.Module:
    """The model of a run with the averaged weights of its last checkpoint, or of a folder that `export` wrote. Safe
    while the run goes on.

    With `average = false` in [sample] it has the raw weights: a rate that falls to zero has averaged them already.
    """
    model = build_model(settings["model"])
    if (run / "checkpoint.pt").exists():
        state = load_checkpoint(run / "checkpoint.pt")
        average = state["ema"] if settings["sample"].get("average", True) else {}
        model.load_state_dict({**state["model"], **average})
    elif (run / "model.safetensors").exists():
        positions = {name: table for name, table in model.state_dict().items() if name.endswith("pos_embed")}
        model.load_state_dict({**load_exported(run), **positions})  # a fixed table, which fp16 rounds
    else:
        raise FileNotFoundError(f"{run} has no checkpoint.pt: train first, or point --run at a folder that `train` wrote")
    return model.eval()


def load_exported(folder: Path) -> dict[str, torch.Tensor]:
    """The weights of an exported model; those of a text model under the names they have in training."""
    tensors = load_file(folder / "model.safetensors")
    if not (folder / "text_encoder.safetensors").exists():
        return tensors
    text = load_file(folder / "text_encoder.safetensors")
    return {f"denoiser.{k}": v for k, v in tensors.items()} | {f"text.{k}": v for k, v in text.items()}


def model_card(settings: dict) -> dict:
    """config.json: the [model] section and the noise schedule."""
    diffusion = settings["diffusion"]
    return {
        **{key: value for key, value in settings["model"].items() if key not in LOADER_NEEDS_NOT},
        "prediction": "epsilon",
        "train_timesteps": diffusion["train_timesteps"],
        "beta_schedule": "linear",
        "beta_start": diffusion["beta_start"],
        "beta_end": diffusion["beta_end"],
        **(as_sampled_here() if settings["model"]["family"] == "pixart" else {}),
    }


def as_sampled_here() -> dict:
    """How `sample_ddim` draws, in words that a loader reads. Without them a PixArt would be drawn with 20 steps of its
    own DPM-Solver++, whose latents are not clipped. A DiT is drawn with as its own code does."""
    return {"sampler": "ddim", "timestep_spacing": "leading", "clip_sample": True, "clip_noise": "derived"}


def halves(tensors: dict[str, torch.Tensor], prefix: str = "") -> dict[str, torch.Tensor]:
    """The tensors whose names begin with `prefix`, without it, in fp16."""
    return {k[len(prefix) :]: v.half().contiguous() for k, v in tensors.items() if k.startswith(prefix)}


def joined_losses(path: Path, before: str | None) -> str:
    """A run's loss.csv, after the rows `before` of the run that it goes on from, whose steps it counts on."""
    rows = path.read_text().splitlines()
    if before is None:
        return "\n".join(rows) + "\n"
    earlier = Path(before).read_text().splitlines()
    offset = int(earlier[-1].split(",")[0])
    later = [row.split(",", 1) for row in rows[1:]]
    return "\n".join([*earlier, *(f"{int(step) + offset},{rest}" for step, rest in later)]) + "\n"


def export_model(settings: dict, run: Path, out: Path) -> None:
    """Writes model.safetensors and config.json, for text models text_encoder.safetensors and vocabulary.json, the loss
    curve with those of the legs before, and the newest sample grid."""
    out.mkdir(parents=True, exist_ok=True)
    tensors = open_trained(settings, run).state_dict()
    if settings["model"]["family"] == "pixart":
        save_file(halves(tensors, "denoiser."), out / "model.safetensors")
        save_file(halves(tensors, "text."), out / "text_encoder.safetensors")
        shutil.copyfile(Path(settings["dataset"]["folder"]) / "vocabulary.json", out / "vocabulary.json")
    else:
        save_file(halves(tensors), out / "model.safetensors")
    (out / "config.json").write_text(json.dumps(model_card(settings), indent=1) + "\n")
    (out / "loss.csv").write_text(joined_losses(run / "loss.csv", settings.get("start", {}).get("losses")))
    grids = sorted(run.glob("samples-*.png"))
    if grids:
        shutil.copyfile(grids[-1], out / "samples.png")
