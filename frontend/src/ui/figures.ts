// <live-figures>: the overview's figures, told anew by the server over one event stream.
interface Told {
  [key: string]: { value: string; says: string; ill: boolean };
}

class LiveFigures extends HTMLElement {
  private feed: EventSource | null = null;

  connectedCallback(): void {
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
    this.feed = new EventSource(this.dataset.from ?? "");
    this.feed.onopen = () => this.classList.add("on");
    this.feed.onerror = () => this.classList.remove("on");
    this.feed.onmessage = ({ data }: MessageEvent<string>) => this.show(JSON.parse(data) as Told);
  };

  private show(told: Told): void {
    for (const [key, { value, says, ill }] of Object.entries(told)) {
      const figure = this.querySelector<HTMLElement>(`[data-figure="${CSS.escape(key)}"]`);
      const hint = this.querySelector<HTMLElement>(`[data-hint="${CSS.escape(key)}"]`);
      if (figure && figure.textContent !== value) figure.textContent = value;
      if (hint && hint.textContent !== says) hint.textContent = says;
      figure?.parentElement?.classList.toggle("ill", ill);
    }
  }
}

customElements.define("live-figures", LiveFigures);
