"""Which class a name in a settings file means. A new family or data set is one line here."""

from torch import nn

from .dit import DiT
from .emoji import Emoji
from .fashion import FashionMnist
from .pixart import TextToImage
from .shapes import Shapes

MODELS = {"dit": DiT, "pixart": TextToImage}
DATASETS = {"emoji": Emoji, "fashion-mnist": FashionMnist, "shapes": Shapes}


def build_model(config: dict) -> nn.Module:
    """The model of a `[model]` section, freshly initialised."""
    return pick(MODELS, config["family"], "[model] family")(config)


def build_dataset(config: dict):
    """The data set of a `[dataset]` section."""
    return pick(DATASETS, config["name"], "[dataset] name")(config)


def pick(table: dict, name: str, where: str):
    """Looks `name` up, or says which names there are."""
    if name not in table:
        raise ValueError(f"{where} is {name!r}; use one of {', '.join(table)}")
    return table[name]
