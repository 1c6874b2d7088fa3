// Pages of runs: nobody asks how far a run is while the tab is hidden; how many rows are ticked stands in the buttons.
(() => {
  "use strict";
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (document.hidden && event.detail.elt.matches("[data-poll]")) event.preventDefault();
  });

  const recount = (form) => {
    const ticked = form.querySelectorAll("input[name=row]:checked").length;
    for (const place of form.querySelectorAll("[data-chosen-count]")) place.textContent = ticked ? ` (${ticked})` : "";
  };
  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-chosen]");
    if (!form) return;
    if (event.target.matches("[data-choose-all]")) {
      for (const box of form.querySelectorAll("input[name=row]")) box.checked = event.target.checked;
    }
    recount(form);
  });
  window.addEventListener("pageshow", () => document.querySelectorAll("[data-chosen]").forEach(recount));
})();
