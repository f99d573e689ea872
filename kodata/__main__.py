"""`python -m kodata` is `kodata`."""

from kodata.cli import main

if __name__ == "__main__":
    main()
