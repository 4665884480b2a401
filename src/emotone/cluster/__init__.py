"""What lies near what: clusters, a map, labels that neighbours contradict, and outliers. The one place that knows scikit-learn.

Nearness in emotion is asked of whitened vectors: in raw embeddings a few directions drown all others. Strangeness is asked of
raw ones: what sounds unlike speech is far there, and whitening hides it.
"""

from .clusters import ClusterOptions, Clusters, Method, find_clusters, representatives
from .layout import Layout, coordinates
from .neighbors import Neighborhoods, Suggestion, doubted_labels, neighborhoods, outliers
from .vectors import NOWHERE, main_directions

__all__ = [
    "NOWHERE",
    "ClusterOptions",
    "Clusters",
    "Layout",
    "Method",
    "Neighborhoods",
    "Suggestion",
    "coordinates",
    "doubted_labels",
    "find_clusters",
    "main_directions",
    "neighborhoods",
    "outliers",
    "representatives",
]
