"""The models that Emotone knows by name: where the hubs keep them, and what is known about their files."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from ..text import Text

HubName: TypeAlias = Literal["modelscope", "huggingface"]

HUB_TITLES: dict[HubName, str] = {"modelscope": "ModelScope", "huggingface": "Hugging Face"}


@dataclass(frozen=True, slots=True)
class Place:
    """A model on a hub.

    Attributes:
        hub: Which one.
        repo: `owner/name` there.
        revision: Commit, tag or branch that is fetched.
        licence: Of the weights, as this hub states it.
    """

    hub: HubName
    repo: str
    revision: str
    licence: str

    @property
    def title(self) -> str:
        """The hub's name for people."""
        return HUB_TITLES[self.hub]


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file of a checkpoint.

    Attributes:
        path: Below the model's folder, with forward slashes.
        size: In bytes; `None` when it is not known before the hub says it.
        sha256: In hex; `None` when it is not known. What was fetched first is remembered then.
        needed: The model cannot be made without it.
    """

    path: str
    size: int | None = None
    sha256: str | None = None
    needed: bool = True


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A model that can be pulled from a hub.

    Attributes:
        name: What it is called everywhere.
        summary: One line for people.
        dim: Values in an embedding.
        places: The hubs that have it.
        files: What is fetched.
        download_size: Bytes to fetch; about that many when the size of a file is not known.
        kept_size: About how many bytes the model has when it is ready, as int8.
    """

    name: str
    summary: Text
    dim: int
    places: tuple[Place, ...]
    files: tuple[KnownFile, ...]
    download_size: int
    kept_size: int

    @property
    def exact(self) -> bool:
        """Whether `download_size` is known to the byte."""
        return all(file.size is not None for file in self.files)

    @property
    def licence(self) -> str:
        """What each hub says about the licence, in one line."""
        return "; ".join(f"{place.title}: {place.licence}" for place in self.places)

    def place(self, hub: HubName) -> Place:
        """The model on this hub."""
        return next(place for place in self.places if place.hub == hub)


def _places(repo: str, modelscope_revision: str, huggingface_revision: str) -> tuple[Place, ...]:
    return (
        Place("modelscope", f"iic/{repo}", modelscope_revision, "Apache-2.0"),
        Place("huggingface", f"emotion2vec/{repo}", huggingface_revision, "model-license"),
    )


_UNSEEN = (
    KnownFile("model.pt"),
    KnownFile("config.yaml"),
    KnownFile("tokens.txt"),
    KnownFile("configuration.json", needed=False),
    KnownFile("example/test.wav", needed=False),
)
_LARGE = (
    KnownFile("model.pt", 1_945_790_254, "be501a01f26fcdc7663a062dff86af839afbaef7c4de32f5e42d7e1ad2784da4"),
    KnownFile("config.yaml", 5_552, "f4fa0eb82cc78bfebb43c56d68791afb01788085a18897d20999af7bc45d51d3"),
    KnownFile("tokens.txt", 119, "866121e470057b847d7a50e9923509141fb2924392f53385a186482a1ec0fb7f"),
    KnownFile(
        "configuration.json", 343, "8b6a745213025c7d4565f9f074cfef1b5cd5ef76e38e2a8f7f8a3db271e735b2", needed=False
    ),
    KnownFile(
        "example/test.wav", 131_376, "a4839eaaa3d54bd2db6eb48aa3d40def1b5c5004df3fd163a8dcd045097f8a23", needed=False
    ),
)

KNOWN_MODELS: tuple[KnownModel, ...] = (
    KnownModel(
        "emotion2vec-plus-seed",
        Text("93 M parameters, tuned on 201 h of speech", "9300 万参数，以 201 小时语音微调"),
        768,
        _places("emotion2vec_plus_seed", "master", "main"),
        _UNSEEN,
        1_120_000_000,
        110_000_000,
    ),
    KnownModel(
        "emotion2vec-plus-base",
        Text("93 M parameters, tuned on 4,788 h of speech", "9300 万参数，以 4788 小时语音微调"),
        768,
        _places("emotion2vec_plus_base", "master", "main"),
        _UNSEEN,
        1_120_000_000,
        110_000_000,
    ),
    KnownModel(
        "emotion2vec-plus-large",
        Text("162 M parameters, tuned on 42,526 h of speech", "1.62 亿参数，以 42526 小时语音微调"),
        1024,
        _places("emotion2vec_plus_large", "v2.0.5", "6c303ba987b86b93193de93e34bb2b077a6bedc4"),
        _LARGE,
        sum(file.size or 0 for file in _LARGE),
        180_000_000,
    ),
)


def known_model(name: str) -> KnownModel | None:
    """The model of this name, or of this id on a hub, such as `iic/emotion2vec_plus_large`."""
    return next(
        (model for model in KNOWN_MODELS if name == model.name or name in {place.repo for place in model.places}), None
    )
