"""How much of a delivery is opened at most (docs/rules.md, R-FILE-1): every number is a setting of the office."""

from dataclasses import dataclass

from sources.failures import UnreadableError
from street.settings import settings

MEGABYTE = 1024 * 1024
HARMLESS = 16 * MEGABYTE
"""However well it is packed, what opens to no more than this isn't worth a refusal."""


@dataclass(frozen=True)
class Limits:
    """The largest delivery that is read; `file`, `opened` and `memory` in bytes, `ratio` opened to packed, `seconds`
    per file, `undecodable` as a share of the lines."""

    file: int
    opened: int
    ratio: int
    rows: int
    columns: int
    cells: int
    memory: int
    seconds: int
    undecodable: float

    @classmethod
    def of_office(cls) -> "Limits":
        """Return the limits that the settings give."""
        current = settings()
        return cls(
            file=current.street_read_file_mb * MEGABYTE,
            opened=current.street_read_opened_mb * MEGABYTE,
            ratio=current.street_read_ratio,
            rows=current.street_read_rows,
            columns=current.street_read_columns,
            cells=current.street_read_cells,
            memory=current.street_read_memory_mb * MEGABYTE,
            seconds=current.street_read_seconds,
            undecodable=current.street_read_undecodable,
        )

    def check_file(self, size: int) -> None:
        """Refuse a file that is empty or too large as it lies there.

        Raises:
            UnreadableError: it is.
        """
        if size == 0:
            raise UnreadableError("文件为空(0 字节),请重新发送")
        if size > self.file:
            raise UnreadableError(f"文件超过 {self.file // MEGABYTE} MB 的上限(STREET_READ_FILE_MB),请核对后重新发送")

    def check_opened(self, opened: int, packed: int) -> None:
        """Refuse what opens to too much.

        Raises:
            UnreadableError: it does.
        """
        if opened > self.opened:
            raise UnreadableError(
                f"解压后超过 {self.opened // MEGABYTE} MB 的上限(STREET_READ_OPENED_MB),请核对后重新发送"
            )
        if opened > HARMLESS and opened > self.ratio * packed:
            raise UnreadableError(
                f"解压后是原来的 {self.ratio} 倍以上(STREET_READ_RATIO),不像一份名单,请核对后重新发送"
            )

    def allow(self, rows: int, columns: int) -> bool:
        """Return whether a table of this extent is read."""
        return rows <= self.rows and columns <= self.columns and rows * columns <= self.cells

    def check_extent(self, rows: int, columns: int, where: str = "文件") -> None:
        """Refuse a table of too many rows, columns or cells; `where` names it.

        Raises:
            UnreadableError: it has.
        """
        for size, most, what, setting in (
            (rows, self.rows, "行", "ROWS"),
            (columns, self.columns, "列", "COLUMNS"),
            (rows * columns, self.cells, "格", "CELLS"),
        ):
            if size > most:
                raise UnreadableError(
                    f"{where}有 {size} {what},超过 {most} {what}的上限(STREET_READ_{setting}),"
                    "请删除名单以外的内容后重新发送"
                )
