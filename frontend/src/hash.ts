// A worker that hashes one blob, piece by piece, away from the page's own thread.
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { hex } from "./verify/bytes.ts";

const PIECE_BYTES = 4 * 1024 * 1024;

export interface Digests {
  sha512: string;
  sha256: string;
}
export type Answer = { read: number } | { digests: Digests } | { failed: true };

self.onmessage = async ({ data }: MessageEvent<{ blob: Blob; alsoSha256: boolean }>) => {
  const answer = (message: Answer) => self.postMessage(message);
  const long = sha512.create();
  const short = sha256.create();
  try {
    for (let at = 0; at < data.blob.size; at += PIECE_BYTES) {
      const piece = new Uint8Array(await data.blob.slice(at, at + PIECE_BYTES).arrayBuffer());
      long.update(piece);
      if (data.alsoSha256) short.update(piece);
      answer({ read: at + piece.length });
    }
  } catch {
    return answer({ failed: true }); // The file was moved or changed while it was read.
  }
  answer({ digests: { sha512: hex(long.digest() as Uint8Array<ArrayBuffer>), sha256: hex(short.digest() as Uint8Array<ArrayBuffer>) } });
};
