"""Command line: `python -m procache_train train configs/fashion-dit.toml --out /tmp/train/fashion-dit`."""

import argparse
import os
from pathlib import Path

# Threads that spin at barriers lose whole time slices when other processes want the cores (measured: 7 s a step
# instead of 1 s). This must be set before PyTorch is loaded, hence the late imports.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def train(arguments: argparse.Namespace) -> None:
    """Trains a diffusion model, or goes on where `--out` holds a checkpoint."""
    from .settings import load_settings
    from .trainer import Trainer

    Trainer(load_settings(arguments.config), arguments.out, arguments.device).run()


def classify(arguments: argparse.Namespace) -> None:
    """Trains the Fashion-MNIST classifier and writes classifier.onnx, its weights, and the test set's statistics."""
    from .classifier import train_classifier, write_classifier

    arguments.out.mkdir(parents=True, exist_ok=True)
    write_classifier(train_classifier(arguments.device), arguments.out)


def emoji(arguments: argparse.Namespace) -> None:
    """Builds the emoji data set from npm packages, downloaded into `--packages` unless they are there."""
    from .emoji_packages import build_emoji

    build_emoji(arguments.packages, arguments.out)


def main() -> None:
    """Parses the command line and runs one command."""
    parser = argparse.ArgumentParser(prog="procache_train")
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("train", help=train.__doc__)
    command.add_argument("config", type=Path)
    command.add_argument("--out", type=Path, required=True)
    command.set_defaults(call=train)
    command = commands.add_parser("classifier", help=classify.__doc__)
    command.add_argument("--out", type=Path, required=True)
    command.set_defaults(call=classify)
    command = commands.add_parser("emoji", help=emoji.__doc__)
    command.add_argument("--out", type=Path, required=True)
    command.add_argument("--packages", type=Path, default=Path("npm"))
    command.set_defaults(call=emoji)
    for command in commands.choices.values():
        command.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
        command.add_argument("--threads", type=int, default=0, help="0: as many as PyTorch likes")
        command.add_argument("--nice", type=int, default=0, help="lowers the process's priority, 0 to 19")
    arguments = parser.parse_args()
    os.nice(arguments.nice)
    import torch

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    arguments.call(arguments)


main()
