// <paste-box>: the server reads what is pasted while one types, and draws what it found. What was
// ticked by hand stays ticked. Sources that the label forbids, or that know none of the chosen kinds,
// cannot be chosen.
import { W, size } from "../words.ts";
import { query } from "./dom.ts";

const PAUSE_MS = 180;
const BYTES_MAX = 10_000_000;

class PasteBox extends HTMLElement {
  private readonly byHand = new Map<string, boolean>();
  private timer = 0;
  private asked: AbortController | null = null;
  private file: File | null = null;

  connectedCallback(): void {
    this.classList.add("on");
    const text = query<HTMLTextAreaElement>(this, "textarea");
    const paste = query<HTMLFormElement>(this, "#paste");
    const choose = query<HTMLFormElement>(this, "#choose");
    const input = query<HTMLInputElement>(paste, "input[type=file]");
    input.hidden = false;
    query<HTMLElement>(this, ".browser-says").hidden = false;
    query(this, ".pick").addEventListener("click", () => input.click());
    input.addEventListener("change", () => void this.takeFile(input.files?.[0], text));
    for (const kind of ["dragenter", "dragover"]) {
      paste.addEventListener(kind, (event) => {
        event.preventDefault();
        paste.classList.add("over");
      });
    }
    paste.addEventListener("dragleave", () => paste.classList.remove("over"));
    paste.addEventListener("drop", (event) => {
      event.preventDefault();
      paste.classList.remove("over");
      void this.takeFile(event.dataTransfer?.files[0], text);
    });
    text.addEventListener("input", () => {
      this.file = null;
      clearTimeout(this.timer);
      this.timer = window.setTimeout(() => void this.read(new Blob([text.value])), PAUSE_MS);
    });
    text.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault();
      void this.read(new Blob([text.value])).then(() => {
        if (this.picks().some((pick) => pick.checked)) choose.requestSubmit(choose.querySelector<HTMLButtonElement>("[data-ask]"));
      });
    });
    paste.addEventListener("submit", (event) => {
      // "All of them in bulk" posts the text itself.
      if ((event.submitter as HTMLButtonElement | null)?.hasAttribute("formaction")) return;
      event.preventDefault();
      void this.read(this.file ?? new Blob([text.value]));
    });
    this.addEventListener("change", (event) => {
      const target = event.target as HTMLInputElement;
      if (target.name === "pick") this.byHand.set(target.value, target.checked);
      this.tell();
    });
    this.addEventListener("click", (event) => {
      const button = (event.target as Element).closest<HTMLButtonElement>("[data-choose]");
      if (button) this.choose(button.dataset.choose ?? "");
    });
    choose.addEventListener("submit", (event) => {
      if (this.picks().some((pick) => pick.checked)) return;
      event.preventDefault();
      query<HTMLElement>(choose, "[data-status]").textContent = W.deskNothingChosen;
    });
    if (location.hash === "#paste-text") text.focus();
    this.found();
    // What the browser kept of an earlier visit.
    if (text.value && !this.picks().length) void this.read(new Blob([text.value]));
  }

  private picks = (): HTMLInputElement[] => [...this.querySelectorAll<HTMLInputElement>("input[name=pick]")];

  private async takeFile(file: File | undefined, text: HTMLTextAreaElement): Promise<void> {
    if (!file) return;
    if (file.size > BYTES_MAX) return this.say(W.deskTooLong(size(BYTES_MAX)));
    text.value = "";
    text.placeholder = W.deskFile(file.name, size(file.size));
    this.file = file;
    await this.read(file);
  }

  private async read(body: Blob): Promise<void> {
    clearTimeout(this.timer);
    this.asked?.abort();
    if (body.size > BYTES_MAX) return this.say(W.deskTooLong(size(BYTES_MAX)));
    const asked = new AbortController();
    this.asked = asked;
    try {
      const headers = { "content-type": "application/octet-stream", accept: "text/html", "x-form": this.dataset.form ?? "" };
      const response = await fetch(this.dataset.found ?? "", { method: "POST", headers, body, signal: asked.signal });
      if (!response.ok) return this.say(W.deskUnread);
      query<HTMLElement>(this, "#hits").innerHTML = await response.text(); // Our own server's markup.
      this.say("");
      query<HTMLElement>(this, "[data-found]").textContent = this.querySelector(".hitshead .count, .empty strong")?.textContent ?? "";
      this.found();
    } catch {
      if (!asked.signal.aborted) this.say(W.unreachable);
    }
  }

  private say(words: string): void {
    const status = this.querySelector<HTMLElement>("[data-status]");
    if (status) status.textContent = words;
  }

  /** After a new list was drawn. */
  private found(): void {
    for (const pick of this.picks()) pick.checked = this.byHand.get(pick.value) ?? pick.checked;
    for (const choosers of this.querySelectorAll<HTMLElement>(".choosers")) choosers.hidden = false;
    this.tell();
  }

  private choose(what: string): void {
    for (const pick of this.picks()) {
      pick.checked = what === "all" || (what === "unlisted" && !pick.closest(".listed"));
      this.byHand.set(pick.value, pick.checked);
    }
    this.tell();
  }

  /** What the button would do, and who cannot be asked. */
  private tell(): void {
    const chosen = this.picks().filter((pick) => pick.checked);
    const kinds = new Set(chosen.map((pick) => pick.value.split(" ", 1)[0] ?? ""));
    const rank = Number(this.querySelector<HTMLInputElement>("input[name=tlp]:checked")?.dataset.rank ?? 0);
    let asked = 0;
    for (const watcher of this.querySelectorAll<HTMLElement>(".watcher")) {
      const knows = (watcher.dataset.kinds ?? "").split(" ");
      const tooFar = rank > Number(watcher.dataset.max);
      const unfit = chosen.length > 0 && !knows.some((kind) => kinds.has(kind));
      const box = query<HTMLInputElement>(watcher, "input");
      box.disabled = tooFar;
      watcher.classList.toggle("unfit", tooFar || unfit);
      if (box.checked && !tooFar && !unfit) asked++;
    }
    const button = this.querySelector<HTMLButtonElement>("[data-ask]");
    if (button) button.textContent = W.deskAsk(chosen.length, asked);
  }
}

customElements.define("paste-box", PasteBox);
