// "/" in the empty row of the editor opens the templates. In their sheet what is typed narrows the list, Enter takes the first
// one, and the arrows go from one to the next.
(() => {
  "use strict";
  const shown = (sheet) => [...sheet.querySelectorAll("[data-pick]")].filter((button) => !button.closest("[hidden]"));

  document.addEventListener("keydown", (event) => {
    const field = event.target;
    const opener = document.getElementById("quote-insert-button");
    if (event.key === "/" && field.id === "new-line-search" && !field.value && opener) {
      event.preventDefault();
      opener.click();
      return;
    }
    const sheet = field.closest?.("[data-sheet]");
    const isFilter = field.matches?.("[data-pick-filter]");
    if (!sheet || !(isFilter || field.matches("[data-pick]"))) return;
    const picks = shown(sheet);
    const place = picks.indexOf(field);
    const next = { ArrowDown: place + 1, ArrowUp: place - 1 }[event.key];
    if (event.key === "Enter" && isFilter && !event.ctrlKey) {
      event.preventDefault();
      picks[0]?.click();
    } else if (next !== undefined) {
      event.preventDefault();
      (picks[next] || (next < 0 ? sheet.querySelector("[data-pick-filter]") : null))?.focus();
    }
  });

  document.addEventListener("input", (event) => {
    if (!event.target.matches("[data-pick-filter]")) return;
    const list = document.querySelector(event.target.dataset.pickFilter);
    const words = event.target.value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    let found = 0;
    for (const row of list.querySelectorAll("[data-pick-text]")) {
      row.hidden = !words.every((word) => row.dataset.pickText.toLocaleLowerCase().includes(word));
      found += row.hidden ? 0 : 1;
    }
    const nothing = list.querySelector("[data-pick-nothing]");
    if (nothing) nothing.hidden = found > 0 || !words.length;
  });
})();
