// Protocol v1: what is hashed for a timestamp and for an interval, and the compact references.
import { type Bytes, Malformed, fromBase64url } from "./bytes.ts";
import { type Value, decode, encode } from "./cbor.ts";
import { SHA3 } from "./merkle.ts";

/** Exactly 27 characters: microseconds, always six digits, always Z; and a moment that there is. */
export const isTimestamp = (spelling: string): boolean =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(spelling) && !Number.isNaN(Date.parse(spelling));

/** The hash of a timestamp. `data` is text, or bytes where it came through `POST ?compact`. */
export function timestampHash(data: string | Bytes, timestamp: string): Bytes {
  return SHA3(encode(new Map<string, Value>([["typ", "ts"], ["data", data], ["version", "1"], ["timestamp", timestamp]])));
}

export interface Interval {
  index: number;
  timestamp: string;
  ith: Bytes;
}

/** The bytes that stand for an interval in both main trees. */
export function intervalNucleus({ index, timestamp, ith }: Interval): Bytes {
  return encode(new Map<string, Value>([["ith", ith], ["typ", "it"], ["index", index], ["version", "1"], ["timestamp", timestamp]]));
}

/** Reads a nucleus back; it must be canonical and hold these five fields and no other. */
export function readInterval(bytes: Bytes): Interval {
  const map = decode(bytes);
  if (!(map instanceof Map) || map.size !== 5) throw new Malformed("the interval record is not a map of five fields");
  const [ith, index, timestamp] = [map.get("ith"), map.get("index"), map.get("timestamp")];
  if (map.get("typ") !== "it" || map.get("version") !== "1") throw new Malformed("the interval record is of another type or version");
  if (!(ith instanceof Uint8Array) || ith.length !== 32) throw new Malformed("the interval record has no root of 32 bytes");
  if (typeof index !== "number") throw new Malformed("the interval record has no number");
  if (typeof timestamp !== "string" || !isTimestamp(timestamp)) throw new Malformed("the interval record has no time");
  return { index, timestamp, ith };
}

export type Reference =
  | { kind: "head"; authority: string; index: number; mth: Bytes }
  | { kind: "timestamp"; authority: string; index: number; timestamp: string; a: number; path: Bytes[] };

/** Reads `authority/i#v1:mth` or `authority/i#v1,timestamp,proof`. https:// is implied; http:// is part of the authority. */
export function readReference(spelling: string): Reference {
  const match = /^(?:https:\/\/)?(?!https?:\/\/[\/#]|https:)((?:http:\/\/)?[^#?\s\\"<>,]+)\/(0|[1-9]\d*)#v1([:,])(.*)$/.exec(spelling.trim());
  if (!match) throw new Malformed("not a reference of the form authority/interval#v1:… or authority/interval#v1,time,proof");
  const [, authority = "", number = "", kind, rest = ""] = match;
  const index = Number(number);
  if (!Number.isSafeInteger(index)) throw new Malformed("the interval number is beyond 2^53");
  if (kind === ":") {
    const mth = fromBase64url(rest);
    if (mth.length !== 32) throw new Malformed("the head in the reference is not 32 bytes long");
    return { kind: "head", authority, index, mth };
  }
  const [timestamp = "", proof = "", ...more] = rest.split(",");
  if (more.length > 0 || !isTimestamp(timestamp)) throw new Malformed("the time in the reference is not of the form 2026-01-01T00:00:00.000000Z");
  const value = decode(fromBase64url(proof));
  if (!Array.isArray(value) || value.length !== 2) throw new Malformed("the proof in the reference is not a pair");
  const [a, path] = value;
  if (typeof a !== "number" || !Array.isArray(path)) throw new Malformed("the proof in the reference is not a number and a path");
  return { kind: "timestamp", authority, index, timestamp, a, path: hashes(path) };
}

/** A list of 32-byte strings. */
export function hashes(list: Value[]): Bytes[] {
  return list.map((item) => {
    if (!(item instanceof Uint8Array) || item.length !== 32) throw new Malformed("a hash in the path is not 32 bytes long");
    return item as Bytes;
  });
}
