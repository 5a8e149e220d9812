// Small makers of elements. Text always goes in as text, never as markup.

type Child = Node | string | null;

export function el<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Record<string, string> = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null));
  return element;
}

/** A seal that the server drew into the page's templates, freshly pressed. */
export function seal(state: "waiting" | "sealed" | "refused"): Node {
  const template = document.querySelector<HTMLTemplateElement>(`template[data-seal="${state}"]`);
  const copy = template?.content.firstElementChild?.cloneNode(true) as Element | undefined;
  copy?.classList.add("pressed");
  return copy ?? document.createTextNode("");
}

export const query = <E extends Element>(root: ParentNode, selector: string): E => {
  const found = root.querySelector<E>(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return found;
};

export const calm = (): boolean => matchMedia("(prefers-reduced-motion: reduce)").matches;
export const pause = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, calm() ? 0 : ms));

/** Makes `zone` take dropped files; a click on it opens the chooser. */
export function takesFiles(zone: HTMLElement, input: HTMLInputElement, take: (files: File[]) => void): void {
  zone.addEventListener("click", (event) => {
    if (event.target !== input) input.click();
  });
  input.addEventListener("change", () => {
    take([...(input.files ?? [])]);
    input.value = "";
  });
  for (const kind of ["dragenter", "dragover"]) {
    zone.addEventListener(kind, (event) => {
      event.preventDefault();
      zone.classList.add("over");
    });
  }
  zone.addEventListener("dragleave", (event) => {
    if (!zone.contains((event as DragEvent).relatedTarget as Node | null)) zone.classList.remove("over");
  });
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    take([...(event.dataTransfer?.files ?? [])]);
  });
}
