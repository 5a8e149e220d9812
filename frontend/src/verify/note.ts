// Signed notes and checkpoints of C2SP: https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint.
import { type Bytes, Malformed, concat, equal, fromBase64, fromHex, utf8 } from "./bytes.ts";
import { SHA256 } from "./merkle.ts";

const ED25519 = 1;

export interface Signature {
  name: string;
  id: Bytes;
  signature: Bytes;
}

export interface Checkpoint {
  /** What is signed, with its last newline. */
  body: string;
  origin: string;
  size: number;
  root: Bytes;
  signatures: Signature[];
}

/** Reads a signed checkpoint; nothing is verified yet. */
export function readCheckpoint(note: string): Checkpoint {
  const cut = note.lastIndexOf("\n\n");
  if (cut < 0) throw new Malformed("the checkpoint has no empty line before its signatures");
  const body = note.slice(0, cut + 1);
  const tail = note.slice(cut + 2);
  if (!tail.endsWith("\n")) throw new Malformed("the checkpoint does not end with a newline");
  const signatures = tail.slice(0, -1).split("\n").map((line) => {
    const match = /^— ([^\s+]+) ([A-Za-z0-9+/=]+)$/u.exec(line);
    if (!match) throw new Malformed("a signature line of the checkpoint is malformed");
    const bytes = fromBase64(match[2] ?? "");
    if (bytes.length < 5) throw new Malformed("a signature of the checkpoint is too short");
    return { name: match[1] ?? "", id: bytes.slice(0, 4), signature: bytes.slice(4) };
  });
  const [origin = "", size = "", root = ""] = body.split("\n");
  if (origin === "") throw new Malformed("the checkpoint names no origin");
  if (!/^(0|[1-9]\d*)$/.test(size) || !Number.isSafeInteger(Number(size))) throw new Malformed("the checkpoint's size is not a number up to 2^53");
  const hash = fromBase64(root);
  if (hash.length !== 32) throw new Malformed("the checkpoint's root is not 32 bytes long");
  return { body, origin, size: Number(size), root: hash, signatures };
}

export interface Key {
  name: string;
  id: Bytes;
  key: Bytes;
}

/** Reads a vkey, `name+hash+base64`; only Ed25519 log keys (type 1) are known here. */
export function readKey(vkey: string): Key {
  const match = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)$/.exec(vkey.trim());
  if (!match) throw new Malformed("not a key of the form name+hash+base64");
  const [, name = "", digits = "", rest = ""] = match;
  const bytes = fromBase64(rest);
  if (bytes[0] !== ED25519 || bytes.length !== 33) throw new Malformed("the key is not an Ed25519 log key");
  const id = fromHex(digits);
  const own = SHA256(concat(utf8(`${name}\n`), bytes)).slice(0, 4);
  if (!equal(id, own)) throw new Malformed("the key does not match its own hash: it was damaged in copying");
  return { name, id, key: bytes.slice(1) };
}

/** Whether `key` signed the checkpoint: `absent` when no signature claims to be by it. */
export async function signedBy(checkpoint: Checkpoint, key: Key): Promise<"good" | "bad" | "absent"> {
  const mine = checkpoint.signatures.filter(({ name, id }) => name === key.name && equal(id, key.id));
  if (mine.length === 0) return "absent";
  const message = utf8(checkpoint.body);
  for (const { signature } of mine) {
    if (!(await ed25519(key.key, message, signature as Bytes))) return "bad";
  }
  return "good";
}

async function ed25519(key: Bytes, message: Bytes, signature: Bytes): Promise<boolean> {
  if (signature.length !== 64) return false;
  try {
    const imported = await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", imported, signature, message);
  } catch {
    // An older browser, or a page served without TLS: the same arithmetic in script.
    const { ed25519: curve } = await import("@noble/curves/ed25519.js");
    return curve.verify(signature, message, key, { zip215: false });
  }
}
