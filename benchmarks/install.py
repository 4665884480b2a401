"""How large is an installation? `python benchmarks/install.py` prints the size of a new virtual environment, without pip.

Each row is an environment of its own: the package with no extras, then with each extra named on the command line.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

PROJECT = Path(__file__).parent.parent


def size_of(extra: str) -> float:
    """Megabytes that `pip install emotone[extra]` adds to an empty environment."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        before = disk_usage(Path(folder))
        target = f"{PROJECT}[{extra}]" if extra else str(PROJECT)
        pip = [str(Path(folder, "bin", "python")), "-m", "pip", "install", "--quiet", "--no-compile", target]
        subprocess.run(pip, check=True)
        return (disk_usage(Path(folder)) - before) / 1e6


def disk_usage(folder: Path) -> int:
    """Bytes of all files below a folder; links are not followed."""
    return sum(file.lstat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())


def main() -> None:
    """Prints one line for each environment."""
    for extra in ["", *sys.argv[1:]]:
        print(f"emotone{f'[{extra}]' if extra else ''}: {size_of(extra):.0f} MB", flush=True)


if __name__ == "__main__":
    main()
