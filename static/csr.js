// Cases: the box of products is ready for the next one, and the sheet of a form is a native dialog.
(() => {
  "use strict";
  const dialog = () => document.getElementById("case-sheet-dialog");

  document.addEventListener("combobox:chosen", (event) => {
    if (!event.target.matches("[data-clears]")) return;
    setTimeout(() => { event.target.querySelector("[role=combobox]").value = ""; });  // what listens has read it by then
  });

  // Enter in the empty box does not send the form around it.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.ctrlKey && event.target.matches?.("[data-clears] [role=combobox]") && !event.target.value.trim()) event.preventDefault();
  });

  // What was chosen twice stands there once.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "product-chips") return;
    const seen = new Set();
    for (const box of [...event.target.querySelectorAll("input")].reverse()) {
      if (seen.has(box.value)) box.closest("label").remove();
      seen.add(box.value);
    }
  });

  // The sheet opens with its form, and closes before anything else comes: so the focus goes back to what opened it.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (dialog()?.open && ["case", "main", "problem"].includes(event.detail.target.id)) dialog().close();
  }, true);
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "case-sheet") return;
    if (!dialog().open) dialog().showModal();
    const first = (selector) => event.target.querySelector(selector);
    (first("[aria-invalid=true], [data-autofocus]") || first("select, textarea, input:not([type=hidden])"))?.focus();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-close-sheet]") || !dialog()?.open) return;
    event.preventDefault();
    dialog().close();
  });

  // What had the focus may be gone with its row: its section takes it.
  let section = "";
  document.addEventListener("htmx:beforeSwap", () => { section = document.activeElement?.closest("#case section[id]")?.id || ""; });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "case" || document.activeElement !== document.body || !section) return;
    document.querySelector(`#${CSS.escape(section)} h2`)?.focus();
  });

  // A comment that was sent leaves its field, which otherwise outlives every change of the page.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id === "case" && event.detail.requestConfig.elt.id === "comment-form") {
      document.getElementById("id_comment_inline").value = "";
    }
  });
})();
