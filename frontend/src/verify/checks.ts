// The checks themselves, one step after the other, each with the reason for its outcome.
// They know no page: whoever runs them shows the steps as they come.
import { W, moment } from "../words.ts";
import { type Bytes, Malformed, equal, hex } from "./bytes.ts";
import { type Step, SHA256, SHA3, climb, consistent, inclusionRoot, leaf } from "./merkle.ts";
import { type Key, readKey, signedBy } from "./note.ts";
import { type Proof, readProof } from "./proof.ts";
import { type Interval, intervalNucleus, timestampHash } from "./v1.ts";

export type State = "ok" | "bad" | "note";

export interface Check {
  state: State;
  what: string;
  why?: string;
  /** A hash worth seeing, in hexadecimal. */
  hash?: string;
  /** The box of the drawn path that is now recomputed. */
  lit?: number;
}

export type Outcome = "sealed" | "partial" | "refused";

export interface Verdict {
  outcome: Outcome;
  title: string;
  reasons: string[];
  interval: number | null;
}

/** What the original may have been stamped as: the name says how, for the reader. */
export interface Candidate {
  how: string;
  data: string | Bytes;
}

const refused = (...reasons: string[]): Verdict => ({ outcome: "refused", title: W.refused, reasons, interval: null });

/** Checks a proof file. `candidates` is empty when the original was not given, `trusted` null when no key was. */
export async function* checkProof(file: string, candidates: Candidate[], trusted: string | null): AsyncGenerator<Check, Verdict> {
  let proof: Proof;
  let own: Key;
  let key: Key;
  try {
    proof = readProof(file);
    own = readKey(proof.key);
    key = trusted === null ? own : readKey(trusted);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    yield { state: "bad", what: W.unreadable, why: `${error.message}.` };
    return refused(`${error.message}.`);
  }
  const found = yield* checkTimestamp(proof.timestamp, proof.a, proof.path, proof.interval, proof.data, candidates);
  if (typeof found === "object") return found;

  if (proof.interval.index !== proof.index) {
    yield { state: "bad", what: W.recordBad };
    return refused(W.recordBad);
  }
  yield { state: "ok", what: W.record(proof.index, moment(proof.interval.timestamp)), hash: hex(proof.interval.ith) };

  const { checkpoint } = proof;
  const root = inclusionRoot(SHA256, proof.index, checkpoint.size, leaf(SHA256, proof.nucleus), proof.inclusion);
  if (!root || !equal(root, checkpoint.root)) {
    yield { state: "bad", what: W.inclusionBad, why: W.inclusionBadWhy };
    return refused(W.inclusionBad);
  }
  yield { state: "ok", what: W.inclusion(proof.index, checkpoint.size), hash: hex(root) };

  const signed = await signedBy(checkpoint, key);
  if (signed === "absent" || key.name !== checkpoint.origin) {
    yield { state: "bad", what: W.signatureAbsent, why: W.signatureAbsentWhy(trusted ?? proof.key) };
    return refused(W.signatureAbsent);
  }
  if (signed === "bad") {
    yield { state: "bad", what: W.signatureBad, why: W.signatureBadWhy };
    return refused(W.signatureBad);
  }
  yield { state: "ok", what: W.signature(checkpoint.origin) };
  // The reader's key decides; but a proof that names a key which did not sign it was tampered with.
  if ((await signedBy(checkpoint, own)) !== "good") {
    yield { state: "bad", what: W.dataOther, why: W.keyContradictsWhy };
    return refused(W.dataOther, W.keyContradictsWhy);
  }
  if (trusted === null) yield { state: "note", what: W.keyOwn, why: W.keyOwnWhy };
  else if (trusted.trim() === proof.key) yield { state: "ok", what: W.keyTrusted };
  else yield { state: "note", what: W.keyOther, why: W.keyOtherWhy };

  const witnesses = checkpoint.signatures.filter(({ name }) => name !== checkpoint.origin).map(({ name }) => name);
  if (witnesses.length > 0) yield { state: "note", what: W.witnesses(witnesses.join(", ")), why: W.witnessesWhy };
  return found === "whole"
    ? { outcome: "sealed", title: W.sealed(moment(proof.timestamp)), reasons: [W.sealedWhy(proof.index)], interval: proof.index }
    : { outcome: "partial", title: W.partial, reasons: [W.partialWhy], interval: proof.index };
}

/** From the original to the interval's root. Answers a verdict only where it is refused. */
export async function* checkTimestamp(
  timestamp: string,
  a: number,
  path: Bytes[],
  interval: Pick<Interval, "index" | "ith">,
  data: string | Bytes | null,
  candidates: Candidate[],
): AsyncGenerator<Check, Verdict | "whole" | "partial"> {
  const follow = (stamped: string | Bytes) => {
    const hash = timestampHash(stamped, timestamp);
    const first = leaf(SHA3, hash);
    const steps = climb(SHA3, first, a, path);
    return { hash, first, steps, arrives: steps !== null && equal(steps.at(-1)?.result ?? first, interval.ith) };
  };
  const arrived = candidates.map((candidate) => ({ candidate, ...follow(candidate.data) })).find(({ arrives }) => arrives);
  if (arrived) {
    if (data !== null && !same(arrived.candidate.data, data)) {
      yield { state: "bad", what: W.dataOther, why: W.dataOtherWhy };
      return refused(W.dataOther);
    }
    yield { state: "ok", what: W.original, why: W.originalAs(arrived.candidate.how), hash: hex(arrived.hash) };
    yield* climbed(arrived.first, arrived.steps ?? []);
    return "whole";
  }
  if (candidates.length > 0) {
    // The proof's own data decides whether the original or the path is to blame.
    if (data !== null && candidates.some((candidate) => same(candidate.data, data))) {
      yield { state: "bad", what: W.pathBad, why: W.pathBadWhy };
      return refused(W.pathBad);
    }
    yield { state: "bad", what: W.originalOther, why: W.originalOtherWhy };
    return refused(W.originalOther, W.originalOtherWhy);
  }
  if (data !== null) {
    const { hash, first, steps, arrives } = follow(data);
    if (!arrives) {
      yield { state: "bad", what: W.pathBad, why: W.pathBadWhy };
      return refused(W.pathBad);
    }
    yield { state: "ok", what: W.originalData, hash: hex(hash) };
    yield* climbed(first, steps ?? []);
    yield { state: "note", what: W.originalMissing, why: W.originalMissingWhy };
    return "partial";
  }
  yield { state: "note", what: W.originalMissing, why: W.originalMissingWhy };
  return "partial";
}

const same = (a: string | Bytes, b: string | Bytes): boolean =>
  typeof a === "string" || typeof b === "string" ? a === b : equal(a, b);

/** The steps of a path that is known to arrive. */
export function* climbed(first: Bytes, steps: Step[]): Generator<Check> {
  yield { state: "ok", what: W.leaf, why: W.leafWhy, hash: hex(first), lit: 0 };
  for (const [i, { left, result }] of steps.entries()) {
    yield { state: "ok", what: W.step(i + 1, steps.length, left), hash: hex(result), lit: i + 1 };
  }
}

/** Checks a known timestamp hash against its interval's root: what a timestamp's own page shows. */
export function* checkPath(hash: Bytes, a: number, path: Bytes[], ith: Bytes): Generator<Check, boolean> {
  const first = leaf(SHA3, hash);
  const steps = climb(SHA3, first, a, path);
  const arrives = steps !== null && equal(steps.at(-1)?.result ?? first, ith);
  yield* climbed(first, steps ?? []);
  yield arrives ? { state: "ok", what: W.path(path.length), hash: hex(ith) } : { state: "bad", what: W.pathBad, why: W.pathBadWhy, lit: path.length };
  return arrives;
}

/** An interval's place: what the log's public API answered about it. */
export interface Place {
  interval: Interval;
  /** Head of the tree that ends with this interval. */
  mth: Bytes;
  current: { size: number; mth: Bytes };
  inclusion: { a: number; nodes: Bytes[] };
  consistency: Bytes[];
  /** The head that a reference named, if one was given. */
  named: Bytes | null;
}

/** Checks an interval's place in the log as it stands now, over the SHA3 tree. */
export function* checkPlace({ interval, mth, current, inclusion, consistency, named }: Place): Generator<Check, Verdict> {
  if (named) {
    if (!equal(named, mth)) {
      yield { state: "bad", what: W.referenceBad, why: W.referenceBadWhy };
      return refused(W.referenceBad, W.referenceBadWhy);
    }
    yield { state: "ok", what: W.reference, hash: hex(named) };
  }
  const first = leaf(SHA3, SHA3(intervalNucleus(interval)));
  yield { state: "ok", what: W.head, why: W.headWhy, hash: hex(first) };
  const steps = climb(SHA3, first, inclusion.a, inclusion.nodes);
  const byPlace = inclusionRoot(SHA3, interval.index, current.size, first, inclusion.nodes);
  if (!steps || !byPlace || !equal(byPlace, current.mth) || !equal(steps.at(-1)?.result ?? first, current.mth)) {
    yield { state: "bad", what: W.inCurrentBad, why: W.inclusionBadWhy };
    return refused(W.inCurrentBad);
  }
  yield { state: "ok", what: W.inCurrent(current.size), hash: hex(current.mth) };
  if (!consistent(SHA3, interval.index + 1, mth, current.size, current.mth, consistency)) {
    yield { state: "bad", what: W.grownBad, why: W.grownBadWhy };
    return refused(W.grownBad, W.grownBadWhy);
  }
  yield { state: "ok", what: W.grown(interval.index + 1, current.size) };
  return { outcome: "sealed", title: W.intervalHolds(interval.index), reasons: [], interval: interval.index };
}
