// Everything the islands say, in one place, so that another language can follow.
// A page's own prose is in its template.

export const short = (hex: string): string => `${hex.slice(0, 12)}…`;
export const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, "\u202f");
/** `21 November 2026, 11:05:58 UTC` */
export function moment(timestamp: string): string {
  const date = new Date(timestamp);
  const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" }).format(date);
  return `${day}, ${timestamp.slice(11, 19)} UTC`;
}

const counted = (n: number): string => `${grouped(n)} ${n === 1 ? "interval" : "intervals"}`;

export const W = {
  intervals: counted,

  // Checks, step by step.
  original: "The original gives the fingerprint that was stamped",
  originalAs: (how: string) => `Found as ${how}.`,
  originalOther: "The original is not what was stamped",
  originalOtherWhy: "Its fingerprint leads to another hash. Either the file changed, if only by one byte, or this proof belongs to another file.",
  dataOther: "The proof contradicts itself",
  dataOtherWhy: "It names another fingerprint than the one its own path starts from: it was changed.",
  originalMissing: "The original was not given",
  originalMissingWhy: "Without it the proof shows that something was stamped, but not that it was yours.",
  originalData: "The fingerprint in the proof was stamped at that time",
  asDigest: (name: string) => `its ${name}`,
  asText: "the text itself",
  asBytes: "the raw bytes, through the compact form",
  leaf: "The timestamp’s hash starts the path",
  leafWhy: "SHA3-256 over the fingerprint and the time, then over a zero byte before it: leaves can never pass for nodes.",
  step: (n: number, of: number, left: boolean) => `Step ${n} of ${of}: joined with its neighbour on the ${left ? "left" : "right"}`,
  path: (n: number) => (n === 0 ? "It is alone in its interval, so it is the interval’s root" : `${n} ${n === 1 ? "join leads" : "joins lead"} from the timestamp to the interval’s root`),
  pathBad: "The path does not lead to the interval’s root",
  pathBadWhy: "A hash on the way, the time, or the fingerprint was changed.",
  record: (index: number, time: string) => `Interval ${grouped(index)}, sealed ${time}, holds that root`,
  recordBad: "The interval’s record is about another interval",
  inclusion: (index: number, size: number) => `Interval ${grouped(index)} is in the log of ${counted(size)}`,
  inclusionBad: "The interval is not in the log that the checkpoint names",
  inclusionBadWhy: "The path through the main tree leads to another root.",
  signature: (origin: string) => `${origin} signed this checkpoint`,
  signatureBad: "The checkpoint’s signature is false",
  signatureBadWhy: "The checkpoint or its signature was changed, or another key made it.",
  signatureAbsent: "The checkpoint is not signed by this key",
  signatureAbsentWhy: (key: string) => `No signature on it is by ${key}.`,
  keyContradictsWhy: "It names a key that did not sign its checkpoint: it was changed.",
  keyTrusted: "The key is the one you trust",
  keyOther: "The proof names another key than the one you trust",
  keyOtherWhy: "Checked against your key, not the proof’s.",
  keyOwn: "The key was taken from the proof itself",
  keyOwnWhy: "That the signature is right is certain; whose key it is, only you can say. Compare it with the key you wrote down.",
  witnesses: (names: string) => `Cosigned by ${names}`,
  witnessesWhy: "Named, not checked: this page has no keys of theirs.",
  unreadable: "This cannot be read",

  // Verdicts.
  sealed: (time: string) => `It existed on ${time}`,
  sealedWhy: (index: number) => `These very bytes were sealed in interval ${grouped(index)}.`,
  partial: "The proof holds, but the original is missing",
  partialWhy: "Give the original too, to see whether it is what was stamped.",
  refused: "Refused",
  refusedWhy: "Do not rely on this.",
  intervalHolds: (index: number) => `Interval ${grouped(index)} is in the log, unchanged`,
  fetchFailed: "The log did not answer",
  fetchFailedWhy: "The check needs the log’s public proofs. Try again in a moment.",

  // The interval page.
  head: "The interval’s record hashes to its place in the tree",
  headWhy: "SHA3-256 over the record, then over a zero byte before it.",
  reference: "The reference names this very head",
  referenceBad: "The reference names another head",
  referenceBadWhy: "Somebody was shown another history than this one, or the reference was changed. Keep it, and ask the log’s keeper.",
  inCurrent: (size: number) => `It is in the log as it stands, ${counted(size)}`,
  inCurrentBad: "It is not in the log as it stands",
  grown: (from: number, to: number) => (from === to ? "It is the newest interval: the head has not grown since" : `The log only grew since: ${counted(from)} became ${grouped(to)}, none changed`),
  grownBad: "History was rewritten between this head and the current one",
  grownBadWhy: "The two heads cannot both be of one growing log. Keep this page and tell others.",
  referenceAsk: "The reference is to one timestamp. Give the original to see whether it is yours.",

  // Stamping.
  reading: (name: string) => `Reading ${name}`,
  read: (done: string, all: string) => `${done} of ${all} read`,
  cancel: "Cancel",
  cancelled: "Cancelled; nothing was sent.",
  nothing: "Drop a file, write a text, or give a fingerprint first.",
  sending: "Sending the fingerprint",
  waiting: "Accepted. Waiting for the seal",
  sealedIn: (n: number) => `Sealed in interval ${grouped(n)}`,
  acceptedAt: (time: string) => `on ${time}`,
  showIt: "Show it",
  keep: "Save the proof",
  late: "The seal takes longer than usual. The timestamp is safe; its page will show the seal.",
  failed: "This was not stamped",
  textName: "Your text",
  digestName: "Your fingerprint",
  unreadableFile: "The browser could not read this file. Was it moved or changed?",
  unreachable: "The log cannot be reached. Check the connection and try again.",

  // The ledger.
  live: "Live",
  asleep: "Connection lost; trying again",

  // Verifying.
  chosen: (name: string, size: string) => `${name}, ${size}`,
  hashing: "Reading the original",
  proofFirst: "Give a proof, or paste a reference.",
  elsewhere: (authority: string, index: number) => `This reference is of another log. Open it there: ${authority.startsWith("http://") ? authority : `https://${authority}`}/${index}`,
  copied: "Copied",

  // The desk.
  deskAsk: (indicators: number, sources: number) =>
    indicators === 0 ? "Look up" : `Look up ${indicators === 1 ? "this one" : `these ${grouped(indicators)}`} at ${sources} ${sources === 1 ? "source" : "sources"}`,
  deskNothingChosen: "Choose at least one indicator.",
  deskTooLong: (max: string) => `At most ${max} are read here. Larger files: indelible extract, or the API.`,
  deskFile: (name: string, bytes: string) => `${name}, ${bytes}`,
  deskUnread: "This could not be read. Reload the page and try again.",
  deskNoJson: (why: string) => `Not JSON yet: ${why}`,

  // Passkeys.
  passkeyAdd: "Add a passkey",
  passkeyConfirm: "Confirm with a passkey",
  passkeySignIn: "Sign in with a passkey",
  passkeyAsks: "Your browser asks you now.",
  passkeyCancelled: "Nothing was done: the browser’s question was closed.",
  passkeyFailed: "The passkey was not accepted. Try again, or choose another way.",
} as const;

export function size(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let unit = 0;
  while (bytes >= 1000 && unit < units.length - 1) {
    bytes /= 1000;
    unit++;
  }
  return `${unit === 0 ? bytes : bytes.toFixed(bytes < 10 ? 1 : 0)} ${units[unit]}`;
}
