"""PyKEEN on the same triples: kge_peer.py TRAIN TEST RANKED; bench/kge.py calls it. Prints one line of JSON.

TransE, 128 numbers, Euclidean distance, 32 corrupted triples for each true one, batches of 1,024, Adagrad."""

import json
import sys
import time

import pykeen
import torch
from pykeen.evaluation import RankBasedEvaluator
from pykeen.models import TransE
from pykeen.training import SLCWATrainingLoop
from pykeen.triples import TriplesFactory

train, test, ranked = sys.argv[1], sys.argv[2], int(sys.argv[3])
training = TriplesFactory.from_path(train)
testing = TriplesFactory.from_path(test, entity_to_id=training.entity_to_id, relation_to_id=training.relation_to_id)
model = TransE(triples_factory=training, embedding_dim=128, scoring_fct_norm=2, random_seed=0)
loop = SLCWATrainingLoop(
    model=model, triples_factory=training, optimizer=torch.optim.Adagrad(model.parameters(), lr=0.1),
    negative_sampler_kwargs={"num_negs_per_pos": 32})
started = time.perf_counter()
loop.train(training, num_epochs=1, batch_size=1024, use_tqdm=False, use_tqdm_batch=False)
trained = time.perf_counter() - started
some = testing.mapped_triples[:ranked]
started = time.perf_counter()
RankBasedEvaluator().evaluate(model, some, additional_filter_triples=training.mapped_triples, batch_size=64, use_tqdm=False)
print(json.dumps({
    "pykeen": pykeen.get_version(), "torch": torch.__version__, "threads": torch.get_num_threads(),
    "triples_per_second": training.num_triples / trained, "ranked": len(some), "ranking_s": time.perf_counter() - started,
}))
