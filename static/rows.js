// Rows of a list by keys: j and k go to the next and the previous one, Enter opens it (it is a link), x selects it.
// <table data-rows>; the first link of a row is what has the focus. `[data-picked]` says how many are selected.
(() => {
  "use strict";
  const KEYS_OFF = "keys-off";
  const boxes = () => [...document.querySelectorAll("[data-rows] input[type=checkbox]")];

  const count = () => {
    const picked = boxes().filter((box) => box.checked).length;
    for (const shown of document.querySelectorAll("[data-picked]")) shown.textContent = picked ? `\u00a0(${picked})` : "";
    for (const box of boxes()) box.closest("tr").classList.toggle("is-picked", box.checked);
  };

  const isTyping = (target) =>
    target.isContentEditable || target.matches("textarea, select, input:not([type=checkbox])");

  const go = (step) => {
    const rows = [...document.querySelectorAll("[data-rows] tbody tr")];
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const next = at < 0 ? (step > 0 ? 0 : rows.length - 1) : Math.min(Math.max(at + step, 0), rows.length - 1);
    rows[next]?.querySelector("a[href]")?.focus();
  };

  // `[data-pick-all]` selects all rows, or none when all are selected; without script there is no such button.
  const showAll = () => {
    for (const button of document.querySelectorAll("[data-pick-all]")) button.hidden = false;
  };
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-pick-all]")) return;
    const all = boxes().every((box) => box.checked);
    for (const box of boxes()) box.checked = !all;
    count();
  });

  document.addEventListener("change", (event) => {
    if (event.target.closest("[data-rows]")) count();
  });
  document.addEventListener("htmx:afterSettle", () => { showAll(); count(); });
  showAll();
  window.addEventListener("pageshow", count);  // a browser that goes back has kept what was selected

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isTyping(event.target) || localStorage.getItem(KEYS_OFF)) return;
    if (document.querySelector("dialog[open], .modal.show, .offcanvas.show, .dropdown-menu.show")) return;
    if (event.key === "j" || event.key === "k") go(event.key === "j" ? 1 : -1);
    else if (event.key === "x") document.activeElement.closest("[data-rows] tr")?.querySelector("input[type=checkbox]")?.click();
    else return;
    event.preventDefault();
  });
})();
