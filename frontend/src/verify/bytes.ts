// Bytes and their spellings. Every reader refuses what its writer would not have written.

export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Thrown by every parser here; the message is a sentence for the person who brought the bytes. */
export class Malformed extends Error {}

export const utf8 = (text: string): Bytes => encoder.encode(text);

/** Bytes as text, or null where they are not UTF-8. */
export function text(bytes: Bytes): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

export function concat(...parts: Bytes[]): Bytes {
  const out = new Uint8Array(parts.reduce((n, part) => n + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** Equality of public values; no secret is ever compared here. */
export const equal = (a: Bytes, b: Bytes): boolean => a.length === b.length && a.every((byte, i) => byte === b[i]);

export const hex = (bytes: Bytes): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export function fromHex(digits: string): Bytes {
  if (!/^([0-9a-f]{2})*$/.test(digits)) throw new Malformed("not lower-case hexadecimal");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Standard base64 with padding, in its one canonical spelling. */
export function fromBase64(spelling: string): Bytes {
  let raw: string;
  try {
    raw = atob(spelling);
  } catch {
    throw new Malformed("not base64");
  }
  if (btoa(raw) !== spelling) throw new Malformed("not base64 in its one canonical spelling");
  return Uint8Array.from(raw, (c) => c.charCodeAt(0));
}

export const base64 = (bytes: Bytes): string => btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));

/** base64url without padding, as compact references carry it. */
export function fromBase64url(spelling: string): Bytes {
  if (!/^[A-Za-z0-9_-]*$/.test(spelling)) throw new Malformed("not base64url");
  const standard = spelling.replaceAll("-", "+").replaceAll("_", "/");
  return fromBase64(standard + "=".repeat((4 - (standard.length % 4)) % 4));
}

export const base64url = (bytes: Bytes): string => base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
