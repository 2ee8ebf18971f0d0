"""Statistics of real images under the classifier: what a Frechet distance compares samples with."""

import torch


def moments(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean [width] and unbiased covariance [width, width], in float64."""
    features = features.double()
    return features.mean(0), torch.cov(features.T)


def frechet(a: tuple[torch.Tensor, torch.Tensor], b: tuple[torch.Tensor, torch.Tensor]) -> float:
    """|mean difference|^2 + tr(A + B - 2 sqrt(A B)), the distance of two Gaussians (Heusel et al. 2017).

    tr sqrt(A B) is the sum of the roots of the eigenvalues of sqrt(A) B sqrt(A), which is symmetric.
    """
    values, vectors = torch.linalg.eigh(a[1])
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    cross = torch.linalg.eigvalsh(root @ b[1] @ root).clamp(min=0).sqrt().sum()
    return ((a[0] - b[0]).square().sum() + a[1].trace() + b[1].trace() - 2 * cross).item()
