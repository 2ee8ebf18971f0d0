"""A run that is killed and started again gives the same loss curve, to the last digit, as one that is not."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

HOW = "pip install -r tools/train/requirements.txt"
torch = pytest.importorskip("torch", reason=f"PyTorch is absent: {HOW}")
pytest.importorskip("safetensors", reason=f"safetensors is absent: {HOW}")

HERE = Path(__file__).parent


def start(run: Path) -> subprocess.Popen:
    """Trains the tiny configuration in a process of its own."""
    command = [sys.executable, "-m", "procache_train", "train", str(HERE / "tiny.toml"), "--run", str(run), "--threads", "1"]
    return subprocess.Popen(command, cwd=HERE.parent)


def wait_for_rows(path: Path, rows: int, process: subprocess.Popen) -> None:
    """Waits until loss.csv has so many lines."""
    while not path.exists() or len(path.read_text().splitlines()) < rows:
        assert process.poll() is None, "the run ended before it could be killed"
        time.sleep(0.002)


def test_killed_run_resumes_exactly(tmp_path: Path) -> None:
    assert start(tmp_path / "whole").wait() == 0
    for rows in (8, 20):
        process = start(tmp_path / "killed")
        wait_for_rows(tmp_path / "killed" / "loss.csv", rows, process)
        os.kill(process.pid, signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
    process = start(tmp_path / "killed")
    wait_for_rows(tmp_path / "killed" / "loss.csv", 30, process)
    process.terminate()  # leaves a checkpoint and ends well
    assert process.wait() == 0
    assert start(tmp_path / "killed").wait() == 0

    curves = [(tmp_path / run / "loss.csv").read_text() for run in ("whole", "killed")]
    assert curves[0] == curves[1]
    assert len(curves[0].splitlines()) == 51  # a heading and 150 / 3 rows
    whole, killed = (torch.load(tmp_path / run / "checkpoint.pt") for run in ("whole", "killed"))
    for part in ("model", "ema"):
        for name, value in whole[part].items():
            assert torch.equal(value, killed[part][name]), name
    assert (tmp_path / "killed" / "samples-000150.png").exists()


def test_finish_file_starts_the_decay(tmp_path: Path) -> None:
    (tmp_path / "FINISH").touch()
    assert start(tmp_path).wait() == 0
    rows = (tmp_path / "loss.csv").read_text().splitlines()
    # Seen with the first row, at step 3; 50 steps of decay follow, the last row before 53 is 51.
    assert rows[-1].startswith("51,")
