// <proof-check>: file and proof are dropped, every step is shown, nothing leaves the browser.
import { el, query, takesFiles } from "./ui/dom.ts";
import { Unanswered, headOf } from "./ui/log.ts";
import { candidates } from "./ui/original.ts";
import { card, line, run } from "./ui/report.ts";
import { Malformed, equal } from "./verify/bytes.ts";
import { type Candidate, type Check, type Verdict, checkProof, checkTimestamp } from "./verify/checks.ts";
import { PROOF_BYTES_MAX } from "./verify/proof.ts";
import { readReference } from "./verify/v1.ts";
import { W, moment, size } from "./words.ts";

class ProofCheck extends HTMLElement {
  private original: Blob | null = null;
  private turn = 0;

  connectedCallback(): void {
    query<HTMLElement>(this, ".with-script").hidden = false;
    const original = query<HTMLElement>(this, ".drop.original");
    const proof = query<HTMLElement>(this, ".drop.proof");
    takesFiles(original, query(original, "input"), (files) => void this.sort(files, "original"));
    takesFiles(proof, query(proof, "input"), (files) => void this.sort(files, "proof"));
    const text = query<HTMLTextAreaElement>(this, "[name=text]");
    text.addEventListener("input", () => {
      this.original = text.value ? new Blob([text.value]) : null;
      this.show("original", text.value ? W.chosen(W.textName, size(new Blob([text.value]).size)) : "");
    });
    const form = query<HTMLFormElement>(this, "form");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.check();
    });
    for (const field of ["[name=proof]", "[name=key]"]) query(this, field).addEventListener("change", () => void this.check());
  }

  /** Both files may be dropped at once, on either place: a proof says what it is in its first line. */
  private async sort(files: File[], meant: "original" | "proof"): Promise<void> {
    for (const file of files) {
      const start = await file.slice(0, 22).text();
      if (start === "c2sp.org/tlog-proof@v1" || (meant === "proof" && files.length === 1)) {
        if (file.size > PROOF_BYTES_MAX) {
          this.show("proof", W.chosen(file.name, size(file.size)));
          query<HTMLTextAreaElement>(this, "[name=proof]").value = start;
        } else {
          query<HTMLTextAreaElement>(this, "[name=proof]").value = await file.text();
          this.show("proof", W.chosen(file.name, size(file.size)));
        }
      } else {
        this.original = file;
        query<HTMLTextAreaElement>(this, "[name=text]").value = "";
        this.show("original", W.chosen(file.name, size(file.size)));
      }
    }
    if (query<HTMLTextAreaElement>(this, "[name=proof]").value) await this.check();
  }

  private show(which: "original" | "proof", words: string): void {
    query<HTMLElement>(this, `.chosen.${which}`).textContent = words;
  }

  private async check(): Promise<void> {
    const turn = ++this.turn;
    const list = query<HTMLElement>(this, ".steps");
    const place = query<HTMLElement>(this, ".outcome");
    const given = query<HTMLTextAreaElement>(this, "[name=proof]").value;
    const key = query<HTMLInputElement>(this, "[name=key]").value.trim() || null;
    query<HTMLElement>(this, ".result").hidden = false;
    if (!given.trim()) {
      place.replaceChildren();
      list.replaceChildren(line({ state: "note", what: W.proofFirst }));
      return;
    }
    place.replaceChildren(el("p", { class: "hint" }, W.hashing));
    try {
      const originals = this.original ? await candidates(this.original, this.dataset.worker ?? "") : [];
      if (turn !== this.turn) return; // A newer question is under way.
      const file = given.startsWith("c2sp.org/");
      const verdict = await run(file ? checkProof(given, originals, key) : this.reference(given, originals), list);
      if (turn !== this.turn) return;
      const shown = card(verdict);
      place.replaceChildren(shown);
      shown.scrollIntoView({ block: "nearest" });
    } catch (error) {
      place.replaceChildren();
      const why = error instanceof Unanswered ? W.fetchFailedWhy : error instanceof Error ? error.message : String(error);
      list.replaceChildren(line({ state: "bad", what: error instanceof Unanswered ? W.fetchFailed : W.unreadable, why }));
    }
  }

  /** A compact reference says less than a proof: the interval's record is asked of the log, by number. */
  private async *reference(spelling: string, originals: Candidate[]): AsyncGenerator<Check, Verdict> {
    const no = (reason: string): Verdict => ({ outcome: "refused", title: W.refused, reasons: [reason], interval: null });
    let reference;
    try {
      reference = readReference(spelling);
    } catch (error) {
      if (!(error instanceof Malformed)) throw error;
      const why = `${error.message}.`;
      yield { state: "bad", what: W.unreadable, why };
      return no(why);
    }
    if (reference.authority !== this.dataset.authority) {
      const why = W.elsewhere(reference.authority, reference.index);
      yield { state: "note", what: why };
      return no(why);
    }
    const { interval, mth } = await headOf(reference.index);
    yield { state: "ok", what: W.record(interval.index, moment(interval.timestamp)) };
    if (reference.kind === "head") {
      if (!equal(reference.mth, mth)) {
        yield { state: "bad", what: W.referenceBad, why: W.referenceBadWhy };
        return no(W.referenceBad);
      }
      yield { state: "ok", what: W.reference };
      return { outcome: "sealed", title: W.intervalHolds(interval.index), reasons: [], interval: interval.index };
    }
    const found = yield* checkTimestamp(reference.timestamp, reference.a, reference.path, interval, null, originals);
    if (typeof found === "object") return found;
    return found === "whole"
      ? { outcome: "sealed", title: W.sealed(moment(reference.timestamp)), reasons: [W.sealedWhy(interval.index)], interval: interval.index }
      : { outcome: "partial", title: W.partial, reasons: [W.partialWhy], interval: interval.index };
  }
}

customElements.define("proof-check", ProofCheck);
