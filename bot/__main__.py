"""The entry point: restorebot."""

from core.cli.main import run


def main() -> None:
    run()


if __name__ == "__main__":
    main()
