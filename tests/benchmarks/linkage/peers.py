"""The peers, run in an environment of their own: `python peers.py <peer> <records.parquet> <answer.parquet>`.

Reads the records or addresses that tests.benchmarks.linkage.street wrote, writes what the peer makes of them, and
prints the seconds it took. Knows nothing of the project or of the truth.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

import pandas as pd

#: Thresholds and recalls as the peers' own tutorials have them.
SPLINK_PREDICT, SPLINK_CLUSTER, SPLINK_RECALL = 0.9, 0.95, 0.7
SIMILAR_NAME, SIMILAR_ADDRESS = 0.85, 0.85


def splink(records: pd.DataFrame) -> pd.DataFrame:
    """Clusters (index, cluster) by Splink's tutorial: ready-made comparisons, EM, clusters at 0.95."""
    import splink.comparison_library as cl  # noqa: PLC0415
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on  # noqa: PLC0415

    settings = SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="index",
        comparisons=[
            cl.NameComparison("name"),
            cl.DateOfBirthComparison("birth_date", input_is_string=True),
            cl.ExactMatch("id_number").configure(term_frequency_adjustments=True),
            cl.ExactMatch("phone").configure(term_frequency_adjustments=True),
            cl.LevenshteinAtThresholds("address", [2, 6]),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("id_number"),
            block_on("phone"),
            block_on("name", "birth_date"),
            block_on("name", "address"),
        ],
    )
    linker = Linker(DuckDBAPI().register(records), settings, log_level=None)
    rules = [block_on("id_number"), block_on("name", "birth_date"), block_on("name", "phone")]
    linker.training.estimate_probability_two_random_records_match(rules, recall=SPLINK_RECALL)
    linker.training.estimate_u_using_random_sampling(max_pairs=1e6)
    for rule in (block_on("name"), block_on("phone"), block_on("birth_date")):
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    predicted = linker.inference.predict(threshold_match_probability=SPLINK_PREDICT)
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(
        predicted, threshold_match_probability=SPLINK_CLUSTER
    )
    return clusters.as_pandas_dataframe()[["index", "cluster_id"]].rename(columns={"cluster_id": "cluster"})


def ecm(records: pd.DataFrame) -> pd.DataFrame:
    """Pairs (one, other) by recordlinkage's ECM classifier over blocked pairs."""
    import recordlinkage  # noqa: PLC0415

    table = records.set_index("index")
    pairs = None
    for columns in (["id_number"], ["phone"], ["name", "birth_date"], ["name", "address"]):
        known = table.dropna(subset=columns)
        found = recordlinkage.index.Block(columns).index(known)
        pairs = found if pairs is None else pairs.union(found)
    compare = recordlinkage.Compare()
    compare.string("name", "name", method="jarowinkler", threshold=SIMILAR_NAME, label="name")
    compare.exact("birth_date", "birth_date", label="birth_date")
    compare.exact("id_number", "id_number", label="id_number")
    compare.exact("phone", "phone", label="phone")
    compare.string("address", "address", method="jarowinkler", threshold=SIMILAR_ADDRESS, label="address")
    agreed = compare.compute(pairs, table)
    links = recordlinkage.ECMClassifier().fit_predict(agreed)
    return pd.DataFrame({"one": links.get_level_values(0), "other": links.get_level_values(1)})


def jionlp(addresses: pd.DataFrame) -> pd.DataFrame:
    """What jionlp leaves of each address (index, rest) behind province, city, county and town."""
    import jionlp as jio  # noqa: PLC0415

    def rest(text: str) -> str:
        parsed = jio.parse_location(text, town_village=True)
        detail = parsed["detail"] or ""
        return detail.split(parsed["town"], 1)[-1] if parsed.get("town") else detail

    return pd.DataFrame({"index": addresses["index"], "rest": [rest(text) for text in addresses["text"]]})


def cpca(addresses: pd.DataFrame) -> pd.DataFrame:
    """What cpca leaves of each address (index, rest) behind province, city and county."""
    import cpca as library  # noqa: PLC0415

    # What names no province, city or county it gives back empty: all of it is the rest, then.
    rest = library.transform(addresses["text"].tolist())["地址"].fillna(addresses["text"])
    # It knows no towns: the street's own name is taken off for it.
    return pd.DataFrame({"index": addresses["index"], "rest": [re.sub("^花木(街道|镇)", "", text) for text in rest]})


PEERS = {"splink": splink, "ecm": ecm, "jionlp": jionlp, "cpca": cpca}


def main() -> None:
    peer, given, answer = sys.argv[1:]
    table = pd.read_parquet(given)
    started = time.perf_counter()
    found = PEERS[peer](table)
    seconds = time.perf_counter() - started
    found.to_parquet(answer)
    Path(answer).with_suffix(".seconds").write_text(str(seconds), encoding="utf-8")


if __name__ == "__main__":
    main()
