// Golden vectors of protocol v1 and of the same entries as a C2SP log. They were computed outside
// this code base (hashlib, cbor2, x/mod); if one fails, proofs handed out before no longer verify.
import assert from "node:assert/strict";
import { test } from "node:test";
import { base64, base64url, concat, fromBase64, fromHex, hex, utf8 } from "../src/verify/bytes.ts";
import { encode } from "../src/verify/cbor.ts";
import { SHA256, SHA3, climb, consistent, inclusionRoot, leaf, node } from "../src/verify/merkle.ts";
import { readCheckpoint, readKey, signedBy } from "../src/verify/note.ts";
import { intervalNucleus, readInterval, readReference, timestampHash } from "../src/verify/v1.ts";
import { type Bytes } from "../src/verify/bytes.ts";

const EMPTY_SHA512 =
  "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";

test("V1: the hash of a timestamp", () => {
  const check = (data: string | Bytes, timestamp: string, expected: string) => assert.equal(hex(timestampHash(data, timestamp)), expected);
  check(EMPTY_SHA512, "2021-04-05T23:39:42.944682Z", "76c5e0ada9445e305959f053acbdafe50ded687370c3b82391a56b733a0ccf78");
  check(utf8(EMPTY_SHA512), "2021-04-05T23:39:42.944682Z", "08a8ead74c0de7b9c80282a400a698400437290e5c6b71420f046fd23bb9f2dc");
  check("", "2026-01-01T00:00:00.000000Z", "9692ee8ca7083dfdeb70d4ee74e2a8738cd1bed5137d278729937a3220d9f240");
  assert.equal(
    hex(encode(new Map([["timestamp", "2026-01-01T00:00:00.000000Z"], ["version", "1"], ["data", ""], ["typ", "ts"]]))),
    "a4637479706274736464617461606776657273696f6e61316974696d657374616d70781b323032362d30312d30315430303a30303a30302e3030303030305a",
  );
});

/** A tree built the slow way, straight from RFC 6962's definition: the oracle for everything below. */
function root(H: (b: Bytes) => Bytes, leaves: Bytes[]): Bytes {
  if (leaves.length === 0) return H(new Uint8Array());
  if (leaves.length === 1) return leaves[0]!;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return node(H, root(H, leaves.slice(0, k)), root(H, leaves.slice(k)));
}
function path(H: (b: Bytes) => Bytes, m: number, leaves: Bytes[]): Bytes[] {
  if (leaves.length === 1) return [];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return m < k ? [...path(H, m, leaves.slice(0, k)), root(H, leaves.slice(k))] : [...path(H, m - k, leaves.slice(k)), root(H, leaves.slice(0, k))];
}
function consistency(H: (b: Bytes) => Bytes, m: number, leaves: Bytes[], whole = true): Bytes[] {
  if (m === leaves.length) return whole ? [] : [root(H, leaves)];
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return m <= k
    ? [...consistency(H, m, leaves.slice(0, k), whole), root(H, leaves.slice(k))]
    : [...consistency(H, m - k, leaves.slice(k), false), root(H, leaves.slice(0, k))];
}

const stamps = Array.from({ length: 7 }, (_, i) => timestampHash(`leaf-${i}`, `2026-01-01T00:00:00.00000${i}Z`));
const leaves = stamps.map((h) => leaf(SHA3, h));
const ITH = "b73fb85d1f02866b86f106d29478d5644ce20e482aa36f99d6f2be4e27a2609f";

test("V2: seven leaves and their paths", () => {
  assert.equal(hex(stamps[0]!), "153614da724a67e629f0b54a0c89933e89941c5f8b7aa7af6d73c4702acb155d");
  assert.equal(hex(stamps[6]!), "d9343c0659befb70bd4d8a25f94a7ea5d95ff7a8bf2fa1e8e5d185eb751b6d43");
  assert.equal(hex(root(SHA3, leaves)), ITH);
  const check = (i: number, a: number, nodes: string[]) => {
    const steps = climb(SHA3, leaves[i]!, a, nodes.map(fromHex));
    assert.equal(hex(steps!.at(-1)!.result), ITH, `leaf ${i}`);
  };
  check(0, 0, ["9e552536a8bd75bccc2a72a9e383bbb145de3172fb0a8e96c920bb90139548fc", "81c8a00b8c929f634e8106d3e3889443e4ae8b61d581d9dd1425a9f82277bd84", "6a247ba34f4ad65c8602b226d4052212446b5482fde802d775eb4c91c362fb7b"]);
  check(5, 5, ["2f2dd3d8d3ebf22f3ef9dc9aa7ca63df88fdf2bebafe899535589f22c8b1c88e", "4ec6f35cd2de1ad38cdb6749ec678bd07744c99fbd22e4726891ddadd5354f44", "bd9ed46cf8a4c402f97a424cd8a2ad3e83a2f415853b326d3cd246a65a5a4552"]);
  check(6, 3, ["f9b0d73bdfb50643f034a4ff1461922fe02d3234645677d814bb6470c7945808", "bd9ed46cf8a4c402f97a424cd8a2ad3e83a2f415853b326d3cd246a65a5a4552"]);
  assert.equal(climb(SHA3, leaves[0]!, 8, path(SHA3, 0, leaves)), null, "a bit of a that no step consumes is refused");
});

test("V2: a compact reference is read and leads to the interval's root", () => {
  const reference = readReference(
    "dev.unchanging.ink/0#v1,2026-01-01T00:00:00.000005Z,ggWDWCAvLdPY0-vyLz753JqnymPfiP3yvrr-iZU1WJ8iyLHIjlggTsbzXNLeGtOM22dJ7GeL0HdEyZ-9IuRyaJHdrdU1T0RYIL2e1Gz4pMQC-XpCTNiirT6DovQVhTsybTzSRqZaWkVS",
  );
  assert.equal(reference.kind, "timestamp");
  if (reference.kind !== "timestamp") return;
  assert.equal(reference.index, 0);
  assert.equal(hex(climb(SHA3, leaves[5]!, reference.a, reference.path)!.at(-1)!.result), ITH);
});

const members = [[0, 7], [0, 1], [0, 0], [1, 3], [2, 5], [0, 0], [3, 7]] as const;
const intervals = members.map(([from, to], index) => ({
  index,
  timestamp: `2026-01-01T00:00:${String(3 * index).padStart(2, "0")}.000000Z`,
  ith: root(SHA3, leaves.slice(from, to)),
}));
const nuclei = intervals.map(intervalNucleus);
const main = nuclei.map((n) => leaf(SHA3, SHA3(n)));

test("an authority may have a path, and http:// is part of its name", () => {
  const check = (spelling: string, authority: string) => assert.equal(readReference(`${spelling}/6#v1:${"A".repeat(43)}`).authority, authority);
  check("a.example", "a.example");
  check("https://a.example/log", "a.example/log");
  check("http://127.0.0.1:8080", "http://127.0.0.1:8080");
  for (const wrong of ["", "a b", "https://"]) assert.throws(() => check(wrong, wrong), wrong);
});

test("V3: the main tree, its heads and its consistency", () => {
  assert.equal(hex(SHA3(nuclei[0]!)), "df6b920d539f551cea7918ec289f0f94354f2a5f38b7d7a00c95cf516a3dcbbc");
  assert.deepEqual(readInterval(nuclei[6]!), intervals[6]);
  const heads: Record<number, string> = {
    1: "d3d9a2ce443bce27fd157ca58da7fb4eb2a1ae46e43b1591062da553c53e098e",
    3: "b2d53001e8fe5a9ac06f62266cb0506156da0cab4464a750d6cf5eef83b84ae4",
    4: "b3e529e7168ee690f5d487c6678280e3e5e407aae92720c288c26a8d5681df00",
    5: "9a4d93e343a40e4e1ea2b01c348809301962c69601eecf4002252fee40f6967e",
    7: "9d51cbdc7c4f457415793488fb963a7d6aa21abe5dbd6be4817e5c9997f98d26",
  };
  for (const [size, head] of Object.entries(heads)) assert.equal(hex(root(SHA3, main.slice(0, Number(size)))), head);
  const nodes = ["5cb438cc0762c04126b373ef7bc3a16b2eb0e6c19b40ff41b99887e032a5f443", "b69b1b2ae2920a85576751b67803d63cf910a57b12ac983bcb14759bdb80fd5a", "0a11c703ff32bbeebac34f55f81dfdcbe1cdb386de8a3c73b1c0bbdd5feb0d57", "ac2378829182fedaf90d73fd058d3afbe27e2f6c5f3f5b91f04008f96f846cca"].map(fromHex);
  assert.ok(consistent(SHA3, 3, fromHex(heads[3]!), 7, fromHex(heads[7]!), nodes));
  assert.ok(!consistent(SHA3, 3, fromHex(heads[1]!), 7, fromHex(heads[7]!), nodes), "another old head");
  const head = readReference("dev.unchanging.ink/6#v1:nVHL3HxPRXQVeTSI-5Y6fWqiGr5dvWvkgX5cmZf5jSY");
  assert.equal(head.kind === "head" && hex(head.mth), heads[7]);
  assert.equal(base64url(fromHex(heads[7]!)), "nVHL3HxPRXQVeTSI-5Y6fWqiGr5dvWvkgX5cmZf5jSY");
});

export const NOTE = `ts.example.org/log
7
vCKLWP/PDezq9qrhKyZAS/cVkZyv9fQO6rBIUZZoiiw=

— ts.example.org/log meaRZxhDdpfdndApOcm+SPd15nV5YGVXtM/kVzBXugloT5uNXhHnXnNzlaxeTJTk9zScxdI4AvsxWbwUVHbagnycUgY=
`;
export const VKEY = "ts.example.org/log+99e69167+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";

test("V4: the same entries as a C2SP log", async () => {
  const entries = nuclei.map((n) => leaf(SHA256, n));
  assert.equal(hex(entries[0]!), "12d2980eb7dd70e8f77f46f498f6cd4dfac9117f7dd368b164583f1385ce9fe9");
  const bundle = concat(...nuclei.flatMap((n) => [Uint8Array.of(n.length >> 8, n.length & 255), n]));
  assert.equal(bundle.length, 728);
  assert.equal(hex(SHA256(bundle)), "38131abb2f0852edf10836844e089552c0c4735085ad1f73805b900fd4ae3186");
  const checkpoint = readCheckpoint(NOTE);
  assert.equal(base64(root(SHA256, entries)), base64(checkpoint.root));
  assert.equal(await signedBy(checkpoint, readKey(VKEY)), "good");
  const moved = readCheckpoint(NOTE.replace("\n7\n", "\n8\n"));
  assert.equal(await signedBy(moved, readKey(VKEY)), "bad");
  assert.throws(() => readKey(VKEY.replace("+99e69167", "+99e69168")), /damaged/);
  const { ed25519 } = await import("@noble/curves/ed25519.js");
  const { key } = readKey(VKEY);
  assert.ok(ed25519.verify(checkpoint.signatures[0]!.signature, utf8(checkpoint.body), key, { zip215: false }), "the way without WebCrypto agrees");
});

test("every leaf of every small tree has a proof, and no other", () => {
  for (let size = 1; size <= 33; size++) {
    const tree = Array.from({ length: size }, (_, i) => leaf(SHA256, Uint8Array.of(i)));
    const top = root(SHA256, tree);
    for (let i = 0; i < size; i++) {
      const proof = path(SHA256, i, tree);
      assert.equal(hex(inclusionRoot(SHA256, i, size, tree[i]!, proof)!), hex(top), `${i} of ${size}`);
      assert.equal(inclusionRoot(SHA256, i, size, tree[i]!, [...proof, top]), null, "a path too long");
      if (proof.length > 0) assert.equal(inclusionRoot(SHA256, i, size, tree[i]!, proof.slice(1)), null, "a path too short");
    }
    for (let old = 1; old <= size; old++) {
      const before = root(SHA256, tree.slice(0, old));
      const nodes = consistency(SHA256, old, tree);
      assert.ok(consistent(SHA256, old, before, size, top, nodes), `${old} to ${size}`);
      assert.ok(!consistent(SHA256, old, before, size, before === top ? tree[0]! : before, [...nodes, top]), "a proof too long");
    }
  }
});

test("base64 has one spelling", () => {
  for (const wrong of ["QUI", "QUJ=", "QU I=", "QUI=\n", "_-8="]) assert.throws(() => fromBase64(wrong), wrong);
  assert.equal(hex(fromBase64("QUI=")), "4142");
});
