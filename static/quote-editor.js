// The grid of a draft: keys, the menu of a line, dragging, undo, the sheet. Saving is quote-queue.js.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const editor = () => byId("quote-editor");
  const api = window.quoteEditor || { enqueue: () => Promise.resolve() };
  const rowOf = (element) => element?.closest?.("#quote-rows [data-row]");
  const UNDO_MS = 10000;

  // --- Adding -----------------------------------------------------------------------------------------------------------
  const newLine = () => ["search", "product", "quantity"].map((name) => byId(`new-line-${name}`));
  const fillNewLine = (...values) => newLine().forEach((field, index) => { field.value = values[index]; window.kept.remember(field); });
  const addLine = () => {
    if (!byId("new-line-product")?.value) return false;
    const line = newLine().map((field) => field.value);
    byId("new-line-error").textContent = "";
    api.enqueue({ url: editor().dataset.addUrl, values: { product: line[1], quantity: line[2] }, line });
    fillNewLine("", "", "1");
    return true;
  };
  // What was not added goes back where it was typed; if something else is being typed there, it waits below the lines.
  const notAdded = ({ key, id, line }, why) => {
    const putBack = () => { window.kept.drop(key, id); fillNewLine(...line); };
    const [search, product] = newLine();
    if (why !== undefined && !search.value && !product.value) return putBack();
    const list = byId("quote-not-added"), item = byId("not-added-line").content.cloneNode(true).firstElementChild;
    byId("new-line-error").textContent = "";
    item.querySelector("span").textContent = `${line[0]} × ${line[2]}: ${why || list.dataset.changed}`;
    item.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      item.remove();
      if ("putRight" in button.dataset) { addLine(); putBack(); }
      else window.kept.drop(key, id);
      search.focus();
    });
    list.append(item);
  };
  if (window.quoteEditor) Object.assign(window.quoteEditor, { beforeLeaving: addLine, notAdded });

  const addText = (kind, row) => api.enqueue({
    url: editor().dataset.addUrl,
    values: { add: kind, words: editor().dataset[kind], ...(row ? { before: row.dataset.line } : {}) },
    done: ([id]) => { const field = byId(`${id}-text`); field?.focus(); field?.select(); },
  });

  // --- Undo: of what was done last, then of what was done before it ---------------------------------------------------------
  const undos = [];
  let undoTimer;
  const showUndo = () => {
    const bar = byId("quote-undo"), last = undos.at(-1);
    bar.hidden = !last;
    for (const text of bar.querySelectorAll("[data-undo-of]")) text.hidden = text.dataset.undoOf !== last?.what;
    clearTimeout(undoTimer);
    undoTimer = setTimeout(() => { if (!bar.contains(document.activeElement)) bar.hidden = true; }, UNDO_MS);
  };
  const offerUndo = (what, undo) => { undos.push({ what, undo }); showUndo(); };
  const undo = () => { undos.pop()?.undo(); showUndo(); };

  // --- What can be done with a line ---------------------------------------------------------------------------------------
  const send = (url, move, more = {}) => api.enqueue({ url: `${url}${move}/`, values: {}, ...more });
  const focusIn = (row, like) => {
    const same = like?.name && row?.querySelector?.(`[name="${like.name}"]`);
    (same || row?.querySelector?.("input, textarea, button") || byId("new-line-search")).focus();
  };
  const nextRow = (row) => { const next = row.nextElementSibling; return next?.matches("[data-row]") ? next : null; };

  // The row stands above `below` at once; where the server does not have it so, it goes back.
  const moveAbove = (row, below) => {
    const stood = row.nextElementSibling, { url } = row.dataset;
    const old = stood.dataset.line ?? "";
    if (below === row || below === stood) return;
    below.before(row);
    send(url, "move", {
      values: { before: below.dataset.line ?? "" },
      done: () => offerUndo("move", () => send(url, "move", { values: { before: old } })),
      failed: () => { if (stood.isConnected) stood.before(row); },
    });
  };

  const actions = {
    up: (row) => { const above = row.previousElementSibling; if (above?.matches("[data-row]")) moveAbove(row, above); },
    down: (row) => { const below = nextRow(row); if (below) moveAbove(row, below.nextElementSibling); },
    duplicate: (row) => send(row.dataset.url, "duplicate", {
      done: ([id]) => { const { url } = byId(id).dataset; offerUndo("duplicate", () => send(url, "remove")); },
    }),
    optional: (row) => { if ("priced" in row.dataset) api.enqueue({ url: row.dataset.url, values: { field: "optional", value: row.dataset.optional ? "" : "1" } }); },
    section: (row) => addText("section", row),
    note: (row) => addText("note", row),
    details: (row) => { if ("priced" in row.dataset) htmx.ajax("GET", `${row.dataset.url}details/`, { target: "#quote-sheet", swap: "innerHTML" }); },
    remove: (row) => {
      const { url } = row.dataset;
      focusIn(nextRow(row));
      send(url, "remove", { done: () => offerUndo("remove", () => send(url, "restore", { done: ([id]) => focusIn(byId(id)) })) });
    },
  };
  const act = (name, row) => {
    const active = document.activeElement;
    actions[name](row);
    if ((name === "up" || name === "down") && row.contains(active) === false && row.isConnected) focusIn(row, active);
    else if (name === "up" || name === "down") active?.focus();
  };

  // --- The menu of a line ---------------------------------------------------------------------------------------------------
  let menuRow = null;
  let menuButton = null;
  const openMenu = (button) => {
    const menu = byId("line-menu");
    menuRow = button.closest("[data-row]");
    menuButton = button;
    const isStatement = menuRow.matches(".quote-statement"), statement = byId("line-menu-statement");
    menu.querySelectorAll("[data-of-priced]").forEach((item) => { item.hidden = !("priced" in menuRow.dataset); });
    menu.querySelector("[data-line-action=duplicate]").hidden = isStatement && !statement;
    if (statement) Object.assign(statement, { hidden: !isStatement, href: `${statement.dataset.url}?line=${menuRow.dataset.line}` });
    menu.showPopover();
    const at = button.getBoundingClientRect();
    menu.style.top = `${Math.min(at.bottom, innerHeight - menu.offsetHeight - 8)}px`;
    menu.style.left = `${Math.max(8, at.right - menu.offsetWidth)}px`;
    menu.querySelector("[role=menuitem]:not([hidden])").focus();
  };
  const menuKeys = (event) => {
    const items = [...byId("line-menu").querySelectorAll("[role=menuitem]:not([hidden])")];
    const at = items.indexOf(event.target);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    items[(to + items.length) % items.length].focus();
  };

  document.addEventListener("toggle", (event) => {
    if (event.target.id === "line-menu" && event.newState === "closed" && document.activeElement === document.body) menuButton?.focus();
  }, true);

  // --- Events ---------------------------------------------------------------------------------------------------------------
  document.addEventListener("combobox:chosen", (event) => {
    if (event.target.closest("#new-line")) { byId("new-line-quantity").focus(); byId("new-line-quantity").select(); }
    else if (event.target.closest("#quote-new")) byId("quote-new-form").requestSubmit();
  });

  document.addEventListener("change", (event) => {
    const field = event.target;
    const options = field.closest?.("[data-options]");
    if (options) {
      const chosen = [...options.querySelectorAll("[data-option]:checked")].map((box) => box.value).join(",");
      api.enqueue({ url: options.dataset.url, values: { field: "options", value: chosen }, source: field });
      return;
    }
    if (!editor() || !field.name && !field.dataset.lineField) return;
    const value = field.type === "checkbox" ? (field.checked ? "1" : "") : field.value;
    if ("lineField" in field.dataset) {
      const url = field.dataset.url || rowOf(field).dataset.url;
      api.enqueue({ url, values: { field: field.name, value }, source: field });
    } else if (editor().contains(field) && !field.closest("form") && field.type !== "hidden" && !field.closest("dialog")) {
      api.enqueue({ url: editor().dataset.changeUrl, values: { field: field.name, value }, source: field });
    }
  });

  document.addEventListener("focusout", (event) => {
    const row = event.target instanceof Element && event.target.closest("#new-line");
    if (row && !row.contains(event.relatedTarget)) addLine();
  });

  document.addEventListener("focusin", (event) => {
    if (event.target instanceof HTMLInputElement && event.target.closest("#quote-rows")) event.target.select();
  });

  const goDown = (event) => {
    const row = event.target.closest("#quote-rows tr");
    if (!row || event.target.matches("textarea, button")) return;
    event.preventDefault();
    if (row.id === "new-line") {
      if (addLine()) byId("new-line-search").focus();
      return;
    }
    focusIn(row.nextElementSibling, event.target);
  };

  const LETTERS = { o: "optional", s: "section", n: "note" };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || !editor()) return;
    if (event.target.closest?.("#line-menu")) return menuKeys(event);
    if (event.key === "Enter" && !event.ctrlKey && !event.altKey && !event.metaKey) return goDown(event);
    if (!event.target.closest?.("#quote-lines")) return;
    const row = rowOf(event.target);
    let name;
    if (event.altKey && !event.ctrlKey) name = { ArrowUp: "up", ArrowDown: "down" }[event.key] || LETTERS[event.key.toLowerCase()];
    else if (event.ctrlKey && event.key.toLowerCase() === "d") name = "duplicate";
    else if (event.ctrlKey && event.key === "Delete") name = "remove";
    if (!name || (!row && name !== "section" && name !== "note")) return;
    event.preventDefault();
    event.target.blur?.();  // what was typed is saved before the line moves
    event.target.focus?.();
    act(name, row);
  });

  document.addEventListener("click", (event) => {
    const target = event.target.closest?.("[data-line-menu], [data-line-action], [data-undo], [data-add-text], [data-add-product], [data-take-term], [data-close-sheet]");
    if (!target) return;
    if ("lineMenu" in target.dataset) openMenu(target);
    else if ("undo" in target.dataset) undo();
    else if ("takeTerm" in target.dataset) {
      const term = byId("id_payment_term");
      term.value = target.dataset.takeTerm;
      term.dispatchEvent(new Event("change", { bubbles: true }));
      term.focus();
    }
    else if ("addProduct" in target.dataset) api.enqueue({ url: editor().dataset.addUrl, values: { product: target.dataset.addProduct, quantity: "1" } });
    else if ("addText" in target.dataset) addText(target.dataset.addText, null);
    else if ("lineAction" in target.dataset) {
      byId("line-menu").hidePopover();
      if (menuRow?.isConnected) act(target.dataset.lineAction, menuRow);
    } else {
      const dialog = byId("quote-sheet-dialog");
      if (dialog?.open) { event.preventDefault(); dialog.close(); }
    }
  });

  // --- Dragging: the handle takes the row along; the menu and the keys do the same without a mouse ------------------------------
  let dragged = null;
  document.addEventListener("dragstart", (event) => {
    dragged = event.target.closest?.(".quote-handle") ? rowOf(event.target) : null;
    if (!dragged) return;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", dragged.id);
    event.dataTransfer.setDragImage(dragged, 0, 0);
  });
  document.addEventListener("dragover", (event) => {
    const over = dragged && event.target.closest?.("#quote-rows tr");
    if (!over || over === dragged) return;
    event.preventDefault();
    document.querySelector(".is-drop-place")?.classList.remove("is-drop-place");
    over.classList.add("is-drop-place");
  });
  document.addEventListener("drop", (event) => {
    const over = dragged && event.target.closest?.("#quote-rows tr");
    if (!over || over === dragged) return;
    event.preventDefault();
    moveAbove(dragged, over);
  });
  document.addEventListener("dragend", () => {
    document.querySelector(".is-drop-place")?.classList.remove("is-drop-place");
    dragged = null;
  });

  // --- The sheet is a native dialog: it keeps focus inside and gives it back --------------------------------------------------
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "quote-sheet") return;
    const dialog = byId("quote-sheet-dialog"), problem = byId("quote-sheet-problem");
    if (problem) problem.textContent = "";
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("[data-autofocus], select, textarea, input:not([type=hidden])")?.focus();
  });

  // After a page was swapped in, the place to type gets the focus.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id !== "main") return;
    undos.length = 0;
    event.target.querySelector("[data-autofocus]")?.focus();
  });
  if (document.querySelector("#quote-editor [data-autofocus]")) document.querySelector("[data-autofocus]").focus({ preventScroll: true });
})();
