"""RecBole's MKR on MKR's Last.FM files: seconds of an epoch over interactions, of one over triples, and of a full ranking."""

import json
import logging
import sys
import tempfile
import time
from pathlib import Path

import torch
from recbole.config import Config
from recbole.data import create_dataset, data_preparation
from recbole.model.knowledge_aware_recommender import MKR
from recbole.trainer import MKRTrainer

# torch 2.6 and later load weights alone by default; RecBole stores more in its own checkpoints.
_load = torch.load
torch.load = lambda *args, **kwargs: _load(*args, **{**kwargs, "weights_only": False})


def write(folder, ratings, triples):
    """RecBole's own format: interactions, triples, and which item is which entity (here of the same number)."""
    folder.mkdir(parents=True)
    positives = [line.split() for line in ratings.read_text().splitlines()]
    items = sorted({item for _, item, _ in positives}, key=int)
    lines = [f"{user}\t{item}" for user, item, label in positives if label == "1"]
    (folder / "lastfm.inter").write_text("user_id:token\titem_id:token\n" + "\n".join(lines) + "\n")
    facts = ["\t".join(line.split()) for line in triples.read_text().splitlines()]
    (folder / "lastfm.kg").write_text("head_id:token\trelation_id:token\ttail_id:token\n" + "\n".join(facts) + "\n")
    known = {entity for fact in facts for entity in (fact.split("\t")[0], fact.split("\t")[2])}
    links = [f"{item}\t{item}" for item in items if item in known]
    (folder / "lastfm.link").write_text("item_id:token\tentity_id:token\n" + "\n".join(links) + "\n")


def main():
    ratings, triples, dim, threads = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    torch.set_num_threads(threads)
    logging.disable(logging.INFO)
    root = Path(tempfile.mkdtemp())
    write(root / "lastfm", ratings, triples)
    config = Config(model=MKR, dataset="lastfm", config_dict={
        "data_path": str(root), "checkpoint_dir": str(root), "embedding_size": dim, "kg_embedding_size": dim, "use_gpu": False,
        "load_col": {"inter": ["user_id", "item_id"], "kg": ["head_id", "relation_id", "tail_id"], "link": ["item_id", "entity_id"]},
        "eval_args": {"split": {"RS": [0.6, 0.2, 0.2]}, "order": "RO", "group_by": "user", "mode": "full"},
        "metrics": ["NDCG"], "topk": [10], "valid_metric": "NDCG@10", "show_progress": False})
    dataset = create_dataset(config)
    train, valid, _ = data_preparation(config, dataset)
    model = MKR(config, train._dataset).to(config["device"])
    trainer = MKRTrainer(config, model)
    # What MKRTrainer._train_epoch does, a part at a time.
    from recbole.data.dataloader.knowledge_dataloader import KGDataLoaderState as State
    seconds = {}
    for name, state, loss in (("rs", State.RS, model.calculate_rs_loss), ("kg", State.KG, model.calculate_kg_loss)):
        train.set_mode(state)
        times = []
        for _ in range(3):
            started = time.perf_counter()
            super(MKRTrainer, trainer)._train_epoch(train, 0, loss, show_progress=False)
            times.append(time.perf_counter() - started)
        seconds[name] = sorted(times)[1]
    started = time.perf_counter()
    trainer.evaluate(valid, load_best_model=False)
    import recbole
    print(json.dumps({"recbole": recbole.__version__, "torch": torch.__version__, "threads": threads, "dim": dim,
                      "train_rows": len(train._dataset.inter_feat), "rs_epoch_s": seconds["rs"], "kg_epoch_s": seconds["kg"],
                      "full_ranking_s": time.perf_counter() - started}))


if __name__ == "__main__":
    main()
