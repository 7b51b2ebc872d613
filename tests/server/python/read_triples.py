"""Reads a Parquet file of triples with DuckDB and with pyarrow.

    read_triples.py READER FILE

READER is duckdb or pyarrow. Prints one line per row: head, relation, tail, weight, source, separated by blanks, texts as
hexadecimal UTF-8 and the weight as the hexadecimal bits of its 32-bit float. What the reader takes the columns for goes
to the error output.
"""

import struct
import sys


def rows_by_duckdb(path):
    import duckdb

    rows = duckdb.connect().execute("SELECT head, relation, tail, weight, source FROM read_parquet(?)", [path])
    print([(column[0], str(column[1])) for column in rows.description], file=sys.stderr)
    return rows.fetchall()


def rows_by_pyarrow(path):
    import pyarrow.parquet

    file = pyarrow.parquet.ParquetFile(path)
    fields = [(field.name, str(field.type), field.nullable) for field in file.schema_arrow]
    print(fields, file.metadata.num_row_groups, file=sys.stderr)
    table = file.read()
    return zip(*(table.column(name).to_pylist() for name in ("head", "relation", "tail", "weight", "source")))


def main():
    reader, path = sys.argv[1:]
    rows = {"duckdb": rows_by_duckdb, "pyarrow": rows_by_pyarrow}[reader](path)
    for head, relation, tail, weight, source in rows:
        head, relation, tail, source = (text.encode().hex() or "-" for text in (head, relation, tail, source))
        print(head, relation, tail, struct.pack(">f", weight).hex(), source)


main()
