// The quote editor. Every change is queued with the value it had when it was made, so nothing typed is lost however slow
// the server is; answers are morphed in by element id, so focus and unsaved typing stay.
(() => {
  "use strict";
  const queue = [];
  let running = null;
  let refused = false;
  const byId = (id) => document.getElementById(id);
  const editor = () => byId("quote-editor");
  const headers = () => JSON.parse(document.body.getAttribute("hx-headers") || "{}");
  const cue = (state) => { const mark = byId("save-cue"); if (mark) mark.textContent = state ? mark.dataset[state] : ""; };

  const morphing = {
    ignoreActiveValue: true,
    callbacks: { beforeNodeMorphed: (old) => !(old instanceof HTMLElement && old.dataset.unsaved) },
  };

  // Shows an answer that belongs to no part of the page: a conflict, a refusal, a lost session.
  const complain = (html) => {
    const place = byId("quote-conflict");
    place.innerHTML = html;
    place.scrollIntoView({ block: "nearest" });
  };

  const apply = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    // Rows come inside a <template> of their own: beside a <div> the parser would drop a bare <tr>.
    const parts = [...holder.content.children].flatMap((part) => (part.matches("template") ? [...part.content.children] : [part]));
    for (const fresh of parts) {
      if ("said" in fresh.dataset) { byId("live").textContent = fresh.textContent; continue; }
      const old = byId(fresh.id);
      if ("removed" in fresh.dataset) { old?.remove(); renumber(); continue; }
      if (!fresh.id || (!old && !fresh.matches("tr"))) complain(fresh.outerHTML);
      else if (old) Idiomorph.morph(old, fresh, morphing);
      else byId("new-line").before(fresh);
    }
  };
  const renumber = () => document.querySelectorAll("#quote-rows [data-row] .quote-position").forEach((cell, index) => { cell.textContent = index + 1; });

  const offline = () => {
    const alert = document.createElement("div");
    alert.className = "alert alert-danger";
    alert.textContent = byId("toasts").dataset.offline;
    return alert.outerHTML;
  };

  // Marks the field that was right or wrong; `refused` keeps what leaves the page from going on with the old values.
  const settle = (source, fine, failed) => {
    if (source) {
      const field = byId(source.id) || source;
      field.classList.toggle("is-invalid", !fine);
      if (fine) field.removeAttribute("aria-invalid"); else field.setAttribute("aria-invalid", "true");
    }
    if (!fine) { refused = true; failed?.(); }
    cue(fine ? "saved" : "failed");
  };

  const save = async ({ url, values, source, failed }) => {
    if (source?.isConnected) delete source.dataset.unsaved;
    const body = new FormData();
    for (const [name, value] of Object.entries(values)) body.append(name, value);
    body.append("version", byId("quote-version").value);
    let answer;
    try {
      answer = await fetch(url, { method: "POST", body, headers: { ...headers(), "HX-Request": "true" } });
    } catch {
      byId("live").textContent = byId("toasts").dataset.offline;
      if (source?.isConnected) source.dataset.unsaved = "1";
      complain(offline());
      return settle(source, false, failed);
    }
    const login = answer.headers.get("HX-Redirect");
    if (login) { location.assign(login); return; }
    const html = await answer.text();
    if (html.trimStart().startsWith("<!")) return location.reload();  // no part of this page: the session is over
    if (answer.ok) byId("quote-conflict").textContent = "";
    if (answer.ok || answer.status === 422) apply(html); else complain(html);
    settle(source, answer.ok, failed);
  };

  const drain = async () => {
    while (queue.length) await save(queue.shift());
    running = null;
  };
  const enqueue = (job) => {
    if (job.source) job.source.dataset.unsaved = "1";
    queue.push(job);
    cue("saving");
    running ??= drain();
    return running;
  };
  const idle = () => running ?? Promise.resolve();

  // --- lines -----------------------------------------------------------------------------------------------------------
  const addLine = () => {
    const product = byId("new-line-product"), search = byId("new-line-search"), quantity = byId("new-line-quantity");
    if (!product.value) return false;
    const typed = { product: product.value, search: search.value, quantity: quantity.value };
    byId("new-line-error").textContent = "";
    enqueue({
      url: editor().dataset.addUrl,
      values: { product: typed.product, quantity: typed.quantity },
      failed: () => {
        if (search.value || product.value) return;
        product.value = typed.product; search.value = typed.search; quantity.value = typed.quantity;
      },
    });
    product.value = search.value = "";
    quantity.value = "1";
    return true;
  };

  document.addEventListener("combobox:chosen", (event) => {
    if (event.target.closest("#new-line")) { byId("new-line-quantity").focus(); byId("new-line-quantity").select(); }
    else if (event.target.closest("#quote-new")) byId("quote-new-form").requestSubmit();
  });

  document.addEventListener("change", (event) => {
    const field = event.target;
    if (!editor() || !editor().contains(field) || !field.name && !field.dataset.lineField) return;
    if ("lineField" in field.dataset) {
      enqueue({ url: field.closest("[data-row]").dataset.url, values: { field: field.name, value: field.value }, source: field });
    } else if (field.name && !field.closest("form") && field.type !== "hidden") {
      enqueue({ url: editor().dataset.changeUrl, values: { field: field.name, value: field.value }, source: field });
    }
  });

  document.addEventListener("focusout", (event) => {
    const row = event.target instanceof Element && event.target.closest("#new-line");
    if (row && !row.contains(event.relatedTarget)) addLine();
  });

  document.addEventListener("focusin", (event) => {
    if (event.target instanceof HTMLInputElement && event.target.closest("#quote-rows")) event.target.select();
  });

  document.addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key !== "Enter" || event.ctrlKey || event.defaultPrevented || !(field instanceof HTMLInputElement)) return;
    const row = field.closest("#quote-rows tr");
    if (!row) return;
    event.preventDefault();
    if (row.id === "new-line") {
      if (addLine()) byId("new-line-search").focus();
      return;
    }
    const below = row.nextElementSibling;
    (below.querySelector(`[name="${field.name}"]`) || byId("new-line-search")).focus();
  });

  document.addEventListener("click", async (event) => {
    const remove = event.target.closest?.("[data-remove-url]");
    if (remove) {
      const row = remove.closest("tr");
      (row.nextElementSibling?.querySelector("input") || byId("new-line-search")).focus();
      enqueue({ url: remove.dataset.removeUrl, values: {} });
    }
    if (event.target.closest?.("[data-close-sheet]")) {
      const dialog = byId("quote-sheet-dialog");
      if (dialog?.open) { event.preventDefault(); dialog.close(); }
    }
  });

  // What leaves the editor waits until everything typed is saved.
  document.addEventListener("click", (event) => {
    const leaving = event.target.closest?.("[data-after-saves]");
    if (!leaving) return;
    if (byId("new-line-product")?.value) addLine();
    const wrong = document.querySelector("#quote-editor [aria-invalid]");
    if (!running && !wrong) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!running) return wrong.focus();
    refused = false;
    idle().then(() => {
      if (refused) document.querySelector("#quote-editor [aria-invalid]")?.focus();
      else (byId(leaving.id) || leaving).click();
    });
  }, true);
  window.addEventListener("beforeunload", (event) => { if (running) event.preventDefault(); });

  // The sheet is a native dialog: it keeps focus inside and gives it back.
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id !== "quote-sheet") return;
    const dialog = byId("quote-sheet-dialog");
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("select, textarea, input:not([type=hidden])")?.focus();
  });

  // After a page was swapped in, the place to type gets the focus.
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id === "main") event.target.querySelector("[data-autofocus]")?.focus();
  });
  if (document.querySelector("#quote-editor [data-autofocus]")) document.querySelector("[data-autofocus]").focus();
})();
