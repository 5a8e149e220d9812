// <path-check>: a timestamp's page checks itself, step by step; <seal-wait>: it turns when the seal comes.
import { el, query, takesFiles } from "./ui/dom.ts";
import { proofFile } from "./ui/log.ts";
import { candidates } from "./ui/original.ts";
import { card, line, run } from "./ui/report.ts";
import { fromHex } from "./verify/bytes.ts";
import { type Candidate, checkPath, checkProof } from "./verify/checks.ts";
import { W } from "./words.ts";

class PathCheck extends HTMLElement {
  connectedCallback(): void {
    query<HTMLElement>(this, ".with-script").hidden = false;
    query(this, "button.check").addEventListener("click", () => void this.path());
    const drop = query<HTMLElement>(this, ".drop");
    drop.hidden = false;
    takesFiles(drop, query(drop, "input"), ([file]) => file && void this.original(file));
    const form = query<HTMLFormElement>(this, "form");
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.original(new Blob([query<HTMLTextAreaElement>(form, "textarea").value]));
    });
    void this.path();
  }

  private get list(): HTMLElement {
    return query(this, ".steps");
  }

  /** Checks what the page itself shows: the path in the table. */
  private async path(): Promise<void> {
    const { hash = "", a = "", ith = "" } = this.dataset;
    const nodes = [...document.querySelectorAll<HTMLElement>("[data-sibling]")].map((row) => fromHex(row.dataset.sibling ?? ""));
    await run(checkPath(fromHex(hash), Number(a), nodes, fromHex(ith)), this.list, document.querySelector(".drawing.path"));
  }

  /** Checks everything, from the original to the signature. */
  private async original(blob: Blob): Promise<void> {
    const place = query<HTMLElement>(this, ".outcome");
    place.replaceChildren(el("p", { class: "hint" }, W.hashing));
    try {
      const given: Candidate[] = await candidates(blob, this.dataset.worker ?? "");
      const file = await proofFile(this.dataset.id ?? "");
      const verdict = await run(checkProof(file, given, this.dataset.key ?? null), this.list, document.querySelector(".drawing.path"));
      place.replaceChildren(card(verdict));
    } catch {
      place.replaceChildren();
      this.list.replaceChildren(line({ state: "bad", what: W.fetchFailed, why: W.fetchFailedWhy }));
    }
  }
}

class SealWait extends HTMLElement {
  async connectedCallback(): Promise<void> {
    for (let i = 0; i < 60; i++) {
      const found = await fetch(`/api/v1/ts/${this.dataset.id}?wait`, { headers: { accept: "application/json" } })
        .then((response) => response.json() as Promise<{ proof: unknown }>)
        .catch(() => null);
      if (found?.proof) return location.reload();
      await new Promise((done) => setTimeout(done, found ? 250 : 3000));
    }
  }
}

customElements.define("path-check", PathCheck);
customElements.define("seal-wait", SealWait);
