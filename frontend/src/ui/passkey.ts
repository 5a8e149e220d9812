// <pass-key>: signs in with a passkey, or adds one. The browser keeps the key; only public data and
// signatures travel. Options and answers are WebAuthn's own JSON (Level 3, §5.1.8 to §5.1.10).
import { W } from "../words.ts";
import { query } from "./dom.ts";

interface Refusal {
  detail?: string;
}

async function ask<T>(path: string, form: string, body: object): Promise<T> {
  const response = await fetch(path, {
    method: "POST",
    headers: { "content-type": "application/json", accept: "application/json", "x-form": form },
    body: JSON.stringify(body),
  });
  const said = (await response.json().catch(() => ({}))) as T & Refusal;
  if (!response.ok) throw new Error(said.detail ?? W.passkeyFailed);
  return said;
}

interface Options<O> {
  challenge: string;
  options: { publicKey: O };
}

class PassKey extends HTMLElement {
  connectedCallback(): void {
    const button = query<HTMLButtonElement>(this, "button");
    if (!window.PublicKeyCredential?.parseCreationOptionsFromJSON) return;
    const [label, act] = {
      add: [W.passkeyAdd, () => this.add()] as const,
      confirm: [W.passkeyConfirm, () => this.show("/account/confirm/passkey")] as const,
      "sign-in": [W.passkeySignIn, () => this.show("/sign-in/passkey")] as const,
    }[this.dataset.mode as "add" | "confirm" | "sign-in"];
    button.textContent = label;
    button.hidden = false;
    button.addEventListener("click", () => void this.run(button, act));
  }

  private async run(button: HTMLButtonElement, act: () => Promise<string>): Promise<void> {
    const status = query<HTMLElement>(this, "[role=status]");
    button.disabled = true;
    status.className = "hint";
    status.textContent = W.passkeyAsks;
    try {
      location.assign(await act());
    } catch (error) {
      const cancelled = error instanceof DOMException && (error.name === "NotAllowedError" || error.name === "AbortError");
      status.textContent = cancelled ? W.passkeyCancelled : String((error as Error).message || W.passkeyFailed);
      status.className = "wrong";
      button.disabled = false;
    }
  }

  /** Shows one that there is, to sign in or to confirm. */
  private async show(path: string): Promise<string> {
    const form = this.dataset.form ?? "";
    const { challenge, options } = await ask<Options<PublicKeyCredentialRequestOptionsJSON>>(`${path}/start`, form, {});
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.publicKey);
    const credential = (await navigator.credentials.get({ publicKey })) as PublicKeyCredential | null;
    if (!credential) throw new Error(W.passkeyFailed);
    const { next } = await ask<{ next: string }>(`${path}/finish`, form, { challenge, credential: credential.toJSON(), next: this.dataset.next ?? "" });
    return next;
  }

  private async add(): Promise<string> {
    const form = this.dataset.form ?? "";
    const { challenge, options } = await ask<Options<PublicKeyCredentialCreationOptionsJSON>>("/account/passkeys/start", form, {});
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.publicKey);
    const credential = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential | null;
    if (!credential) throw new Error(W.passkeyFailed);
    const name = document.querySelector<HTMLInputElement>("#f-passkey-name")?.value ?? "";
    const { next } = await ask<{ next: string }>("/account/passkeys/finish", form, { challenge, credential: credential.toJSON(), name });
    return next;
  }
}

customElements.define("pass-key", PassKey);
