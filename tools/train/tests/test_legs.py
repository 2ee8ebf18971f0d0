"""A run in legs: settings laid over a base, weights taken over, one loss curve."""

from pathlib import Path

import pytest

HOW = "pip install -r tools/train/requirements.txt"
torch = pytest.importorskip("torch", reason=f"PyTorch is absent: {HOW}")
pytest.importorskip("safetensors", reason=f"safetensors is absent: {HOW}")

from procache_train.checkpoint import load_checkpoint  # noqa: E402
from procache_train.export import export_model, open_trained  # noqa: E402
from procache_train.settings import load_settings  # noqa: E402
from procache_train.trainer import Trainer  # noqa: E402

TINY = Path(__file__).parent / "tiny.toml"


def leg(folder: Path, text: str) -> dict:
    """The settings of a leg whose base is the tiny configuration."""
    path = folder / "leg.toml"
    path.write_text(f'base = "{TINY}"\n{text}')
    return load_settings(path)


def test_a_leg_says_only_what_differs(tmp_path: Path) -> None:
    whole, later = load_settings(TINY), leg(tmp_path, "[optimiser]\nsteps = 6\n")
    assert later["optimiser"] == {**whole["optimiser"], "steps": 6}
    assert later["model"] == whole["model"]


def test_a_leg_starts_where_the_one_before_it_ended(tmp_path: Path) -> None:
    short = "[optimiser]\nsteps = 6\ndecay = 2\n"
    Trainer(leg(tmp_path, short), tmp_path / "first", "cpu").train()
    start = "\n".join(f'{key} = "{tmp_path}/first/{file}"' for key, file in
                      (("weights", "checkpoint.pt"), ("ema", "checkpoint.pt"), ("losses", "loss.csv")))
    settings = leg(tmp_path, f"[start]\n{start}\n{short}")
    second, before = Trainer(settings, tmp_path / "second", "cpu"), load_checkpoint(tmp_path / "first" / "checkpoint.pt")
    for name, value in second.model.state_dict().items():
        assert torch.equal(value, before["model"][name]), name
    assert all(torch.equal(value, before["ema"][name]) for name, value in second.ema.mean.items())

    second.train()
    export_model(settings, tmp_path / "second", tmp_path / "model")
    rows = (tmp_path / "model" / "loss.csv").read_text().splitlines()
    assert [row.split(",")[0] for row in rows] == ["step", "3", "6", "9", "12"]
    trained, exported = (open_trained(settings, tmp_path / folder).state_dict() for folder in ("second", "model"))
    for name, value in trained.items():
        assert torch.equal(value.half().float(), exported[name]), name
