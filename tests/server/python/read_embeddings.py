"""Reads a folder that sgr_embeddings_export wrote, with NumPy alone, and writes another one in the same form.

    read_embeddings.py FOLDER COPY

Prints, for entities and relations, the type, shape and order of the matrix, then one line per row: the name as
hexadecimal UTF-8 and the numbers as hexadecimal bytes, most significant first. COPY gets the matrices by numpy.save, with
the rows in reverse order, and no model.json.
"""

import os
import sys

import numpy


def unescape(field):
    for escaped, plain in (("\\t", "\t"), ("\\n", "\n"), ("\\r", "\r"), ("\\\\", "\\")):
        field = field.replace(escaped, plain)
    return field


def main():
    folder, copy = sys.argv[1:]
    for matrix, names in (("entity.npy", "entities.tsv"), ("relation.npy", "relations.tsv")):
        numbers = numpy.load(os.path.join(folder, matrix))
        with open(os.path.join(folder, names), encoding="utf-8", newline="") as file:
            lines = file.read().split("\n")
        assert lines.pop() == "", "the last line has an end"
        print(matrix, numbers.dtype.str, numbers.shape, numbers.flags["C_CONTIGUOUS"], len(lines))
        for name, row in zip(lines, numbers):
            print(unescape(name).encode().hex(), row.astype(">f4").tobytes().hex())
        numpy.save(os.path.join(copy, matrix), numpy.ascontiguousarray(numbers[::-1]))
        with open(os.path.join(copy, names), "w", encoding="utf-8", newline="") as file:
            file.write("".join(line + "\n" for line in reversed(lines)))
        for written in (matrix, names):
            os.chmod(os.path.join(copy, written), 0o644)


main()
