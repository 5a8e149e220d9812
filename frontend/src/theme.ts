// The one script that runs before the page is painted: it applies the remembered theme.
const KEY = "indelible-theme";
const root = document.documentElement;

function remembered(): string | null {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // Storage is denied: the system's preference holds.
  }
}

const kept = remembered();
if (kept === "light" || kept === "dark") root.dataset.theme = kept;

document.addEventListener("DOMContentLoaded", () => {
  const button = document.querySelector<HTMLButtonElement>("button.theme");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const dark = getComputedStyle(root).colorScheme === "dark" || (!root.dataset.theme && matchMedia("(prefers-color-scheme: dark)").matches);
    const next = dark ? "light" : "dark";
    root.dataset.theme = next;
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // It holds for this page only.
    }
  });
  for (const copy of document.querySelectorAll<HTMLButtonElement>("button.copy")) copy.hidden = !navigator.clipboard;
  document.addEventListener("click", (event) => {
    const copy = (event.target as Element).closest<HTMLButtonElement>("button.copy[data-copy]");
    if (!copy) return;
    void navigator.clipboard.writeText(copy.dataset.copy ?? "").then(() => {
      const before = copy.innerHTML;
      copy.textContent = "Copied";
      setTimeout(() => (copy.innerHTML = before), 1400);
    });
  });
});
