// What the rooms' pages gain by script: j and k walk through a list, Enter opens a line, / goes to
// the filter; <live-figures> keeps the overview's figures new; <pass-key> asks the browser for one.
import "./ui/figures.ts";
import "./ui/passkey.ts";

const rows = [...document.querySelectorAll<HTMLTableRowElement>("table.rows tbody tr")];

const typing = (target: EventTarget | null): boolean => target instanceof Element && target.closest("input, textarea, select, dialog, [contenteditable]") !== null;

function step(by: number): void {
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next = rows[at < 0 ? (by > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + by, 0), rows.length - 1)];
  if (!next) return;
  next.tabIndex = -1;
  next.focus();
  next.scrollIntoView({ block: "nearest" });
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "Enter" && event.target instanceof HTMLTableRowElement && event.target.dataset.href) location.assign(event.target.dataset.href);
  else if (event.key === "/") {
    const filter = document.querySelector<HTMLElement>("form.filters .input");
    if (!filter) return;
    filter.focus();
  } else return;
  event.preventDefault();
});
