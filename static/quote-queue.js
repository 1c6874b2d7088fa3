// Saving a draft. Every change is queued with the value it had when it was made, so nothing typed is lost however slow the
// server is; answers are morphed in by element id, so focus and unsaved typing stay. What is not saved yet is kept in this
// browser until it is: a page that was closed in the middle goes on where it stopped.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const editor = () => byId("quote-editor");
  const headers = () => JSON.parse(document.body.getAttribute("hx-headers") || "{}");
  const cue = (state) => { const mark = byId("save-cue"); if (mark) mark.textContent = state ? mark.dataset[state] : ""; };
  const queue = [];
  let running = null;
  let refused = false;
  let stuck = null;      // the change that somebody else's came before
  let reloading = false; // what somebody else changed is shown once the queue is empty

  // --- What was typed and is not saved ----------------------------------------------------------------------------------
  const store = () => `quote-unsaved:${editor().dataset.unsaved}`;
  const KEPT_MS = 7 * 24 * 3600 * 1000;
  const kept = () => {
    try { return JSON.parse(localStorage.getItem(store())) || {}; } catch { return {}; }
  };
  const keep = (entries) => {
    try {
      if (Object.keys(entries).length) localStorage.setItem(store(), JSON.stringify(entries));
      else localStorage.removeItem(store());
    } catch { /* a browser that keeps nothing, or is full: the queue still saves */ }
  };
  const remember = (field) => {
    const product = field.id === "new-line-search" ? byId("new-line-product").value : undefined;
    keep({ ...kept(), [field.id]: { value: field.value, was: field.defaultValue ?? "", product, at: Date.now() } });
  };
  const forget = (id, value) => {
    const entries = kept();
    if (!(id in entries) || (value !== undefined && entries[id].value !== value)) return;
    delete entries[id];
    keep(entries);
  };

  document.addEventListener("input", (event) => {
    const field = event.target;
    if (editor()?.contains(field) && field.id && field.matches("input:not([type=hidden]), textarea")) remember(field);
  });

  const recall = () => {
    const entries = kept();
    const lost = [];
    let restored = 0;
    for (const [id, entry] of Object.entries(entries)) {
      const field = byId(id);
      if (Date.now() - entry.at > KEPT_MS || (field && field.value === entry.value)) { forget(id); continue; }
      if (!field || (field.defaultValue ?? "") !== entry.was) { lost.push(entry.value); forget(id); continue; }
      field.value = entry.value;
      if (entry.product) byId("new-line-product").value = entry.product;
      restored += 1;
      if (field.name || "lineField" in field.dataset) field.dispatchEvent(new Event("change", { bubbles: true }));
    }
    const note = byId("quote-restored");
    if (!note || !(restored || lost.length)) return;
    note.hidden = false;
    note.querySelector("[data-restored]").hidden = !restored;
    note.querySelector("[data-lost]").hidden = !lost.length;
    note.querySelector("[data-lost] span").textContent = lost.map((text) => `“${text}”`).join(", ");
  };

  // --- Answers ----------------------------------------------------------------------------------------------------------
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

  const renumber = () => document.querySelectorAll("#quote-rows [data-priced] .quote-number").forEach((cell, index) => { cell.textContent = index + 1; });

  const show = (fresh, below) => {
    if ("said" in fresh.dataset) { byId("live").textContent = fresh.textContent; return; }
    const old = byId(fresh.id);
    if ("removed" in fresh.dataset) { old?.remove(); return; }
    if (!fresh.id || (!old && !fresh.matches("tr"))) { complain(fresh.outerHTML); return; }
    if (old) Idiomorph.morph(old, fresh, morphing);
    if (old && below === undefined) return;
    const row = byId(fresh.id) || fresh, next = byId(below) || byId("new-line");
    if (next.previousElementSibling === row) return;
    const focused = row.contains(document.activeElement) ? document.activeElement : null;
    next.before(row);
    focused?.focus();
  };

  // Rows come inside a <template> of their own, beside a <div> the parser would drop a bare <tr>; `data-below` names the row
  // that they stand above.
  const apply = (html) => {
    const holder = document.createElement("template");
    holder.innerHTML = html;
    const rows = [];
    for (const part of [...holder.content.children]) {
      if (!part.matches("template")) { show(part); continue; }
      for (const row of [...part.content.children]) { show(row, part.dataset.below); rows.push(row.id); }
    }
    renumber();
    return rows;
  };

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

  // --- The queue --------------------------------------------------------------------------------------------------------
  const save = async (job) => {
    const { url, values, source, failed, done } = job;
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
    if (answer.ok || answer.status === 422) {
      const rows = apply(html);
      if (answer.ok) {
        byId("quote-conflict").textContent = "";
        if (source) forget(source.id, values.value);
        done?.(rows);
      }
    } else {
      complain(html);
      if (byId("quote-conflict").querySelector("[data-conflict]")) stuck = job;
    }
    settle(source, answer.ok, failed);
  };

  const drain = async () => {
    while (queue.length && !stuck) await save(queue.shift());
    running = null;
    if (reloading && !stuck && !refused) location.reload();
  };
  const enqueue = (job) => {
    if (job.source) job.source.dataset.unsaved = "1";
    queue.push(job);
    cue("saving");
    if (!stuck) running ??= drain();
    return running ?? Promise.resolve();
  };
  const idle = () => running ?? Promise.resolve();

  // Somebody else saved first: theirs stays, or what was typed here is saved over it.
  document.addEventListener("click", (event) => {
    const choice = event.target.closest?.("[data-conflict]");
    if (!choice || !stuck) return;
    byId("quote-version").value = choice.dataset.version;
    const job = stuck;
    stuck = null;
    refused = false;
    reloading = true;
    byId("quote-conflict").textContent = "";
    if (choice.dataset.conflict === "mine") queue.unshift(job);
    else if (job.source) forget(job.source.id);
    running ??= drain();
  });

  // What leaves the editor waits until everything typed is saved.
  document.addEventListener("click", (event) => {
    const leaving = event.target.closest?.("[data-after-saves]");
    if (!leaving || !editor()) return;
    window.quoteEditor.beforeLeaving?.();
    const wrong = document.querySelector("#quote-editor [aria-invalid]");
    if (!running && !wrong && !stuck) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (stuck) return byId("quote-conflict").querySelector("button").focus();
    if (!running) return wrong.focus();
    refused = false;
    idle().then(() => {
      if (refused || stuck) document.querySelector("#quote-editor [aria-invalid]")?.focus();
      else (byId(leaving.id) || leaving).click();
    });
  }, true);
  window.addEventListener("beforeunload", (event) => { if (running || stuck) event.preventDefault(); });

  // --- Who else is here -------------------------------------------------------------------------------------------------
  const BEAT_MS = 20000;
  const beat = async () => {
    if (!editor() || document.hidden) return;
    try {
      const answer = await fetch(editor().dataset.presenceUrl, { method: "POST", headers: { ...headers(), "HX-Request": "true" } });
      if (answer.ok && !answer.headers.get("HX-Redirect")) byId("quote-presence").innerHTML = await answer.text();
    } catch { /* the next one will tell */ }
  };
  setInterval(beat, BEAT_MS);
  document.addEventListener("visibilitychange", beat);

  const begin = () => { if (editor()) { recall(); beat(); } };
  document.addEventListener("htmx:afterSettle", (event) => { if (event.target.id === "main") begin(); });
  document.addEventListener("DOMContentLoaded", begin);
  window.quoteEditor = { enqueue, idle, forget };
})();
