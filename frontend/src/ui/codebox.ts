// <code-box>: a description in JSON says while one types where it is not JSON. The server checks what
// it means.
import { W } from "../words.ts";
import { el, query } from "./dom.ts";

class CodeBox extends HTMLElement {
  connectedCallback(): void {
    const text = query<HTMLTextAreaElement>(this, "textarea");
    const status = el("p", { class: "hint", role: "status" });
    this.append(status);
    text.addEventListener("input", () => {
      try {
        JSON.parse(text.value);
        status.textContent = "";
      } catch (error) {
        status.textContent = W.deskNoJson((error as Error).message);
      }
    });
  }
}

customElements.define("code-box", CodeBox);
