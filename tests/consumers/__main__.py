"""Loads exported files with the programs they are for, each in a virtual environment of its own.

    python -m tests.consumers [NAME...]     # all of them, or some; environments are kept in .consumers/

`<name>.txt` says what is installed, `check_<name>.py` gets the folder of the exports and fails when one is not as it
should be. Their pins exclude one another and ours, so they see exported files only.
"""

import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from tests.consumers.corpora import write_exports

HERE = Path(__file__).parent
ENVIRONMENTS = HERE.parents[1] / ".consumers"


def main() -> None:
    names = sys.argv[1:] or sorted(path.stem for path in HERE.glob("*.txt"))
    with tempfile.TemporaryDirectory(prefix="kodata-") as folder:
        exports = write_exports(Path(folder))
        failed = [name for name in names if not check(name, exports)]
    print("\n".join(f"{name}: {'FAILED' if name in failed else 'loaded'}" for name in names))
    sys.exit(len(failed))


def check(name: str, exports: Path) -> bool:
    """Whether the check of that name passes in its environment, which is made when it is not there or has changed."""
    home, wanted = ENVIRONMENTS / name, (HERE / f"{name}.txt").read_text(encoding="utf-8")
    python, marker = home / "bin" / "python", home / "installed.txt"
    if not marker.exists() or marker.read_text(encoding="utf-8") != wanted:
        venv.create(home, with_pip=True, clear=True)
        subprocess.run([python, "-m", "pip", "install", "-q", "-r", HERE / f"{name}.txt"], check=True)
        marker.write_text(wanted, encoding="utf-8")
    return subprocess.run([python, HERE / f"check_{name}.py", exports], check=False).returncode == 0


if __name__ == "__main__":
    main()
