// <stamp-box>: a file or a text becomes a fingerprint here, is stamped, and its seal is shown.
import { el, query, seal, takesFiles } from "./ui/dom.ts";
import { proofFile } from "./ui/log.ts";
import { digest } from "./ui/original.ts";
import { W, moment, size } from "./words.ts";

interface Timestamp {
  id: string;
  timestamp: string;
  interval: number | null;
  proof: unknown;
}

class Refused extends Error {}

const WAITS_MAX = 20;

class StampBox extends HTMLElement {
  connectedCallback(): void {
    const form = query<HTMLFormElement>(this, "form");
    const drop = query<HTMLElement>(this, ".drop");
    for (const part of this.querySelectorAll<HTMLElement>(".drop, .or, .browser-says")) part.hidden = false;
    query<HTMLElement>(this, ".server-says").hidden = true;
    takesFiles(drop, query(drop, "input"), (files) => void this.files(files));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.written(form);
    });
  }

  private async files(files: File[]): Promise<void> {
    for (const file of files) await this.original(file, file.name);
  }

  private async written(form: HTMLFormElement): Promise<void> {
    const text = query<HTMLTextAreaElement>(form, "textarea").value;
    const fingerprint = query<HTMLInputElement>(form, "[name=digest]").value.trim();
    const status = query<HTMLElement>(form, ".status");
    status.textContent = "";
    const button = query<HTMLButtonElement>(form, "[type=submit]");
    button.disabled = true;
    try {
      if (fingerprint) await this.send(this.place(), W.digestName, fingerprint);
      else if (text) await this.original(new Blob([text]), W.textName);
      else status.textContent = W.nothing;
    } finally {
      button.disabled = false;
    }
  }

  /** A place for the next receipt, newest on top. */
  private place(): HTMLElement {
    const place = el("div");
    query(this, ".receipts").prepend(place);
    return place;
  }

  private async original(blob: Blob, name: string): Promise<void> {
    const place = this.place();
    const stop = new AbortController();
    const bar = el("progress", { max: String(Math.max(blob.size, 1)), value: "0", "aria-label": W.reading(name) });
    const told = el("span", { class: "hint" });
    const cancel = el("button", { class: "copy", type: "button" }, W.cancel);
    cancel.addEventListener("click", () => stop.abort());
    place.replaceChildren(el("div", { class: "work" }, el("span", { class: "name" }, W.reading(name)), bar, el("span", {}, told, " ", cancel)));
    try {
      const progress = (read: number) => {
        bar.value = read;
        told.textContent = W.read(size(read), size(blob.size));
      };
      const { sha512 } = await digest(blob, this.dataset.worker ?? "", { progress, signal: stop.signal });
      await this.send(place, name, `sha512:${sha512}`);
    } catch (error) {
      this.say(place, "refused", W.failed, error instanceof Error ? error.message : String(error));
    }
  }

  private async send(place: HTMLElement, name: string, data: string): Promise<void> {
    this.say(place, "waiting", W.sending, name);
    try {
      const first = await ask("/api/v1/ts/", { method: "POST", headers: { "content-type": "application/json", accept: "application/json" }, body: JSON.stringify({ data }) });
      this.say(place, "waiting", W.waiting, W.acceptedAt(moment(first.timestamp)));
      const sealed = await this.sealed(first);
      const page = `/ts/${first.id}`;
      if (sealed.interval === null) return this.say(place, "waiting", W.waiting, W.late, el("a", { class: "button quiet", href: page }, W.showIt));
      const file = name === W.textName || name === W.digestName ? `interval-${sealed.interval}` : name;
      const [proof, seal] = await Promise.all([keepable(first.id), numbered(page)]);
      this.say(
        place,
        "sealed",
        W.sealedIn(sealed.interval),
        `${name}, ${W.acceptedAt(moment(first.timestamp))}`,
        el("a", { class: "button", href: proof, download: `${file}.tlog-proof` }, W.keep),
        el("a", { class: "button quiet", href: page }, W.showIt),
      );
      if (seal) place.querySelector(".seal")?.replaceWith(seal);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.say(place, "refused", W.failed, error.message);
    }
  }

  private async sealed(first: Timestamp): Promise<Timestamp> {
    let now = first;
    for (let i = 0; i < WAITS_MAX && !now.proof; i++) now = await ask(`/api/v1/ts/${first.id}?wait`, { headers: { accept: "application/json" } });
    return now;
  }

  private say(place: HTMLElement, state: "waiting" | "sealed" | "refused", title: string, detail: string, ...actions: Node[]): void {
    place.replaceChildren(
      el("article", { class: `receipt ${state}` }, seal(state), el("h2", {}, title), el("p", { class: "hint" }, detail), actions.length ? el("div", { class: "actions" }, ...actions) : null),
    );
  }
}

async function ask(url: string, request: RequestInit): Promise<Timestamp> {
  let response: Response;
  try {
    response = await fetch(url, request);
  } catch {
    throw new Refused(W.unreachable);
  }
  const body = (await response.json().catch(() => null)) as (Timestamp & { title?: string; detail?: string }) | null;
  if (!response.ok || !body) throw new Refused(body?.detail ?? body?.title ?? W.unreachable);
  return body;
}

/** The proof is fetched at once, so that it can be saved under the original's name, whatever happens to the server. */
async function keepable(id: string): Promise<string> {
  return proofFile(id).then(
    (text) => URL.createObjectURL(new Blob([text], { type: "text/plain" })),
    () => `/api/v1/ts/${id}/proof`,
  );
}

/** The seal with its number is drawn by the server: it is taken from the timestamp's page. */
async function numbered(page: string): Promise<Element | null> {
  const html = await fetch(page, { headers: { accept: "text/html" } }).then((r) => (r.ok ? r.text() : ""), () => "");
  const drawn = new DOMParser().parseFromString(html, "text/html").querySelector(".head .seal");
  drawn?.classList.add("pressed");
  return drawn;
}

customElements.define("stamp-box", StampBox);
