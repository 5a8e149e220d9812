// <interval-check>: an interval's page checks its place in the log, and the reference that led here.
import { query, takesFiles } from "./ui/dom.ts";
import { Unanswered, consistency, headOf, inclusion } from "./ui/log.ts";
import { candidates } from "./ui/original.ts";
import { card, line, run } from "./ui/report.ts";
import { Malformed, fromHex } from "./verify/bytes.ts";
import { type Check, type Verdict, checkPlace, checkTimestamp } from "./verify/checks.ts";
import { type Reference, readReference } from "./verify/v1.ts";
import { W, moment } from "./words.ts";

class IntervalCheck extends HTMLElement {
  connectedCallback(): void {
    query<HTMLElement>(this, ".with-script").hidden = false;
    query(this, "button.check").addEventListener("click", () => void this.check());
    addEventListener("hashchange", () => void this.check());
    const drop = query<HTMLElement>(this, ".drop");
    takesFiles(drop, query(drop, "input"), ([file]) => file && void this.check(file));
    void this.check();
  }

  private reference(): Reference | null {
    const { index = "", authority = "" } = this.dataset;
    return location.hash.startsWith("#v1") ? readReference(`${authority}/${index}${location.hash}`) : null;
  }

  private async check(original: Blob | null = null): Promise<void> {
    const list = query<HTMLElement>(this, ".steps");
    const place = query<HTMLElement>(this, ".outcome");
    place.replaceChildren();
    try {
      const verdict = await run(this.checks(original), list);
      if (location.hash.startsWith("#v1") || verdict.outcome === "refused") place.replaceChildren(card(verdict));
    } catch (error) {
      const failed: Check =
        error instanceof Malformed
          ? { state: "bad", what: W.unreadable, why: `${error.message}.` }
          : error instanceof Unanswered
            ? { state: "note", what: W.fetchFailed, why: W.fetchFailedWhy }
            : { state: "bad", what: W.unreadable };
      list.replaceChildren(line(failed));
    }
  }

  private async *checks(original: Blob | null): AsyncGenerator<Check, Verdict> {
    const { index = "", timestamp = "", ith = "", mth = "", worker = "" } = this.dataset;
    const interval = { index: Number(index), timestamp, ith: fromHex(ith) };
    const reference = this.reference();
    const drop = query<HTMLElement>(this, ".drop");
    drop.hidden = reference?.kind !== "timestamp";
    const current = await headOf("current");
    const size = current.interval.index + 1;
    const verdict = yield* checkPlace({
      interval,
      mth: fromHex(mth),
      current: { size, mth: current.mth },
      inclusion: await inclusion(interval.index, size),
      consistency: await consistency(interval.index + 1, size),
      named: reference?.kind === "head" ? reference.mth : null,
    });
    if (reference?.kind !== "timestamp" || verdict.outcome === "refused") return verdict;
    if (!original) {
      yield { state: "note", what: W.referenceAsk };
      return { ...verdict, outcome: "partial", title: W.partial, reasons: [W.partialWhy] };
    }
    const given = await candidates(original, worker);
    const found = yield* checkTimestamp(reference.timestamp, reference.a, reference.path, interval, null, given);
    if (typeof found === "object") return found;
    return { outcome: "sealed", title: W.sealed(moment(reference.timestamp)), reasons: [W.sealedWhy(interval.index)], interval: interval.index };
  }
}

customElements.define("interval-check", IntervalCheck);
