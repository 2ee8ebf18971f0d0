"""The training loop. Everything it draws is a function of (seed, step); everything else is in the checkpoint."""

import csv
import signal
import time
from pathlib import Path

import torch

from .checkpoint import load_checkpoint, load_weights, save_checkpoint
from .diffusion import Diffusion
from .draws import batch_indices, spread_timesteps, step_generator
from .ema import Ema
from .families import build_dataset, build_model
from .grid import draw_grid
from .optimisers import Optimisers


class Trainer:
    """Owns a run: model, average, optimiser, and the folder `out` with checkpoint.pt, loss.csv and sample grids."""

    def __init__(self, settings: dict, out: Path, device: str):
        self.settings, self.out, self.device = settings, out, torch.device(device)
        torch.manual_seed(settings["run"]["seed"])
        self.dataset = build_dataset(settings["dataset"])
        self.diffusion = Diffusion(**settings["diffusion"])
        self.model = build_model(settings["model"])
        start = settings.get("start", {})
        if "weights" in start:
            self.model.load_state_dict(load_weights(start["weights"], "model"))
        if start.get("words_from_pictures"):
            embedding = self.model.text.embedding
            embedding.weight.data.copy_(self.dataset.word_vectors(embedding.embedding_dim))
        self.model.to(self.device)
        optimiser = settings["optimiser"]
        self.ema = Ema(self.model, optimiser["ema"])
        if "ema" in start:
            self.ema.load(load_weights(start["ema"], "ema"))
            self.ema.settled = True
        self.optimisers = Optimisers(self.model, optimiser)
        self.step, self.decay_from, self.losses = 0, optimiser["steps"] - optimiser["decay"], []
        self.stopped = False
        self.out.mkdir(parents=True, exist_ok=True)
        if (self.out / "checkpoint.pt").exists():
            self.restore(load_checkpoint(self.out / "checkpoint.pt"))
        self.forward = torch.compile(self.model) if settings["run"].get("compile") else self.model

    def state(self) -> dict:
        """What a checkpoint holds."""
        return {
            "step": self.step,
            "decay_from": self.decay_from,
            "losses": self.losses,
            "model": self.model.state_dict(),
            "ema": self.ema.mean,
            "optimisers": self.optimisers.state_dict(),
        }

    def restore(self, state: dict) -> None:
        """Takes over a checkpoint and drops the rows of loss.csv that were written after it."""
        self.step, self.decay_from, self.losses = state["step"], state["decay_from"], state["losses"]
        self.model.load_state_dict(state["model"])
        self.ema.load(state["ema"])
        self.optimisers.load_state_dict(state["optimisers"])
        path = self.out / "loss.csv"
        if path.exists():
            rows = path.read_text().splitlines()
            kept = rows[:1] + [row for row in rows[1:] if int(row.split(",")[0]) <= self.step]
            path.write_text("\n".join(kept) + "\n")

    def share(self) -> float:
        """The share of the peak learning rates: linear warm-up, constant, linear decay to zero from `decay_from` on."""
        optimiser = self.settings["optimiser"]
        up = min(1.0, (self.step + 1) / max(1, optimiser["warm_up"]))
        down = 1.0 - max(0, self.step - self.decay_from) / max(1, optimiser["decay"])
        return up * max(0.0, down)

    def train_step(self) -> float:
        """One update; returns the unweighted mean squared error of the noise."""
        seed, batch = self.settings["run"]["seed"], self.settings["optimiser"]["batch"]
        generator = step_generator(seed, self.step)
        rows = batch_indices(seed, self.step, batch, len(self.dataset))
        images, conditions = self.dataset.batch(rows, generator)
        noise = torch.randn(images.shape, generator=generator)
        t = spread_timesteps(batch, self.diffusion.timesteps, generator)
        images, noise, t = images.to(self.device), noise.to(self.device), t.to(self.device)
        conditions = tuple(condition.to(self.device) for condition in conditions)
        noisy = self.diffusion.add_noise(images, noise, t)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.settings["run"].get("bf16", True)):
            predicted = self.forward(noisy, t, *conditions)
        error = (predicted.float() - noise).square().mean(dim=(1, 2, 3))  # [images]
        (error * self.diffusion.weight(t)).mean().backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.settings["optimiser"]["clip"])
        self.optimisers.step(self.share())
        self.step += 1
        self.ema.update(self.step)
        return error.detach().mean().item()

    def train(self) -> None:
        """Trains until the decay has ended or SIGTERM comes; leaves a checkpoint either way."""
        signal.signal(signal.SIGTERM, self.stop)
        signal.signal(signal.SIGINT, self.stop)
        run, decay = self.settings["run"], self.settings["optimiser"]["decay"]
        saved = time.monotonic()
        while self.step < self.decay_from + decay and not self.stopped:
            self.losses.append(self.train_step())
            if self.step % run["log_every"] == 0:
                self.log()
                self.look_for_finish()
            if time.monotonic() - saved > 60 * run["checkpoint_minutes"]:
                self.save()
                saved = time.monotonic()
            if self.step % run["sample_every"] == 0:
                self.sample()
        self.save()
        if not self.stopped:
            self.sample()

    def stop(self, *_) -> None:
        """Ends the run after the current step."""
        self.stopped = True

    def look_for_finish(self) -> None:
        """Starts the decay now if a person created the file FINISH in the run's folder."""
        if (self.out / "FINISH").exists() and self.step < self.decay_from:
            self.decay_from = self.step
            print(f"step {self.step}: FINISH found, decaying", flush=True)

    def log(self) -> None:
        """Appends the mean loss since the last row to loss.csv."""
        path = self.out / "loss.csv"
        fresh = not path.exists()
        with path.open("a", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            if fresh:
                writer.writerow(["step", "loss", "learning_rate"])
            mean = sum(self.losses) / len(self.losses)
            rate = self.settings["optimiser"]["learning_rate"] * self.share()
            writer.writerow([self.step, f"{mean:.6f}", f"{rate:.3e}"])
        print(f"{time.strftime('%H:%M:%S')} step {self.step} loss {mean:.4f}", flush=True)
        self.losses = []

    def save(self) -> None:
        """Writes checkpoint.pt."""
        save_checkpoint(self.out / "checkpoint.pt", self.state())

    def sample(self) -> None:
        """Writes a grid drawn from the average."""
        path = self.out / f"samples-{self.step:06d}.png"
        self.ema.swap()
        draw_grid(self.model, self.diffusion, self.dataset, self.settings["model"], self.settings["sample"], path)
        self.ema.swap()
