"""`python -m sample --out DIR`: make the sample street."""

import argparse
import sys
from dataclasses import asdict
from datetime import date
from pathlib import Path

from sample.dirt import LEVELS
from sample.generate import BUSINESS_DATE, FULL_SIZE, generate


def main() -> None:
    """Read the command line and generate."""
    parser = argparse.ArgumentParser(prog="python -m sample", description="Make a synthetic street.")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--date", type=date.fromisoformat, default=BUSINESS_DATE)
    parser.add_argument("--persons", type=int, default=FULL_SIZE)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dirt", choices=list(LEVELS), default="specified")
    arguments = parser.parse_args()
    manifest = generate(arguments.out, arguments.date, arguments.persons, arguments.seed, dirt=arguments.dirt)
    sys.stdout.writelines(f"{name}: {value}\n" for name, value in asdict(manifest).items())


if __name__ == "__main__":
    main()
