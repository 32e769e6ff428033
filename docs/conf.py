"""How Sphinx makes the documentation site of this folder: `street docs` adds the newest checks and dbt's own pages."""

import re

from sphinx.search import SearchLanguage, languages


class Chinese(SearchLanguage):
    """Finds Chinese words without a dictionary of them: each run of characters, and each two neighbours of it.

    The page asks for a word as it is typed. One of two characters is found as a pair, a longer one within a run.
    """

    lang = "zh"
    language_name = "Chinese"

    def split(self, input: str) -> list[str]:  # noqa: A002 - Sphinx names it
        """Return the terms of a text."""
        found = re.findall(r"\w+", input)
        for run in re.findall("[\u3400-\u9fff]+", input):
            found += [run, *(run[at : at + 2] for at in range(len(run) - 1))]
        return found

    def stem(self, word: str) -> str:
        """Return the word as it is: names of tables and columns have no stem."""
        return word.lower()

    def word_filter(self, stemmed_word: str) -> bool:
        """Return whether a word is a term."""
        return len(stemmed_word) > 1


languages["zh"] = Chinese

project = "街道治理数据仓库"
language = "zh_CN"
html_search_language = "zh"
extensions = ["myst_parser"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
