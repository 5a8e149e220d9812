// The original: hashed by the worker, and the ways in which it may have been stamped.
import type { Answer, Digests } from "../hash.ts";
import type { Candidate } from "../verify/checks.ts";
import { type Bytes, text } from "../verify/bytes.ts";
import { W } from "../words.ts";

export interface Reading {
  progress?: (read: number) => void;
  signal?: AbortSignal;
  alsoSha256?: boolean;
}

/** Hashes a blob in the worker; rejects when it cannot be read or `signal` says stop. */
export function digest(blob: Blob, worker: string, { progress, signal, alsoSha256 = false }: Reading = {}): Promise<Digests> {
  return new Promise((resolve, reject) => {
    const hand = new Worker(worker, { type: "module" });
    const stop = (reason: unknown) => {
      hand.terminate();
      reject(reason instanceof Error ? reason : new Error(W.unreadableFile));
    };
    signal?.addEventListener("abort", () => stop(new DOMException(W.cancelled, "AbortError")), { once: true });
    hand.onerror = stop;
    hand.onmessage = ({ data }: MessageEvent<Answer>) => {
      if ("read" in data) progress?.(data.read);
      else if ("failed" in data) stop(null);
      else {
        hand.terminate();
        resolve(data.digests);
      }
    };
    hand.postMessage({ blob, alsoSha256 });
  });
}

const DATA_BYTES_MAX = 256;

/** Everything that an original may have been stamped as. */
export async function candidates(blob: Blob, worker: string, reading: Reading = {}): Promise<Candidate[]> {
  const { sha512, sha256 } = await digest(blob, worker, { ...reading, alsoSha256: true });
  const found: Candidate[] = [
    { how: W.asDigest("SHA-512"), data: `sha512:${sha512}` },
    { how: W.asDigest("SHA-256"), data: `sha256:${sha256}` },
  ];
  if (blob.size <= DATA_BYTES_MAX) {
    const bytes = new Uint8Array(await blob.arrayBuffer()) as Bytes;
    const spelling = text(bytes);
    if (spelling !== null) found.push({ how: W.asText, data: spelling });
    found.push({ how: W.asBytes, data: bytes });
  }
  return found;
}
