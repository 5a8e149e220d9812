"""Audits a log with aics-tlog: signature, every tile, every entry. Then flips one bit in the
checkpoint and in each file in turn: every such log must be refused.

usage: audit.py BASE_URL VKEY
"""

import sys

from aics_tlog import HttpTileReader, audit_tiles, parse_note, parse_vkey, verify_checkpoint


class Flipped:
    """Reads what another reads, but for one bit of the file that is read as number `at`."""

    def __init__(self, reader, at):
        self.reader, self.at, self.reads = reader, at, 0

    def _flip(self, data):
        self.reads += 1
        if data is None or self.reads - 1 != self.at:
            return data
        at = (self.at * 7919) % len(data)
        return data[:at] + bytes([data[at] ^ 1 << self.at % 8]) + data[at + 1 :]

    def read_tile(self, level, index, width):
        return self._flip(self.reader.read_tile(level, index, width))

    def read_entry_bundle(self, index, width):
        return self._flip(self.reader.read_entry_bundle(index, width))


def accepts(note, key):
    try:
        return verify_checkpoint(parse_note(note), key).ok
    except (ValueError, UnicodeDecodeError):
        return False


def main():
    base, vkey = sys.argv[1:]
    key = parse_vkey(vkey)
    reader = HttpTileReader(base, proxies={})
    note = reader.read_checkpoint()
    verified = verify_checkpoint(parse_note(note), key, expected_origin=key.name)
    assert verified.ok, verified.error
    # The log grows on: what is audited is the log of this size.
    honest = Flipped(reader, -1)
    report = audit_tiles(honest, verified.size, verified.root)

    accepted = [at for at in range(len(note)) if accepts(note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :], key)]
    assert not accepted, f"a checkpoint with a flipped bit was accepted, at byte {accepted[0]}"
    for at in range(honest.reads):
        try:
            audit_tiles(Flipped(reader, at), verified.size, verified.root)
        except (ValueError, OSError):
            continue
        raise AssertionError(f"a log whose file number {at} has a flipped bit was accepted")
    print(f"size {report.size}, {report.tiles} tiles, {report.bundles} bundles, {honest.reads + len(note)} forgeries refused")


main()
