// Merkle trees as RFC 6962 builds them, over any hash: a leaf is H(00 ‖ x), a node is H(01 ‖ left ‖ right).
import { sha256 } from "@noble/hashes/sha2.js";
import { sha3_256 } from "@noble/hashes/sha3.js";
import { type Bytes, concat, equal } from "./bytes.ts";

export type Hash = (bytes: Bytes) => Bytes;
export const SHA256: Hash = (bytes) => sha256(bytes) as Bytes;
export const SHA3: Hash = (bytes) => sha3_256(bytes) as Bytes;

export const leaf = (H: Hash, entry: Bytes): Bytes => H(concat(Uint8Array.of(0), entry));
export const node = (H: Hash, left: Bytes, right: Bytes): Bytes => H(concat(Uint8Array.of(1), left, right));

const half = (n: number): number => Math.floor(n / 2); // `>>` would cut at 32 bits.
const odd = (n: number): boolean => n % 2 === 1;

/** One step of a path: what stood beside, where, and what both became. */
export interface Step {
  left: boolean;
  sibling: Bytes;
  result: Bytes;
}

/** Follows protocol v1's `(a, path)`: bit i of `a` says that step i's sibling stands on the left. Null when `a` has bits to spare. */
export function climb(H: Hash, from: Bytes, a: number, path: Bytes[]): Step[] | null {
  const steps: Step[] = [];
  let current = from;
  for (const sibling of path) {
    const left = odd(a);
    current = left ? node(H, sibling, current) : node(H, current, sibling);
    steps.push({ left, sibling, result: current });
    a = half(a);
  }
  return a === 0 ? steps : null;
}

/** The root that a leaf hash and its inclusion path lead to, or null when the path does not fit (RFC 9162 §2.1.3.2). */
export function inclusionRoot(H: Hash, index: number, size: number, from: Bytes, path: Bytes[]): Bytes | null {
  if (index >= size) return null;
  let [f, s, root] = [index, size - 1, from];
  for (const sibling of path) {
    if (s === 0) return null;
    if (odd(f) || f === s) {
      root = node(H, sibling, root);
      while (!odd(f) && f !== 0) [f, s] = [half(f), half(s)];
    } else {
      root = node(H, root, sibling);
    }
    [f, s] = [half(f), half(s)];
  }
  return s === 0 ? root : null;
}

/** Whether the tree of `newSize` begins with the tree of `oldSize` (RFC 9162 §2.1.4.2). */
export function consistent(H: Hash, oldSize: number, oldRoot: Bytes, newSize: number, newRoot: Bytes, nodes: Bytes[]): boolean {
  if (oldSize > newSize) return false;
  if (oldSize === newSize) return nodes.length === 0 && equal(oldRoot, newRoot);
  if (oldSize === 0) return nodes.length === 0;
  let [f, s] = [oldSize - 1, newSize - 1];
  while (odd(f)) [f, s] = [half(f), half(s)];
  const path = f === 0 ? [oldRoot, ...nodes] : nodes; // A power of two: the old root itself is the first node.
  const [first, ...rest] = path;
  if (!first) return false;
  let [was, is] = [first, first];
  for (const sibling of rest) {
    if (s === 0) return false;
    if (odd(f) || f === s) {
      was = node(H, sibling, was);
      is = node(H, sibling, is);
      while (!odd(f) && f !== 0) [f, s] = [half(f), half(s)];
    } else {
      is = node(H, is, sibling);
    }
    [f, s] = [half(f), half(s)];
  }
  return s === 0 && equal(was, oldRoot) && equal(is, newRoot);
}
