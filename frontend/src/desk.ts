// What the desk's pages gain by script: the paste box reads while one types, answers come by
// themselves, and a description says at once where it is not JSON.
import "./ui/codebox.ts";
import "./ui/lookup.ts";
import "./ui/paste.ts";

for (const keys of document.querySelectorAll<HTMLElement>("[data-keys]")) keys.hidden = false;
