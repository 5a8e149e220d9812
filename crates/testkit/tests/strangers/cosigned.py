"""Checks with aics-tlog that a checkpoint carries a witness's cosignature.

usage: cosigned.py BASE_URL LOG_VKEY WITNESS_VKEY
"""

import sys

from aics_tlog import HttpTileReader, parse_note, parse_vkey, verify_checkpoint

base, log, witness = sys.argv[1:]
note = parse_note(HttpTileReader(base, proxies={}).read_checkpoint())
verified = verify_checkpoint(note, parse_vkey(log), [parse_vkey(witness)], quorum=1)
if not verified.ok:
    sys.exit(verified.error)
print(verified.size)
