"""What judges the models: the classifier as it ships, and the ranks of held-out emoji."""

import pytest

torch = pytest.importorskip("torch", reason="PyTorch is absent: pip install -r tools/train/requirements.txt")
pytest.importorskip("onnx", reason="onnx is absent: pip install -r tools/train/requirements.txt")

from procache_train.classifier import Classifier, export_onnx, load_classifier  # noqa: E402
from procache_train.held_out import PAIRS, chosen_pairs, rank_of, shown  # noqa: E402

STYLES = ("noto", "twemoji", "fluent")
CONCEPTS = 25


class Pictures:
    """75 pictures of plain greys: 25 concepts in three styles, each concept held out in one of them."""

    def __init__(self):
        self.concepts = [
            {"code": f"{code:02}", "style": style, "held_out": place == code % 3}
            for code in range(CONCEPTS)
            for place, style in enumerate(STYLES)
        ]
        greys = torch.arange(len(self.concepts), dtype=torch.uint8)
        self.pictures = greys[:, None, None, None].expand(-1, 3, 2, 2)


@torch.no_grad()
def test_the_classifier_that_ships_is_the_one_that_was_trained(tmp_path) -> None:
    torch.manual_seed(3)
    trained = Classifier()
    for layer in trained.body:
        if isinstance(layer, torch.nn.BatchNorm2d):
            layer.running_mean.normal_(std=0.1)
            layer.running_var.uniform_(0.5, 2)
    export_onnx(trained, tmp_path / "classifier.onnx")
    images = torch.rand(3, 1, 32, 32) * 2 - 1
    for ours, expected in zip(load_classifier(tmp_path)(images), trained.eval()(images)):
        torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-5)


def test_ten_pairs_are_held_out_and_spread_over_all() -> None:
    dataset = Pictures()
    rows = chosen_pairs(dataset)
    assert len(rows) == len(set(rows)) == PAIRS
    assert all(dataset.concepts[row]["held_out"] for row in rows)
    assert rows[0] < 9 and rows[-1] > 60


def test_a_rank_counts_the_nearer_pictures_of_its_style() -> None:
    dataset = Pictures()
    image = dataset.pictures[30].float() / 127.5 - 1
    assert [rank_of(image, row, dataset) for row in (30, 33, 36, 27)] == [1, 2, 4, 2]


def test_a_row_shows_the_held_out_picture_first_and_the_same_concept_after_it() -> None:
    dataset = Pictures()
    assert shown(dataset, [4])[0, :, 0, 0, 0].tolist() == [4, 3, 5]
