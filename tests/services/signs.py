"""What processes of a test tell each other: files in a folder they share."""

import time
from pathlib import Path

LOOK_SECONDS = 0.02


class Signs:
    """What processes of a test tell each other, as files."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "signs"

    def add(self, name: str, line: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / name).open("a") as file:
            file.write(line + "\n")

    def first(self, name: str) -> bool:
        """Whether nobody has asked this before."""
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            (self.folder / name).touch(exist_ok=False)
        except FileExistsError:
            return False
        return True

    def lines(self, name: str) -> list[str]:
        file = self.folder / name
        return file.read_text().splitlines() if file.exists() else []

    def wait_for(self, name: str) -> None:
        while not (self.folder / name).exists():
            time.sleep(LOOK_SECONDS)
