"""The small Fashion-MNIST classifier: its accuracy on samples and the Frechet distance of its features judge the DiT."""

import time
from pathlib import Path

import onnx
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

from .draws import batch_indices, step_generator
from .fashion import load_fashion, to_unit
from .statistics import frechet, moments

FEATURES = 64


class Classifier(nn.Module):
    """Takes images [count, 1, 32, 32] in [-1, 1], as the DiT makes them; returns `logits` and `features`, what the last layer sees.

    `folded`, its convolutions have biases and no normalisation follows: the form in which it ships.
    """

    def __init__(self, widths: tuple[int, ...] = (24, 48, 96), classes: int = 10, folded: bool = False):
        super().__init__()
        layers, inner = [], 1
        for width in widths:
            layers += [*convolution(inner, width, folded), *convolution(width, width, folded), nn.MaxPool2d(2)]
            inner = width
        self.body = nn.Sequential(*layers)
        self.neck = nn.Linear(inner, FEATURES)
        self.head = nn.Linear(FEATURES, classes)

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        features = F.relu(self.neck(self.body(images).mean(dim=(2, 3))))  # [images, FEATURES]
        return self.head(features), features


def convolution(inner: int, outer: int, folded: bool) -> list[nn.Module]:
    """A 3x3 convolution, normalised unless `folded`, and rectified."""
    normalisation = [] if folded else [nn.BatchNorm2d(outer)]
    return [nn.Conv2d(inner, outer, 3, padding=1, bias=folded), *normalisation, nn.ReLU(inplace=True)]


def load_classifier(folder: Path) -> Classifier:
    """The classifier of a folder that `write_classifier` wrote, for judging: with the weights of its classifier.onnx."""
    graph = onnx.load(folder / "classifier.onnx").graph
    stored = {tensor.name: tensor for tensor in graph.initializer}
    layers = [node for node in graph.node if node.op_type in ("Conv", "Gemm")]  # in the order of the parameters
    weights = [stored[name] for layer in layers for name in layer.input[1:]]
    model = Classifier(folded=True)
    with torch.no_grad():
        for parameter, weight in zip(model.parameters(), weights, strict=True):
            parameter.copy_(torch.from_numpy(onnx.numpy_helper.to_array(weight).copy()))
    return model.eval()


def train_classifier(device: str, epochs: int = 8, batch: int = 128, seed: int = 1) -> Classifier:
    """Trains for a few minutes with a one-cycle rate, mirrored images and label smoothing; prints each epoch's accuracy."""
    torch.manual_seed(seed)
    images, labels = load_fashion("train")
    model = Classifier().to(device, memory_format=torch.channels_last)
    steps = epochs * len(images) // batch
    optimiser = torch.optim.AdamW(model.parameters(), weight_decay=0.02)
    rate = torch.optim.lr_scheduler.OneCycleLR(optimiser, max_lr=4e-3, total_steps=steps)
    for step in range(steps):
        rows = batch_indices(seed, step, batch, len(images))
        mirrored = torch.rand(batch, generator=step_generator(seed, step)) < 0.5
        x = to_unit(images[rows])
        x = torch.where(mirrored[:, None, None, None], x.flip(3), x)
        with torch.autocast(torch.device(device).type, torch.bfloat16):
            logits, _ = model(x.to(device, memory_format=torch.channels_last))
        F.cross_entropy(logits.float(), labels[rows].to(device), label_smoothing=0.05).backward()
        optimiser.step()
        optimiser.zero_grad()
        rate.step()
        if (step + 1) % 1000 == 0:
            print(f"{time.strftime('%H:%M:%S')} step {step + 1} test accuracy {accuracy(model, device):.4f}", flush=True)
    return model.eval()


@torch.no_grad()
def run_classifier(model: Classifier, images: torch.Tensor, device: str) -> tuple[torch.Tensor, torch.Tensor]:
    """The logits and features of byte images [count, 1, 28, 28], in fp32."""
    model.to(device).eval()
    parts = [model(to_unit(part).to(device)) for part in images.split(500)]
    model.train()
    return torch.cat([p[0] for p in parts]).cpu(), torch.cat([p[1] for p in parts]).cpu()


def accuracy(model: Classifier, device: str) -> float:
    """The share of the 10,000 test images that the model labels right."""
    images, labels = load_fashion("t10k")
    return (run_classifier(model, images, device)[0].argmax(1) == labels).float().mean().item()


def export_onnx(model: Classifier, path: Path) -> None:
    """Writes fp32 ONNX, batch normalisation folded: input `images`, outputs `logits` and `features`."""
    torch.onnx.export(
        model.cpu().eval(),
        (torch.zeros(2, 1, 32, 32),),
        str(path),
        dynamo=False,
        opset_version=17,
        input_names=["images"],
        output_names=["logits", "features"],
        dynamic_axes={name: {0: "count"} for name in ("images", "logits", "features")},
    )


def write_classifier(model: Classifier, out: Path) -> None:
    """Writes classifier.onnx and statistics.safetensors.

    The statistics are `mean` and `covariance` of the features of the test set, and `features` of its first 2,000
    images (fp16) for the kernel distance. The metadata says the accuracy and, as the floor a sampler can reach, the Frechet
    distance between the training set and the test set.
    """
    images, labels = load_fashion("t10k")
    logits, features = run_classifier(model, images, "cpu")
    real = moments(features)
    floor = frechet(moments(run_classifier(model, load_fashion("train")[0], "cpu")[1]), real)
    right = (logits.argmax(1) == labels).float().mean().item()
    facts = {"set": "Fashion-MNIST t10k", "images": "10000", "accuracy": f"{right:.4f}", "frechet_train_to_test": f"{floor:.4f}"}
    tensors = {"mean": real[0].float(), "covariance": real[1].float(), "features": features[:2000].half().contiguous()}
    save_file(tensors, out / "statistics.safetensors", metadata=facts)
    export_onnx(model, out / "classifier.onnx")
    print(facts, flush=True)
