// The command palette: Ctrl-K or ⌘K opens it, letters narrow it, arrows choose, Enter goes. It lists
// what the server found that this person may open. Without script the side's navigation does.
import { query } from "./ui/dom.ts";

const dialog = document.querySelector<HTMLDialogElement>("dialog.palette");
if (dialog) {
  const input = query<HTMLInputElement>(dialog, "input");
  const none = query<HTMLElement>(dialog, "[data-none]");
  const options = [...dialog.querySelectorAll<HTMLLIElement>("[role=option]")];
  options.forEach((option, i) => (option.id = `palette-${i}`));
  let shown = options;
  let chosen = 0;

  const choose = (at: number): void => {
    chosen = (at + shown.length) % Math.max(shown.length, 1);
    for (const option of options) option.removeAttribute("aria-selected");
    const option = shown[chosen];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) input.setAttribute("aria-activedescendant", option.id);
    else input.removeAttribute("aria-activedescendant");
  };

  /** Every word that was typed begins a word of the line. */
  const narrow = (): void => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (option: HTMLElement): boolean => {
      const words = (option.textContent ?? "").toLowerCase().split(/[^a-z0-9]+/);
      return wanted.every((part) => words.some((word) => word.startsWith(part)));
    };
    shown = options.filter(fits);
    for (const option of options) option.hidden = !shown.includes(option);
    none.hidden = shown.length > 0;
    choose(0);
  };

  const open = (): void => {
    input.value = "";
    narrow();
    if (!dialog.open) dialog.showModal();
    input.focus();
  };
  const go = (option: HTMLElement | undefined): void => {
    if (!option?.dataset.href) return;
    dialog.close();
    location.assign(option.dataset.href);
  };

  input.addEventListener("input", narrow);
  input.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") choose(chosen + 1);
    else if (event.key === "ArrowUp") choose(chosen - 1);
    else if (event.key === "Enter") go(shown[chosen]);
    else return;
    event.preventDefault();
  });
  dialog.addEventListener("click", (event) => {
    const option = (event.target as Element).closest<HTMLElement>("[role=option]");
    if (option) go(option);
    else if (event.target === dialog) dialog.close();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    if (dialog.open) dialog.close();
    else open();
  });
  for (const button of document.querySelectorAll<HTMLElement>("[data-palette]")) {
    button.hidden = false;
    const key = button.querySelector("kbd");
    if (key && !/mac|iphone|ipad/i.test(navigator.userAgent)) key.textContent = "Ctrl K";
    button.addEventListener("click", open);
  }
}
