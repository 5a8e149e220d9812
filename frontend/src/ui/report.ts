// Shows checks as they come, one line each, and the verdict that ends them.
import type { Check, Verdict } from "../verify/checks.ts";
import { el, pause, seal } from "./dom.ts";

const STROKES = { ok: "M3 9l4 4 8-9", bad: "M4 4l10 10M14 4L4 14", note: "M9 4v6M9 13v1" } as const;
const SAID = { ok: "passed", bad: "failed", note: "note" } as const;
const SVG = "http://www.w3.org/2000/svg";

function mark(state: Check["state"]): HTMLElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 18 18");
  svg.setAttribute("width", "18");
  svg.setAttribute("aria-hidden", "true");
  const stroke = document.createElementNS(SVG, "path");
  for (const [name, value] of Object.entries({ d: STROKES[state], fill: "none", stroke: "currentColor", "stroke-width": "2.2", "stroke-linecap": "round" })) {
    stroke.setAttribute(name, value);
  }
  svg.append(stroke);
  const span = el("span", { class: "mark" }, el("span", { class: "only-seen-by-readers" }, SAID[state]));
  span.prepend(svg);
  return span;
}

function grouped(hex: string): HTMLElement {
  const code = el("code", { class: "hash" });
  for (const group of hex.match(/.{8}/g) ?? []) code.append(el("span", {}, group), el("wbr"));
  return code;
}

export function line(check: Check): HTMLLIElement {
  return el(
    "li",
    { class: `fresh ${check.state}` },
    mark(check.state),
    el("span", { class: "what" }, check.what),
    check.why ? el("span", { class: "why" }, check.why) : null,
    check.hash ? grouped(check.hash) : null,
  );
}

/** Runs checks into `list`, a step at a time, lighting the boxes of `drawing` on the way. */
export async function run<R>(checks: AsyncGenerator<Check, R> | Generator<Check, R>, list: HTMLElement, drawing: ParentNode | null = null, paceMs = 110): Promise<R> {
  list.replaceChildren();
  for (const box of drawing?.querySelectorAll("[data-step]") ?? []) box.classList.remove("lit", "bad");
  for (;;) {
    const { done, value } = await checks.next();
    if (done) return value;
    list.append(line(value));
    for (const box of drawing?.querySelectorAll(`[data-step="${value.lit ?? ""}"]`) ?? []) box.classList.add("lit", ...(value.state === "bad" ? ["bad"] : []));
    await pause(paceMs);
  }
}

/** The verdict as a card with its seal. */
export function card(verdict: Verdict): HTMLElement {
  const state = verdict.outcome === "sealed" ? "sealed" : verdict.outcome === "refused" ? "refused" : "waiting";
  return el(
    "section",
    { class: `verdict ${verdict.outcome}`, tabindex: "-1" },
    seal(state),
    el("div", {}, el("h2", {}, verdict.title), el("ul", { class: "reasons" }, ...verdict.reasons.map((reason) => el("li", {}, reason)))),
  );
}
