"""Builds the emoji data set from npm packages: three styles of pictures with names and tags, 32x32 on white."""

import io
import json
import subprocess
import tarfile
import zlib
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.torch import save_file

from .captions import build_vocabulary, words_of

LABELS = "emojibase-data@17.0.0"
# style word: package, folder of its pictures, licence
STYLES = {
    "noto": ("emoji-datasource-google@16.0.0", "package/img/google/64/", "Apache-2.0"),
    "twemoji": ("emoji-datasource-twitter@16.0.0", "package/img/twitter/64/", "CC-BY-4.0"),
    "fluent": ("@misskey-dev/emoji-assets@17.0.3", "package/built/fluent-emoji/", "MIT"),
}
TAGS, HOLD_OUT = 5, 20  # tags kept per emoji; one concept in HOLD_OUT is held out in one style


def fetch(package: str, folder: Path) -> Path:
    """The package's archive, downloaded with `npm pack` unless it is there."""
    name, version = package.lstrip("@").replace("/", "-").rsplit("@", 1)
    archive = folder / f"{name}-{version}.tgz"
    if not archive.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True)
    return archive


def code_of(name: str) -> str:
    """A code point sequence without variation selectors, which the packages write in different places."""
    return "-".join(part for part in name.lower().split("-") if part != "fe0f")


def read_picture(data: bytes, size: int) -> np.ndarray:
    """A picture on white, [3, size, size]."""
    picture = Image.open(io.BytesIO(data)).convert("RGBA")
    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture)
    return np.asarray(white.convert("RGB").resize((size, size), Image.BOX)).transpose(2, 0, 1)


def is_held_out(code: str, style: str, styles: list[str]) -> bool:
    """Whether training never sees this concept in this style; the concept has all styles, so it is seen in others."""
    number = zlib.crc32(code.encode())
    return len(styles) == len(STYLES) and number % HOLD_OUT == 0 and styles[number // HOLD_OUT % len(styles)] == style


def shared_tags(named: dict[str, dict]) -> dict[str, list[str]]:
    """Each concept's first tags, without its own name's words and without words that no other concept has."""
    names = {code: words_of(entry["label"]) for code, entry in named.items()}
    tags = {code: [w for tag in entry.get("tags", [])[:TAGS] for w in words_of(tag)] for code, entry in named.items()}
    uses = Counter(word for code in named for word in {*names[code], *tags[code]})
    return {code: [w for w in dict.fromkeys(tags[code]) if uses[w] > 1 and w not in names[code]] for code in named}


def build_emoji(packages: Path, out: Path, size: int = 32) -> None:
    """Writes pictures.safetensors (`pictures`, bytes), concepts.json (one entry a picture) and vocabulary.json."""
    with tarfile.open(fetch(LABELS, packages)) as archive:
        entries = json.load(archive.extractfile("package/en/data.json"))
    # Entries without a group are letters of flags; group 2 holds skin tones and hair.
    named = {code_of(entry["hexcode"]): entry for entry in entries if entry.get("group", 2) != 2}
    found: dict[tuple[str, str], np.ndarray] = {}
    for style, (package, folder, _) in STYLES.items():
        with tarfile.open(fetch(package, packages)) as archive:
            for member in archive:
                code = code_of(Path(member.name).stem)
                if member.name.startswith(folder) and code in named:
                    found[code, style] = read_picture(archive.extractfile(member).read(), size)
    tags, concepts = shared_tags(named), []
    for code, style in sorted(found):
        styles = [style for style in STYLES if (code, style) in found]
        name = words_of(named[code]["label"])
        held_out = is_held_out(code, style, styles)
        concepts.append({"code": code, "style": style, "name": name, "tags": tags[code], "held_out": held_out})
    out.mkdir(parents=True, exist_ok=True)
    pictures = torch.from_numpy(np.ascontiguousarray(np.stack([found[key] for key in sorted(found)])))
    save_file({"pictures": pictures}, out / "pictures.safetensors")
    (out / "concepts.json").write_text(json.dumps(concepts))
    vocabulary = build_vocabulary([[c["style"], *c["name"], *c["tags"]] for c in concepts])
    (out / "vocabulary.json").write_text(json.dumps(vocabulary))
    held_out = sum(concept["held_out"] for concept in concepts)
    print(f"{len(pictures)} pictures of {len(named)} concepts, {held_out} held out, {len(vocabulary)} words in {out}")
