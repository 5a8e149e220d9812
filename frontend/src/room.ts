// What the rooms' pages gain by script: j and k walk through a list, Enter opens a line, x ticks it, y
// copies it, / goes to the filter; <live-figures> keeps the overview's figures new; <pass-key> asks the
// browser for one.
import "./ui/figures.ts";
import "./ui/passkey.ts";

/** The lines of the page as it is now: some pages grow. */
const lines = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>("table.rows tbody tr, [data-row]")];

const typing = (target: EventTarget | null): boolean => target instanceof Element && target.closest("input, textarea, select, dialog, [contenteditable]") !== null;

function step(by: number): void {
  const rows = lines();
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)];
  if (!next) return;
  next.tabIndex = -1;
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

/** Follows a line where it leads, or opens what it holds. */
function enter(line: HTMLElement): boolean {
  const details = line.querySelector("details");
  if (line.dataset.href) location.assign(line.dataset.href);
  else if (details) details.open = !details.open;
  else return false;
  return true;
}

function tick(line: HTMLElement): boolean {
  const box = line.querySelector<HTMLInputElement>("input[type=checkbox]");
  box?.click();
  return box !== null;
}

/** Copies the line's value, or the page's. */
function copy(line: HTMLElement | null): boolean {
  const button = line?.querySelector<HTMLButtonElement>("button.copy[data-copy]") ?? document.querySelector<HTMLButtonElement>("button[data-key=y]");
  const value = line?.querySelector(".value")?.textContent;
  if (button && !button.hidden) button.click();
  else if (value && navigator.clipboard) void navigator.clipboard.writeText(value);
  else return false;
  return true;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  const target = event.target as HTMLElement;
  const line = lines().find((one) => one === target) ?? null;
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "Enter" && line && enter(line)) event.preventDefault();
  else if (event.key === "x" && line && tick(line)) event.preventDefault();
  else if (event.key === "y" && copy(line)) event.preventDefault();
  else if (event.key === "/") {
    const filter = document.querySelector<HTMLElement>("form.filters .input");
    if (!filter) return;
    filter.focus();
  } else return;
  event.preventDefault();
});
