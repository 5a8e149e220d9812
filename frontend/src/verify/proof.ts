// The proof file: https://c2sp.org/tlog-proof, with protocol v1's half in its `extra` line.
import { type Bytes, Malformed, fromBase64 } from "./bytes.ts";
import { decode } from "./cbor.ts";
import { type Checkpoint, readCheckpoint } from "./note.ts";
import { type Interval, hashes, isTimestamp, readInterval } from "./v1.ts";

/** Far larger than any real proof; more is not read. In bytes, or characters. */
export const PROOF_BYTES_MAX = 1024 * 1024;

export interface Proof {
  /** What was stamped, where the proof carries it. */
  data: string | Bytes | null;
  timestamp: string;
  /** From the timestamp to its interval's root. */
  a: number;
  path: Bytes[];
  /** The interval's record and what it says. */
  nucleus: Bytes;
  interval: Interval;
  /** From the interval's record to the checkpoint's root. */
  index: number;
  inclusion: Bytes[];
  checkpoint: Checkpoint;
  /** The key that the proof itself names, as a vkey. */
  key: string;
}

export function readProof(file: string): Proof {
  if (file.length > PROOF_BYTES_MAX) throw new Malformed("this is larger than any proof");
  const cut = file.indexOf("\n\n");
  if (!file.startsWith("c2sp.org/tlog-proof@v1\n")) throw new Malformed("this is not a proof: its first line is not c2sp.org/tlog-proof@v1");
  if (cut < 0) throw new Malformed("the proof has no empty line before its checkpoint");
  const [, extra = "", index = "", ...path] = file.slice(0, cut).split("\n");
  if (!extra.startsWith("extra ")) throw new Malformed("the proof has no extra line: it is of a log, but not of a timestamp");
  const number = /^index (0|[1-9]\d*)$/.exec(index)?.[1];
  if (number === undefined || !Number.isSafeInteger(Number(number))) throw new Malformed("the proof's index line is malformed");
  const inclusion = path.map((line) => {
    const hash = fromBase64(line);
    if (hash.length !== 32) throw new Malformed("a hash in the proof is not 32 bytes long");
    return hash;
  });
  const checkpoint = readCheckpoint(file.slice(cut + 2));

  const map = decode(fromBase64(extra.slice(6)));
  if (!(map instanceof Map)) throw new Malformed("the proof's extra line is not a map");
  for (const key of map.keys()) {
    if (!["a", "v", "key", "data", "path", "nucleus", "timestamp"].includes(key)) throw new Malformed(`the proof's extra line holds an unknown field “${key}”`);
  }
  if (map.get("v") !== 1) throw new Malformed("the proof is of a version that this page does not know");
  const [a, key, data, steps, nucleus, timestamp] = ["a", "key", "data", "path", "nucleus", "timestamp"].map((name) => map.get(name));
  if (typeof a !== "number" || !Array.isArray(steps)) throw new Malformed("the proof has no path inside its interval");
  if (typeof key !== "string") throw new Malformed("the proof names no key");
  if (data !== undefined && typeof data !== "string" && !(data instanceof Uint8Array)) throw new Malformed("the proof's data is neither text nor bytes");
  if (!(nucleus instanceof Uint8Array)) throw new Malformed("the proof holds no interval record");
  if (typeof timestamp !== "string" || !isTimestamp(timestamp)) throw new Malformed("the proof holds no time");
  return {
    data: (data as string | Bytes | undefined) ?? null,
    timestamp,
    a,
    path: hashes(steps),
    nucleus: nucleus as Bytes,
    interval: readInterval(nucleus as Bytes),
    index: Number(number),
    inclusion,
    checkpoint,
    key,
  };
}
