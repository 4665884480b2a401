"""What a server allows."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ServerOptions:
    """What a server allows. These are the only defaults.

    Attributes:
        grace: Seconds that requests under way get to end when the server is closed.
    """

    grace: float = 30.0
