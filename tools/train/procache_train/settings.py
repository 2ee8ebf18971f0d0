"""A run's settings: one TOML file per model."""

import tomllib
from pathlib import Path

SECTIONS = {
    "model": {"family"},
    "dataset": {"name"},
    "diffusion": {"train_timesteps", "beta_start", "beta_end"},
    "optimiser": {"learning_rate", "betas", "warm_up", "decay", "clip", "ema", "batch", "steps"},
    "run": {"seed", "log_every", "checkpoint_minutes", "sample_every"},
    "sample": {"steps", "guidance", "seed"},
}


def load_settings(path: str | Path) -> dict:
    """Reads a TOML file and checks that every section and setting a run needs is there.

    `base` names another file in the same folder, whose settings hold where this one is silent: a later leg of a run.
    """
    settings = read_settings(Path(path))
    for section, keys in SECTIONS.items():
        missing = keys - settings.get(section, {}).keys()
        if missing:
            raise KeyError(f"{path}: [{section}] lacks {', '.join(sorted(missing))}; see configs/fashion-dit.toml")
    return settings


def read_settings(path: Path) -> dict:
    """The sections of a file laid over those of its base."""
    settings = tomllib.loads(path.read_text())
    if "base" not in settings:
        return settings
    base = read_settings(path.parent / settings.pop("base"))
    return {name: {**base.get(name, {}), **settings.get(name, {})} for name in base.keys() | settings.keys()}
