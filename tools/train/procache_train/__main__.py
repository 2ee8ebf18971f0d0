"""Command line of the training tools; `python -m procache_train --help` lists the commands."""

import argparse
import os
from pathlib import Path

# Threads that spin at barriers lose whole time slices when other processes want the cores (measured: 7 s a step
# instead of 1 s). This must be set before PyTorch is loaded, hence the late imports.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")


def train(arguments: argparse.Namespace) -> None:
    """Trains a diffusion model, or goes on where the run's folder holds a checkpoint."""
    from .settings import load_settings
    from .trainer import Trainer

    Trainer(load_settings(arguments.config), arguments.run, arguments.device).train()


def sample(arguments: argparse.Namespace) -> None:
    """Draws a sample grid from a run's last checkpoint, or from an exported model."""
    from .families import build_dataset
    from .grid import draw_grid

    settings, model, diffusion = trained(arguments)
    dataset = build_dataset(settings["dataset"])
    draw_grid(model, diffusion, dataset, settings["model"], settings["sample"], arguments.out)


def judge(arguments: argparse.Namespace) -> None:
    """Measures Fashion-MNIST samples of a run's last checkpoint, or of an exported model, with the classifier."""
    from .judge import judge as measure

    settings, model, diffusion = trained(arguments)
    if settings["run"].get("compile"):
        model.compile()
    print(measure(model, diffusion, arguments.classifier, settings["sample"], arguments.count, arguments.keep))


def held_out(arguments: argparse.Namespace) -> None:
    """Draws ten held-out emoji of a run's last checkpoint, or of an exported model, and says how near they are."""
    from .families import build_dataset
    from .held_out import judge_held_out

    settings, model, diffusion = trained(arguments)
    dataset = build_dataset(settings["dataset"])
    pairs = judge_held_out(model, diffusion, dataset, settings["sample"], arguments.count, arguments.out, arguments.real)
    for pair in pairs:
        print(f"{pair['caption']}: {' '.join(map(str, pair['ranks']))}")


def export(arguments: argparse.Namespace) -> None:
    """Writes the averaged weights of a run's last checkpoint as fp16 safetensors with their config.json."""
    from .export import export_model
    from .settings import load_settings

    export_model(load_settings(arguments.config), arguments.run, arguments.out)


def classifier(arguments: argparse.Namespace) -> None:
    """Trains the Fashion-MNIST classifier and writes it as ONNX and safetensors, with the test set's statistics."""
    from .classifier import train_classifier, write_classifier

    arguments.out.mkdir(parents=True, exist_ok=True)
    write_classifier(train_classifier(arguments.device), arguments.out)


def emoji(arguments: argparse.Namespace) -> None:
    """Builds the emoji data set from npm packages, downloaded into `--packages` unless they are there."""
    from .emoji_packages import build_emoji

    build_emoji(arguments.packages, arguments.out)


def trained(arguments: argparse.Namespace) -> tuple:
    """The settings with their [sample] section overridden from the command line, the model of a run, its diffusion."""
    from .diffusion import Diffusion
    from .export import open_trained
    from .settings import load_settings

    settings = load_settings(arguments.config)
    for key in ("steps", "guidance", "seed"):
        if getattr(arguments, key) is not None:
            settings["sample"][key] = getattr(arguments, key)
    return settings, open_trained(settings, arguments.run).to(arguments.device), Diffusion(**settings["diffusion"])


def main() -> None:
    """Parses the command line and runs one command."""
    parser = argparse.ArgumentParser(prog="procache_train")
    commands = parser.add_subparsers(required=True)
    for call in (train, sample, judge, held_out, export, classifier, emoji):
        command = commands.add_parser(call.__name__.replace("_", "-"), help=call.__doc__)
        command.set_defaults(call=call)
        if call in (train, sample, judge, held_out, export):
            command.add_argument("config", type=Path, help="a settings file, see configs/")
            command.add_argument("--run", type=Path, required=True, help="the run's folder: checkpoint, losses, grids")
        if call not in (train, judge):
            command.add_argument("--out", type=Path, required=True, help="what to write")
        if call in (sample, judge, held_out):
            command.add_argument("--steps", type=int)
            command.add_argument("--guidance", type=float)
            command.add_argument("--seed", type=int)
        if call is judge:
            command.add_argument("--classifier", type=Path, required=True, help="the folder `classifier` wrote")
            command.add_argument("--count", type=int, default=1000)
            command.add_argument("--keep", type=Path, help="a file that keeps the images, so that drawing can be interrupted")
        if call is held_out:
            command.add_argument("--count", type=int, default=4, help="samples of each pair")
            command.add_argument("--real", action="store_true", help="put the real pictures before them")
        if call is emoji:
            command.add_argument("--packages", type=Path, default=Path("npm"), help="where the archives are kept")
        command.add_argument("--device", default="cpu", choices=["cpu", "cuda"])
        command.add_argument("--threads", type=int, default=0, help="0: as many as PyTorch likes")
        command.add_argument("--nice", type=int, default=0, help="lowers the priority, up to 19")
    arguments = parser.parse_args()
    os.nice(arguments.nice)
    if arguments.threads:
        import torch

        torch.set_num_threads(arguments.threads)
    arguments.call(arguments)


main()
