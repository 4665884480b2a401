"""How large is an installation? `python benchmarks/install.py` prints the size of a new virtual environment, without pip.

    python benchmarks/install.py ui convert --other "funasr torch"

Each row is an environment of its own: the package with no extras, with each extra named on the command line, then other packages
to compare with.
"""

import argparse
import subprocess
import tempfile
import venv
from pathlib import Path

PROJECT = Path(__file__).parent.parent


def size_of(requirements: list[str]) -> float:
    """Megabytes that `pip install` of these adds to an empty environment."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        before = disk_usage(Path(folder))
        pip = [str(Path(folder, "bin", "python")), "-m", "pip", "install", "--quiet", "--no-compile", *requirements]
        subprocess.run(pip, check=True)
        return (disk_usage(Path(folder)) - before) / 1e6


def disk_usage(folder: Path) -> int:
    """Bytes of all files below a folder; links are not followed."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


def main() -> None:
    """Prints one line for each environment."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("extras", nargs="*", help="of the package")
    parser.add_argument("--other", action="append", default=[], metavar="PACKAGES", help="separated by spaces")
    arguments = parser.parse_args()
    rows = {f"emotone[{extra}]": [f"{PROJECT}[{extra}]"] for extra in arguments.extras}
    for name, requirements in (
        {"emotone": [str(PROJECT)]} | rows | {name: name.split() for name in arguments.other}
    ).items():
        print(f"{name}: {size_of(requirements):.0f} MB", flush=True)


if __name__ == "__main__":
    main()
