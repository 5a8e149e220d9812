"""Reads a page of figures with Prometheus' own parsers, and prints its samples as JSON.

First argument: text or openmetrics. The page comes on standard input; a page that the parser does
not take ends this with an error.
"""

import json
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as text

parse = {"text": text, "openmetrics": openmetrics}[sys.argv[1]]
samples = []
for family in parse(sys.stdin.read()):
    if not family.documentation:
        sys.exit(f"{family.name} is not explained")
    for sample in family.samples:
        samples.append({"name": sample.name, "type": family.type, "labels": sample.labels, "value": sample.value})
print(json.dumps(samples))
