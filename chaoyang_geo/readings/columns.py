"""Large files, CSV or Parquet, as columns of codes into their distinct texts."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from chaoyang_geo import loops
from chaoyang_geo.codes import Coded, code_dtype, spread
from chaoyang_geo.readings.cells import cell_text, decimal_cells
from chaoyang_geo.readings.numbered import numbered_cells

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pyarrow as pa

    from chaoyang_geo.codes import Codes

_SEGMENT = 16_000_000  # bytes of CSV that a thread parses at a time
_ROW_BYTES = 50  # of a usual row
_THREADS = 8


@dataclass
class Vocabulary:
    """The distinct cells of one column over all batches, in order of appearance."""

    as_text: bool = True  # else cells stay what they are, as times do
    index: dict[Any, int] = field(default_factory=dict)
    parts: list[Codes] = field(default_factory=list)
    seen: pa.Array | None = None  # cells as the file writes them, and their codes
    seen_codes: Codes | None = None

    def add(self, column: pa.ChunkedArray) -> None:
        """Add a batch of cells."""
        import numpy as np
        import pyarrow as pa

        before: pa.Array | None = None
        codes: Codes | None = None
        for chunk in column.unify_dictionaries().chunks:
            if not pa.types.is_dictionary(chunk.type):
                chunk = chunk.dictionary_encode()
            if codes is None or before is None or not chunk.dictionary.equals(before):
                before, codes = chunk.dictionary, self._codes(chunk.dictionary)
            indices = chunk.indices
            if indices.null_count:
                blank = self.index.setdefault(self._key(None), len(self.index))
                codes = np.append(codes, blank).astype(code_dtype(len(self.index)))
                indices = indices.fill_null(len(codes) - 1)
            rows = indices.to_numpy(zero_copy_only=False)
            as_they_are = bool((codes == np.arange(len(codes))).all())  # as in the first batch
            self.parts.append(rows.astype(codes.dtype) if as_they_are else spread(codes, rows))

    def add_blank(self, n: int) -> None:
        """Add ``n`` rows without a cell."""
        import numpy as np

        code = self.index.setdefault(self._key(None), len(self.index))
        self.parts.append(np.full(n, code, code_dtype(len(self.index))))

    def _codes(self, cells: pa.Array) -> Codes:
        """Number distinct cells; only those that were not seen before cost something."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        if self.seen is None or self.seen_codes is None or self.seen.type != cells.type:
            self.seen, self.seen_codes = cells[:0], np.zeros(0, np.int32)
        place = pc.index_in(cells, value_set=self.seen)
        if place.null_count:
            new = cells.filter(place.is_null())
            index = self.index
            codes = [index.setdefault(self._key(cell), len(index)) for cell in new.to_pylist()]
            at = place.fill_null(-1).to_numpy().copy()
            at[at < 0] = np.arange(len(self.seen), len(self.seen) + len(new))
            self.seen = pa.concat_arrays([self.seen, new])
            self.seen_codes = np.append(self.seen_codes, np.array(codes, np.int32))
        else:
            at = place.to_numpy()
        found: Codes = self.seen_codes[at].astype(code_dtype(len(self.index)))
        return found

    def _key(self, cell: object) -> Any:
        if self.as_text:
            return cell if type(cell) is str and cell == cell.strip() else cell_text(cell).strip()
        if isinstance(cell, str):
            # no tuple: ten thousand of them keep the garbage collector busy
            return cell if cell.strip() else ("NoneType", None)
        return type(cell).__name__, cell

    def coded(self) -> Coded:
        """Return the column as codes; the parts are given up."""
        import numpy as np

        cells = [key[1] if type(key) is tuple else key for key in self.index]
        kind = code_dtype(len(cells))
        codes = np.concatenate(self.parts, dtype=kind) if self.parts else np.zeros(0, kind)
        self.parts = []
        return Coded(cells, codes)


def csv_batches(
    path: Path,
    columns: Mapping[str, int],
    *,
    width: int,
    skip: int,
    encoding: str,
    delimiter: str,
    segment_bytes: int = _SEGMENT,
) -> Iterator[pa.Table]:
    """Yield a CSV as tables of codes, a column for each role, some 16 MB of text at a time.

    ``skip`` lines stand before the first row of data, which has ``width`` cells. Raises
    ``pyarrow.ArrowInvalid`` where a row has more or fewer.
    """
    import pyarrow as pa
    import pyarrow.csv as pacsv

    wanted = {str(number): role for role, number in columns.items()}
    number_cells = loops.compiled(loops.number_cells, path.stat().st_size // _ROW_BYTES)

    def parsed(segment: bytearray, quoted: bool) -> pa.Table:
        size = len(segment)
        if number_cells and not quoted:
            table = numbered_cells(
                segment, columns, number_cells, width=width, encoding=encoding, delimiter=delimiter
            )
            if table is not None:
                return table
        table = pacsv.read_csv(
            pa.BufferReader(memoryview(segment)[:size]),
            read_options=pacsv.ReadOptions(
                column_names=[str(number) for number in range(width)],
                encoding=encoding,
                block_size=max(2 * size, 1 << 16),  # one piece, as UTF-8 too
                use_threads=False,
            ),
            parse_options=pacsv.ParseOptions(
                delimiter=delimiter,
                quote_char='"' if quoted else False,
                newlines_in_values=quoted,
                ignore_empty_lines=False,
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(wanted, pa.string()),
                include_columns=list(wanted),
                strings_can_be_null=False,
                check_utf8=False,  # the distinct texts are decoded, and checked, later
            ),
        )
        # texts first and codes then: half the work of letting the parser number them
        codes = [_encoded(column) for column in table.columns]
        return pa.table(codes, names=[wanted[name] for name in table.column_names])

    # a segment for each thread, from text to codes: all of it stays in the cache of one core
    threads = min(os.cpu_count() or 1, _THREADS)
    coming: deque[Future[pa.Table]] = deque()
    with path.open("rb") as stream, ThreadPoolExecutor(threads) as pool:
        stream.seek(3 if stream.read(3) == b"\xef\xbb\xbf" else 0)
        for _ in range(skip):
            stream.readline()
        for segment, quoted in _segments(stream, segment_bytes):
            coming.append(pool.submit(parsed, bytearray(segment), quoted))
            if len(coming) > threads:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """Return texts as codes; where many rows in turn say the same, only the first is looked up."""
    import numpy as np

    texts = column.combine_chunks()
    sample = texts[:100_000]
    if 4 * len(_run_starts(sample)) > len(sample):
        return texts.dictionary_encode()
    starts = _run_starts(texts)
    found = texts.take(starts).dictionary_encode()
    repeats = np.diff(starts, append=len(texts))
    return type(found).from_arrays(np.repeat(found.indices.to_numpy(), repeats), found.dictionary)


def _run_starts(texts: pa.StringArray) -> npt.NDArray[np.intp]:
    """Return the rows whose text differs from that of the row before, and the first row."""
    import numpy as np
    import pyarrow.compute as pc

    if not len(texts):
        return np.zeros(0, np.intp)
    _, ends, data = texts.buffers()
    place = np.frombuffer(ends, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    width = int(place[1] - place[0])
    if width and (np.diff(place) == width).all():  # as codes and times are written
        written = np.frombuffer(data, np.uint8)[place[0] : place[-1]]
        changed = np.flatnonzero(written[width:] != written[:-width]) // width + 1
        first = np.diff(changed, prepend=0) > 0
        return np.concatenate([[0], changed[first]])
    run_ends = pc.run_end_encode(texts).run_ends.to_numpy()
    return np.concatenate([[0], run_ends[:-1]]).astype(np.intp)


def _segments(stream: BinaryIO, size: int) -> Iterator[tuple[memoryview, bool]]:
    """Cut a CSV after ends of rows; say whether a piece has quotes.

    A line end within quotes ends no row. Every piece is in the same memory: it holds until the
    next one is asked for.
    """
    buffer, filled = bytearray(size), 0
    while True:
        if filled == len(buffer):  # a row longer than the buffer
            buffer = buffer + bytearray(size)
        n = stream.readinto(memoryview(buffer)[filled:])  # type: ignore[attr-defined]
        filled += n
        quoted = buffer.find(b'"', 0, filled) >= 0
        cut = buffer.rfind(b"\n", 0, filled) + 1 if n else filled
        # an even number of quotes before a line end says that it stands outside of them
        while n and quoted and cut and buffer.count(b'"', 0, cut) % 2:
            cut = buffer.rfind(b"\n", 0, cut - 1) + 1
        body = cut
        while body and buffer[body - 1] in b"\r\n":
            body -= 1
        # empty lines wait for what follows: at the end of the file they are no rows
        end = buffer.find(b"\n", body, cut) + 1 if n else body
        if end and body:
            yield memoryview(buffer)[:end], quoted
            buffer[: filled - end] = buffer[end:filled]
            filled -= end
        if not n:
            return


def ahead(batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Yield the batches, each read while the one before is worked on."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch


def parquet_batches(
    path: Path, columns: Mapping[str, int], *, batch_rows: int = 1 << 20
) -> Iterator[pa.Table]:
    """Yield a Parquet file as tables of codes, a column for each role."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with pq.ParquetFile(path) as probe:
        names = probe.schema_arrow.names
    wanted = {names[number]: role for role, number in columns.items()}
    with pq.ParquetFile(path, read_dictionary=list(wanted), memory_map=True) as file:
        for group in range(file.num_row_groups):  # each has dictionaries of its own
            if file.metadata.row_group(group).num_rows <= 2 * batch_rows:
                tables: Iterable[pa.Table] = [file.read_row_group(group, columns=list(wanted))]
            else:
                batches = file.iter_batches(batch_rows, row_groups=[group], columns=list(wanted))
                tables = (pa.Table.from_batches([batch]) for batch in batches)
            for table in tables:
                for number, column in enumerate(table.columns):
                    if (cells := decimal_cells(column)) is not column:
                        table = table.set_column(number, table.column_names[number], cells)
                yield table.rename_columns([wanted[name] for name in table.column_names])
