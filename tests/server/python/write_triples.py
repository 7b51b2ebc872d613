"""Writes files of triples as other programs would: write_triples.py FOLDER."""

import sys

import duckdb
import pyarrow
import pyarrow.parquet

folder = sys.argv[1]
heads = ["a", "b\t", "track:1", None, "a"]
relations = ["likes", "likes", "has_tag", "likes", "likes"]
tails = ["b\t", "a", "tag:hip hop", "x", "b\t"]
weights = [0.5, None, 1.0, 0.5, 7.0]
plain = pyarrow.table({"head": heads, "relation": relations, "tail": tails, "weight": weights})
dictionaries = pyarrow.table(
    {
        "more": [[1], [], None, [2, 3], [4]],
        "weight": pyarrow.array(weights, pyarrow.float32()),
        "tail": pyarrow.array(tails, pyarrow.large_string()),
        "relation": pyarrow.array(relations).dictionary_encode(),
        "head": pyarrow.array(heads),
        "source": pyarrow.array(["s"] * 5),
    }
)
pyarrow.parquet.write_table(plain, f"{folder}/plain.parquet")
pyarrow.parquet.write_table(plain, f"{folder}/lz4.parquet", compression="lz4", row_group_size=2)
pyarrow.parquet.write_table(plain, f"{folder}/zstd.parquet", compression="zstd")
pyarrow.parquet.write_table(dictionaries, f"{folder}/dictionaries.parquet", data_page_version="2.0")
connection = duckdb.connect()
connection.register("plain", plain)
connection.execute(f"COPY plain TO '{folder}/duckdb.parquet' (FORMAT parquet)")
