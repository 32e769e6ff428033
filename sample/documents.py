"""Identity documents: numbers in the issuers' formats, with right check digits (GB 11643, ISO 7064 MOD 11-2)."""

import numpy as np
import numpy.typing as npt
import polars as pl

Ints = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]

_WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], dtype=np.int64)
_CHECKS = np.array(list("10X98765432"), dtype=object)
_POWERS = 10 ** np.arange(16, -1, -1, dtype=np.int64)


def check_characters(first17: Ints) -> Texts:
    """Return the check character of each resident ID given as its first 17 digits."""
    digits = first17[:, None] // _POWERS % 10
    return np.asarray(_CHECKS[(digits * _WEIGHTS).sum(axis=1) % 11], dtype=object)


def check_character(number: str) -> str:
    """Return the check character of one resident ID, of which the first 17 digits are looked at."""
    return str(_CHECKS[sum(int(digit) * int(weight) for digit, weight in zip(number, _WEIGHTS, strict=False)) % 11])


def resident_ids(rng: np.random.Generator, area: Ints, birth: Ints, sex: Ints) -> Texts:
    """Return unique 18-character IDs; `area` six digits, `birth` as the number YYYYMMDD, `sex` 1 male or 2 female."""
    number = area * 10**11 + birth * 1000 + _sequence(rng, sex)
    while True:
        _, first = np.unique(number, return_index=True)
        again = np.ones(len(number), dtype=bool)
        again[first] = False
        if not again.any():
            break
        number[again] = number[again] // 1000 * 1000 + _sequence(rng, sex[again])
    return np.asarray(texts(number) + check_characters(number), dtype=object)


def _sequence(rng: np.random.Generator, sex: Ints) -> Ints:
    """Order numbers 001-999: odd for men, even for women."""
    half = rng.integers(1, 499, len(sex))
    return np.asarray(half * 2 + (sex == 1), dtype=np.int64)


def wrong_check(number: str) -> str:
    """Return the ID with a check digit that is wrong."""
    return number[:17] + ("0" if number[17] != "0" else "1")


def legacy(number: str) -> str:
    """Return the 15-digit form (before 1999) of an ID of somebody born in the twentieth century."""
    return number[:6] + number[8:17]


def permits_35(rng: np.random.Generator, origin: Ints, birth: Ints, sex: Ints) -> Texts:
    """Residence permits of Hong Kong (81), Macao (82) and Taiwan (83) residents: shaped like a resident ID."""
    return resident_ids(rng, origin * 10000, birth, sex)


def unique_numbers(rng: np.random.Generator, n: int, low: int, high: int) -> Texts:
    """Return n different numbers of [low, high) as text."""
    span = high - low
    if n * 4 > span:
        raise ValueError(f"{n} different numbers do not fit well into a range of {span}")
    found = np.unique(rng.integers(low, high, int(n * 1.5) + 8))
    while len(found) < n:
        found = np.unique(np.concatenate([found, rng.integers(low, high, n)]))
    return texts(rng.permutation(found)[:n])


def texts(values: Ints) -> Texts:
    """Return whole numbers as an object array of text."""
    return np.asarray(pl.Series(values).cast(pl.String).to_numpy(), dtype=object)
