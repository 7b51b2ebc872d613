"""The peers in Python, each on the matrix or table it wants to have; only its own work is timed."""

import warnings

import duckdb
import implicit.nearest_neighbours
import numpy as np
import scipy.sparse as sparse

from harness import CORES, sql_file

ROW = np.dtype([("fields", ">i2"), ("len_a", ">i4"), ("basket", ">i8"), ("len_b", ">i4"), ("item", ">i8")])
HEADER, TRAILER = 19, 2


class Entries:
    """The rows of a file of binary COPY, without the playlists that are too long."""

    def __init__(self, path, skipped):
        rows = np.fromfile(path, dtype=np.uint8)[HEADER:-TRAILER].view(ROW)
        keep = ~np.isin(rows["basket"], skipped)
        self.baskets = rows["basket"][keep].astype(np.int64)
        self.items = rows["item"][keep].astype(np.int64)
        ones = np.ones(len(self.baskets), np.float32)
        self.matrix = sparse.csr_matrix((ones, (self.baskets, self.items)))
        self.matrix.data[:] = 1  # a track that stands in a playlist twice counts once
        self.duckdb = duckdb.connect(config={"threads": CORES})
        self.duckdb.register("arrays", {"playlist_id": self.baskets, "track_id": self.items})
        self.duckdb.execute("CREATE TABLE entries AS SELECT * FROM arrays")

    def implicit_fit(self):
        model = implicit.nearest_neighbours.CosineRecommender(K=100, num_threads=CORES)
        model.fit(self.matrix, show_progress=False)

    def scipy_product(self):
        self.matrix.T @ self.matrix

    def duckdb_join(self):
        self.duckdb.execute(sql_file("duckdb_pairs.sql"))
