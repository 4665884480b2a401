"""Which formats each kind of result can be written in: name → media type, the first one for those who do not care."""

from ..writers import FORMATS

PREDICTION_FORMATS = {name: form.media_type for name, form in FORMATS.items() if not form.timed}
"""Of a result for a whole recording."""

TIMELINE_FORMATS = {name: form.media_type for name, form in FORMATS.items()}
"""Of emotion over time."""

EMBEDDING_FORMATS = {
    **{name: FORMATS[name].media_type for name in ("json", "jsonl", "csv")},
    "npy": "application/x-npy",
}
"""Of embeddings."""
