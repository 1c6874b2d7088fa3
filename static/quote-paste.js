// Rows of a spreadsheet pasted into the empty row of the editor open a sheet that shows what they are; one cell is typed as usual.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);

  document.addEventListener("paste", (event) => {
    const opener = byId("quote-paste-button");
    if (event.target.id !== "new-line-search" || !opener) return;
    const text = event.clipboardData.getData("text/plain");
    if (!/[\t\r\n;]/.test(text.trim())) return;
    event.preventDefault();
    window.htmx.ajax("POST", opener.getAttribute("href"), { source: opener, target: "#quote-sheet", swap: "innerHTML", values: { text } });
  });

  // A sheet that adds lines does so to the quote as the page has it by now, not as it was when the sheet was opened.
  document.addEventListener("htmx:configRequest", (event) => {
    const page = Number(byId("quote-version")?.value ?? 0);
    const { parameters } = event.detail;
    if (event.target.matches("[data-adds-lines]") && page > Number(parameters.version)) parameters.version = String(page);
  });

  // Options that another box of the sheet has found have the same ids as those that are looked for now.
  document.addEventListener("focusin", (event) => {
    if (!event.target.matches?.("[data-sheet] [role=combobox]")) return;
    for (const list of document.querySelectorAll("[data-sheet] [role=listbox]")) if (!event.target.closest("[data-combobox]").contains(list)) list.replaceChildren();
  });
})();
