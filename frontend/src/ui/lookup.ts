// <look-up> and <live-part>: the server draws each part of the page, and tells when there is a new one.
//
// Events: `part` is markup whose outermost elements carry ids; one that the page has is replaced, a
// card that it has not is put among the others by its weight. `gone` names an id. `done` is the last.

class LiveParts extends HTMLElement {
  private feed: EventSource | null = null;

  connectedCallback(): void {
    const from = this.dataset.live;
    if (!from) {
      this.dataset.over = "";
      return;
    }
    this.classList.add("on");
    const feed = new EventSource(from);
    this.feed = feed;
    feed.addEventListener("part", ({ data }: MessageEvent<string>) => this.take(data));
    feed.addEventListener("gone", ({ data }: MessageEvent<string>) => document.getElementById(data)?.remove());
    feed.addEventListener("done", () => this.end());
    // A feed that ends without `done` is asked for again by the browser; the page shows what came.
  }

  disconnectedCallback(): void {
    this.feed?.close();
  }

  private end(): void {
    this.feed?.close();
    this.feed = null;
    void renew(this.dataset.page).finally(() => (this.dataset.over = ""));
  }

  private take(markup: string): void {
    const holder = document.createElement("template");
    holder.innerHTML = markup; // Our own server's markup, from our own origin.
    // Lines of a table come within one: they cannot stand alone.
    const parts = [...holder.content.children].flatMap((part) => (part.id ? [part] : [...part.querySelectorAll("tr[id]")]));
    for (const fresh of parts) {
      const old = fresh.id ? document.getElementById(fresh.id) : null;
      if (old) replace(old, fresh);
      else if (fresh instanceof HTMLElement && fresh.dataset.weight) place(fresh);
    }
    for (const copy of document.querySelectorAll<HTMLButtonElement>("button.copy[data-copy]")) copy.hidden = !navigator.clipboard;
  }
}

/** What can be done with a lookup that has ended, and what is said about it, stands in its page anew. */
async function renew(at: string | undefined): Promise<void> {
  const parts = document.querySelectorAll("[data-renew]");
  // The address may be that of a form that was sent: the page has its own.
  if (!at || !parts.length) return;
  const markup = await fetch(at, { headers: { accept: "text/html" } }).then((r) => (r.ok ? r.text() : ""), () => "");
  const page = new DOMParser().parseFromString(markup, "text/html");
  for (const part of parts) {
    const fresh = page.getElementById(part.id);
    if (fresh) replace(part, fresh);
  }
}

/** What somebody has opened stays open, and who stood there stands there still. */
function replace(old: Element, fresh: Element): void {
  const opened = [...old.querySelectorAll("details")].map((one) => one.open);
  const stoodHere = old.contains(document.activeElement);
  old.replaceWith(fresh);
  fresh.querySelectorAll("details").forEach((one, at) => (one.open = opened[at] ?? one.open));
  if (stoodHere && fresh instanceof HTMLElement) fresh.focus({ preventScroll: true });
}

/** Among the cards, after the last one that weighs as much. */
function place(card: HTMLElement): void {
  const cards = document.getElementById("cards");
  if (!cards) return;
  card.classList.add("fresh");
  const weight = Number(card.dataset.weight);
  const lighter = [...cards.children].find((one) => Number((one as HTMLElement).dataset.weight) < weight);
  cards.insertBefore(card, lighter ?? null);
}

customElements.define("look-up", class extends LiveParts {});
customElements.define("live-part", class extends LiveParts {});
