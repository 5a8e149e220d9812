// A whole proof, made from the golden vectors, passes; with any one bit flipped it does not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { type Bytes, base64, fromHex, utf8 } from "../src/verify/bytes.ts";
import { type Value, encode } from "../src/verify/cbor.ts";
import { type Candidate, type Verdict, checkPlace, checkProof } from "../src/verify/checks.ts";
import { SHA256, SHA3, leaf, node } from "../src/verify/merkle.ts";
import { intervalNucleus, timestampHash } from "../src/verify/v1.ts";

const VKEY = "ts.example.org/log+99e69167+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
const NOTE = `ts.example.org/log
7
vCKLWP/PDezq9qrhKyZAS/cVkZyv9fQO6rBIUZZoiiw=

— ts.example.org/log meaRZxhDdpfdndApOcm+SPd15nV5YGVXtM/kVzBXugloT5uNXhHnXnNzlaxeTJTk9zScxdI4AvsxWbwUVHbagnycUgY=
`;
const stamps = Array.from({ length: 7 }, (_, i) => leaf(SHA3, timestampHash(`leaf-${i}`, `2026-01-01T00:00:00.00000${i}Z`)));
const split = (n: number): number => 2 ** Math.ceil(Math.log2(n) - 1);
function root(H: (b: Bytes) => Bytes, l: Bytes[]): Bytes {
  if (l.length === 0) return H(new Uint8Array());
  return l.length === 1 ? l[0]! : node(H, root(H, l.slice(0, split(l.length))), root(H, l.slice(split(l.length))));
}
function path(H: (b: Bytes) => Bytes, m: number, l: Bytes[]): Bytes[] {
  if (l.length === 1) return [];
  const k = split(l.length);
  return m < k ? [...path(H, m, l.slice(0, k)), root(H, l.slice(k))] : [...path(H, m - k, l.slice(k)), root(H, l.slice(0, k))];
}
const members = [[0, 7], [0, 1], [0, 0], [1, 3], [2, 5], [0, 0], [3, 7]] as const;
const intervals = members.map(([from, to], index) => ({
  index,
  timestamp: `2026-01-01T00:00:${String(3 * index).padStart(2, "0")}.000000Z`,
  ith: root(SHA3, stamps.slice(from, to)),
}));
const entries = intervals.map((i) => leaf(SHA256, intervalNucleus(i)));

/** Timestamp 5 in interval 0, by hand. */
function proof(data: string | null, key = VKEY): string {
  const fields: [string, Value][] = [
    ["a", 5],
    ["v", 1],
    ["key", key],
    ["path", path(SHA3, 5, stamps)],
    ["nucleus", intervalNucleus(intervals[0]!)],
    ["timestamp", "2026-01-01T00:00:00.000005Z"],
  ];
  if (data !== null) fields.push(["data", data]);
  const extra = base64(encode(new Map(fields)));
  return `c2sp.org/tlog-proof@v1\nextra ${extra}\nindex 0\n${path(SHA256, 0, entries).map((h) => `${base64(h)}\n`).join("")}\n${NOTE}`;
}

async function verdict(file: string, candidates: Candidate[], trusted: string | null = VKEY): Promise<Verdict> {
  const checks = checkProof(file, candidates, trusted);
  for (;;) {
    const { done, value } = await checks.next();
    if (done) return value;
  }
}
const mine: Candidate[] = [{ how: "text", data: "leaf-5" }];
const other: Candidate[] = [{ how: "text", data: "leaf-4" }];

test("a proof says what it proves", async () => {
  const check = async (file: string, candidates: Candidate[], trusted: string | null, outcome: string, reason?: RegExp) => {
    const found = await verdict(file, candidates, trusted);
    assert.equal(found.outcome, outcome, JSON.stringify(found));
    if (reason) assert.match(found.reasons.join(" "), reason);
  };
  await check(proof("leaf-5"), mine, VKEY, "sealed");
  await check(proof(null), mine, VKEY, "sealed");
  await check(proof(null), mine, null, "sealed");
  await check(proof("leaf-5"), [], VKEY, "partial");
  await check(proof(null), [], VKEY, "partial");
  await check(proof("leaf-5"), other, VKEY, "refused", /changed/);
  await check(proof(null), other, VKEY, "refused", /changed/);
  await check(proof("leaf-4"), [], VKEY, "refused", /path/);
  await check(proof("leaf-5", "nonsense"), mine, null, "refused", /key/);
  await check(proof("leaf-5"), mine, "nonsense", "refused", /key/);
  await check("", [], VKEY, "refused", /first line/);
  await check(proof("leaf-5").replace("index 0", "index 00"), mine, VKEY, "refused", /index line/);
  await check(proof("leaf-5").replace("index 0", "index 1"), mine, VKEY, "refused", /another interval/);
  await check(proof("leaf-5").replace("\n7\n", "\n6\n"), mine, VKEY, "refused");
});

test("no single flipped bit passes", async () => {
  const whole = proof("leaf-5");
  const bytes = utf8(whole);
  const end = bytes.length - 1; // The very last newline is covered by the parser.
  for (let at = 0; at <= end; at++) {
    const flipped = bytes.slice();
    flipped[at]! ^= 1 << at % 7;
    let file: string;
    try {
      file = new TextDecoder("utf-8", { fatal: true }).decode(flipped);
    } catch {
      continue; // Not even text.
    }
    const found = await verdict(file, mine, VKEY);
    assert.equal(found.outcome, "refused", `byte ${at}: ${found.title}`);
  }
});

test("an interval's place in the log", () => {
  const main = intervals.map((i) => leaf(SHA3, SHA3(intervalNucleus(i))));
  const place = {
    interval: intervals[2]!,
    mth: root(SHA3, main.slice(0, 3)),
    current: { size: 7, mth: root(SHA3, main) },
    inclusion: { a: 1, nodes: path(SHA3, 2, main) },
    consistency: ["5cb438cc0762c04126b373ef7bc3a16b2eb0e6c19b40ff41b99887e032a5f443", "b69b1b2ae2920a85576751b67803d63cf910a57b12ac983bcb14759bdb80fd5a", "0a11c703ff32bbeebac34f55f81dfdcbe1cdb386de8a3c73b1c0bbdd5feb0d57", "ac2378829182fedaf90d73fd058d3afbe27e2f6c5f3f5b91f04008f96f846cca"].map(fromHex),
    named: null,
  };
  const run = (p: Parameters<typeof checkPlace>[0]) => {
    const checks = checkPlace(p);
    for (;;) {
      const { done, value } = checks.next();
      if (done) return value.outcome;
    }
  };
  const a = [0, 1, 2, 3, 4, 5, 6, 7].find((bits) => run({ ...place, inclusion: { ...place.inclusion, a: bits } }) === "sealed");
  assert.equal(a, 2, "interval 2 of 7: right, left, right");
  const good = { ...place, inclusion: { ...place.inclusion, a: 2 } };
  assert.equal(run({ ...good, named: place.mth }), "sealed");
  assert.equal(run({ ...good, named: place.current.mth }), "refused");
  assert.equal(run({ ...good, mth: place.current.mth }), "refused");
  assert.equal(run({ ...good, interval: intervals[3]! }), "refused");
  assert.equal(run({ ...good, consistency: place.consistency.slice(1) }), "refused");
});
