"""``python -m hepaphase``."""

from .cli.main import main

if __name__ == "__main__":
    main()
