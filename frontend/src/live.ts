// <live-ledger>: new intervals become lines as they are sealed. The server draws each line; the feed
// only says that there is one.
import { query } from "./ui/dom.ts";
import { W, grouped } from "./words.ts";

interface Head {
  interval: { index: number };
  mth: string;
}

class LiveLedger extends HTMLElement {
  private feed: EventSource | null = null;
  private newest = -1;
  private wanted = -1;
  private drawing = false;

  connectedCallback(): void {
    this.newest = Number(this.lines().at(-1)?.dataset.index ?? -1);
    document.addEventListener("visibilitychange", this.watch);
    this.watch();
  }

  disconnectedCallback(): void {
    document.removeEventListener("visibilitychange", this.watch);
    this.feed?.close();
  }

  /** Nobody reads a hidden page: it holds no connection. */
  private watch = (): void => {
    this.feed?.close();
    this.feed = null;
    if (document.hidden) return;
    this.feed = new EventSource("/api/v1/mth/live");
    this.feed.onopen = () => this.say(W.live);
    this.feed.onerror = () => this.say(W.asleep);
    this.feed.onmessage = ({ data }: MessageEvent<string>) => {
      const head = JSON.parse(data) as Head;
      this.wanted = Math.max(this.wanted, head.interval.index);
      void this.draw();
    };
  };

  private lines = (): HTMLTableRowElement[] => [...this.querySelectorAll<HTMLTableRowElement>("tr[data-index]")];

  private say(words: string): void {
    const pulse = query<HTMLElement>(this, ".pulse");
    if (pulse.textContent !== words) pulse.textContent = words;
    pulse.classList.toggle("on", words === W.live);
  }

  private async draw(): Promise<void> {
    if (this.drawing) return;
    this.drawing = true;
    try {
      const room = Math.max(Number(this.dataset.lines), 1);
      while (this.newest < this.wanted) {
        const next = Math.max(this.newest + 1, this.wanted - room + 1);
        const response = await fetch(`/interval/${next}/line`);
        if (!response.ok) return;
        this.add(next, await response.text(), room);
      }
    } catch {
      // The feed will speak again; then we catch up.
    } finally {
      this.drawing = false;
    }
  }

  private add(index: number, html: string, room: number): void {
    const holder = document.createElement("template");
    holder.innerHTML = html; // Our own server's markup, from our own origin.
    const row = holder.content.querySelector("tr");
    const pen = query<HTMLElement>(this, "tr.pen");
    if (!row) return;
    row.classList.add("fresh");
    pen.before(row);
    this.newest = index;
    for (const old of this.lines().slice(0, -room)) old.remove();
    query<HTMLElement>(pen, ".no").textContent = grouped(index + 1);
    for (const size of document.querySelectorAll(".live-size")) size.textContent = W.intervals(index + 1);
    const sun = document.querySelector(".sun");
    const seal = holder.content.querySelector<HTMLTemplateElement>("template.newest")?.content.querySelector(".seal");
    if (sun && seal) {
      seal.classList.add("pressed");
      sun.replaceChildren(seal);
    }
    const head = row.dataset.head;
    const shown = document.querySelector(".live-head .hash");
    if (head && shown) {
      for (const [i, span] of [...shown.querySelectorAll("span")].entries()) span.textContent = head.slice(i * 8, i * 8 + 8);
    }
  }
}

customElements.define("live-ledger", LiveLedger);
