"""`python -m emotone` is `emotone`."""

from .cli import main

main()
