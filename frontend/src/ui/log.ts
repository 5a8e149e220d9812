// What the islands ask of the log's public API, read strictly.
import { type Bytes, Malformed, fromBase64 } from "../verify/bytes.ts";
import type { Interval } from "../verify/v1.ts";

export class Unanswered extends Error {}

async function json<T>(url: string): Promise<T> {
  let response: Response;
  try {
    response = await fetch(url, { headers: { accept: "application/json" } });
  } catch {
    throw new Unanswered(url);
  }
  if (!response.ok) throw new Unanswered(`${url}: ${response.status}`);
  return (await response.json()) as T;
}

interface HeadView {
  mth: string;
  interval: { index: number; timestamp: string; ith: string };
}

export interface Head {
  /** Of the tree that ends with this interval. */
  mth: Bytes;
  interval: Interval;
}

/** The head carries its hash either bare or behind `authority/i#v1:`. */
function head({ mth, interval }: HeadView): Head {
  const bare = /#v1:([A-Za-z0-9_-]{43})$/.exec(mth)?.[1];
  const standard = bare ? `${bare.replaceAll("-", "+").replaceAll("_", "/")}=` : mth;
  return { mth: hash(standard), interval: { index: interval.index, timestamp: interval.timestamp, ith: hash(interval.ith) } };
}

function hash(spelling: string): Bytes {
  const bytes = fromBase64(spelling);
  if (bytes.length !== 32) throw new Malformed("the log answered with a hash that is not 32 bytes long");
  return bytes;
}

export const headOf = async (index: number | "current"): Promise<Head> => head(await json<HeadView>(`/api/v1/mth/${index}`));

export async function inclusion(index: number, size: number): Promise<{ a: number; nodes: Bytes[] }> {
  const { a, nodes } = await json<{ a: number; nodes: string[] }>(`/api/v1/mth/${index}/in/${size}`);
  return { a, nodes: nodes.map(hash) };
}

export async function consistency(oldSize: number, newSize: number): Promise<Bytes[]> {
  if (oldSize === newSize) return [];
  const { nodes } = await json<{ nodes: string[] }>(`/api/v1/mth/${newSize}/from/${oldSize}`);
  return nodes.map(hash);
}

/** The proof file of a timestamp. */
export async function proofFile(id: string): Promise<string> {
  const response = await fetch(`/api/v1/ts/${id}/proof`).catch(() => null);
  if (!response?.ok) throw new Unanswered(id);
  return response.text();
}
