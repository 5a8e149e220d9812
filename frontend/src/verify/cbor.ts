// Just enough canonical CBOR (RFC 8949 §4.2.1) for protocol v1: unsigned integers, byte and text
// strings, arrays, and maps with text keys. What is not canonical is refused, so one meaning has one spelling.
import { type Bytes, Malformed, concat, text, utf8 } from "./bytes.ts";

export type Value = number | string | Bytes | Value[] | Map<string, Value>;

const DEPTH_MAX = 4;

function head(major: number, n: number): Bytes {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError("an unsigned integer up to 2^53 is needed");
  if (n < 24) return Uint8Array.of((major << 5) | n);
  if (n < 0x100) return Uint8Array.of((major << 5) | 24, n);
  const wide = n < 0x10000 ? 2 : n < 0x100000000 ? 4 : 8;
  const out = new Uint8Array(1 + wide);
  out[0] = (major << 5) | (wide === 2 ? 25 : wide === 4 ? 26 : 27);
  const view = new DataView(out.buffer);
  if (wide === 2) view.setUint16(1, n);
  else if (wide === 4) view.setUint32(1, n);
  else view.setBigUint64(1, BigInt(n));
  return out;
}

/** Writes a value canonically: shortest heads, keys by length, then by bytes. */
export function encode(value: Value): Bytes {
  if (typeof value === "number") return head(0, value);
  if (typeof value === "string") {
    const bytes = utf8(value);
    return concat(head(3, bytes.length), bytes);
  }
  if (value instanceof Uint8Array) return concat(head(2, value.length), value);
  if (Array.isArray(value)) return concat(head(4, value.length), ...value.map(encode));
  const entries = [...value].map(([key, inner]) => [utf8(key), concat(encode(key), encode(inner))] as const);
  entries.sort(([a], [b]) => order(a, b));
  return concat(head(5, entries.length), ...entries.map(([, bytes]) => bytes));
}

function order(a: Bytes, b: Bytes): number {
  if (a.length !== b.length) return a.length - b.length;
  const at = a.findIndex((byte, i) => byte !== b[i]);
  return at < 0 ? 0 : (a[at] ?? 0) - (b[at] ?? 0);
}

/** Reads one value that must fill `bytes` whole. */
export function decode(bytes: Bytes): Value {
  const reader = { bytes, at: 0 };
  const value = read(reader, 0);
  if (reader.at !== bytes.length) throw new Malformed("CBOR is followed by bytes that do not belong to it");
  return value;
}

interface Reader {
  bytes: Bytes;
  at: number;
}

function take(r: Reader, n: number): Bytes {
  if (n > r.bytes.length - r.at) throw new Malformed("CBOR ends too early");
  r.at += n;
  return r.bytes.slice(r.at - n, r.at);
}

function count(r: Reader, low: number): number {
  if (low < 24) return low;
  const wide = [1, 2, 4, 8][low - 24];
  if (!wide) throw new Malformed("CBOR of indefinite or reserved length is not canonical");
  const n = take(r, wide).reduce((sum, byte) => sum * 256 + byte, 0);
  if (!Number.isSafeInteger(n)) throw new Malformed("CBOR holds a number beyond 2^53");
  const least = [24, 0x100, 0x10000, 0x100000000][low - 24] ?? 0;
  if (n < least) throw new Malformed("CBOR holds a number that is not in its shortest form");
  return n;
}

function read(r: Reader, depth: number): Value {
  if (depth > DEPTH_MAX) throw new Malformed("CBOR is nested too deeply");
  const [first = 0] = take(r, 1);
  const major = first >> 5;
  if (major !== 0 && (major < 2 || major > 5)) throw new Malformed("CBOR holds a type that proofs do not use");
  const n = count(r, first & 31);
  switch (major) {
    case 0:
      return n;
    case 2:
      return take(r, n);
    case 3: {
      const string = text(take(r, n));
      if (string === null) throw new Malformed("CBOR holds text that is not UTF-8");
      return string;
    }
    case 4: {
      const list: Value[] = [];
      for (let i = 0; i < n; i++) list.push(read(r, depth + 1)); // Each item takes a byte at least: the input bounds the loop.
      return list;
    }
    default: {
      const map = new Map<string, Value>();
      let before: Bytes | null = null;
      for (let i = 0; i < n; i++) {
        const key = read(r, depth + 1);
        if (typeof key !== "string") throw new Malformed("CBOR holds a map key that is not text");
        const bytes = utf8(key);
        if (before && order(before, bytes) >= 0) throw new Malformed("CBOR map keys are repeated or out of order");
        before = bytes;
        map.set(key, read(r, depth + 1));
      }
      return map;
    }
  }
}
