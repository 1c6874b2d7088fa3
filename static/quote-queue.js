// Saving a draft. Every change is queued with the value it had when it was made, so nothing typed is lost however slow the
// server is; answers are morphed in by element id, so focus and unsaved typing stay. What is not saved yet is kept in this
// browser until it is: a page that was closed in the middle goes on where it stopped.
(() => {
  "use strict";
  const byId = (id) => document.getElementById(id);
  const editor = () => byId("quote-editor");
  const keyOfJobs = () => `${editor().dataset.keep}-queue`;
  const headers = () => JSON.parse(document.body.getAttribute("hx-headers") || "{}");
  const version = () => byId("quote-version").value;
  const queue = [];      // what is to be saved, in this order
  let running = null;
  let offline = false;   // the server did not answer: it is asked again
  let stuck = null;      // the change that somebody else's came before
  let reloading = false; // what somebody else changed is shown once the queue is empty
  let leaving = false;
  let used = false;
  let added = false;     // there are lines that were not on the page before

  const wrong = () => document.querySelector("#quote-editor [aria-invalid], #quote-not-added button, dialog[open] [data-sheet] [data-url][aria-invalid]");
  const cue = () => {
    const mark = byId("save-cue");
    if (!mark) return;
    const state = stuck || offline ? "failed" : queue.length ? "saving" : wrong() ? "failed" : used ? "saved" : "";
    mark.textContent = mark.dataset[state] ?? "";
  };

  // --- What is not saved yet, kept in this browser ----------------------------------------------------------------------
  const isText = (field) => Boolean(field?.matches("input:not([type=checkbox]), textarea"));
  const store = (job) => {
    const { url, values, line, was, source } = job;
    window.kept.put(job.key, job.id, { url, values, line, was, field: source?.id, version: version() });
  };
  // Of a browser that was closed: a field that stands as it did gets what was typed; the rest is done if nothing else was since.
  const recall = () => {
    const key = keyOfJobs(), lost = [];
    let restored = 0;
    for (const [id, { url, values, line, was, field: name, version: then }] of Object.entries(window.kept.read(key))) {
      if (queue.some((job) => job.id === id)) continue;
      const field = name ? byId(name) : null, job = { id, key, url, values, line, was, source: field };
      if (field && was !== undefined ? field.defaultValue === was : then === version()) {
        if (isText(field)) field.value = values.value;
        restored += 1;
        enqueue(job);
      } else if (line) {
        window.quoteEditor.notAdded(job);
      } else {
        window.kept.drop(key, id);
        if (was !== undefined && field?.defaultValue !== values.value) lost.push(values.value);
      }
    }
    window.kept.tell(editor(), restored, lost);
  };

  // --- Answers ----------------------------------------------------------------------------------------------------------
  const morphing = {
    ignoreActiveValue: true,
    callbacks: { beforeNodeMorphed: (old) => !(old instanceof HTMLElement && (old.dataset.unsaved || old.matches(".quote-last"))) },
  };

  // Shows an answer that belongs to no part of the page, where it can be seen: a refusal over the sheet that is open.
  const complain = (html) => {
    const dialog = byId("quote-sheet-dialog");
    if (html.includes("data-conflict")) dialog.close();
    const place = byId(dialog.open ? "quote-sheet-problem" : "quote-conflict");
    place.innerHTML = html;
    place.scrollIntoView({ block: "nearest" });
  };
  const sentence = (text) => {
    const alert = document.createElement("div");
    alert.className = "alert alert-danger";
    alert.textContent = text;
    return alert.outerHTML;
  };

  const renumber = () => document.querySelectorAll("#quote-rows [data-priced] .quote-number").forEach((cell, index) => { cell.textContent = index + 1; });

  const show = (fresh, below) => {
    if ("said" in fresh.dataset) { byId("live").textContent = fresh.textContent; return; }
    const old = byId(fresh.id);
    if ("removed" in fresh.dataset) { old?.remove(); return; }
    if (!old && "ifThere" in fresh.dataset) return;
    if (!fresh.id || (!old && !fresh.matches("tr"))) { complain(fresh.outerHTML); return; }
    added ||= !old && "priced" in fresh.dataset;
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

  // Marks the field that was right or wrong, and says why where the answer cannot: in a sheet.
  const settle = ({ source }, fine, why) => {
    const field = source?.isConnected ? source : source && editor().querySelector(`#${CSS.escape(source.id)}`);
    if (!field) return;
    const said = field.closest("dialog") && byId(field.getAttribute("aria-describedby"));
    field.classList.toggle("is-invalid", !fine);
    if (fine) field.removeAttribute("aria-invalid"); else field.setAttribute("aria-invalid", "true");
    if (said) said.textContent = why;
  };

  // --- The queue --------------------------------------------------------------------------------------------------------
  const AWAY = [502, 503, 504];
  const MOST_WAIT_S = 60;
  const send = async ({ url, values }) => {
    const body = new FormData();
    for (const [name, value] of Object.entries(values)) body.append(name, value);
    body.append("version", version());
    const answer = await fetch(url, { method: "POST", body, headers: { ...headers(), "HX-Request": "true", "HX-Current-URL": location.href } });
    return { answer, html: await answer.text() };
  };
  const leave = (where) => { leaving = true; location.assign(where); return new Promise(() => {}); };

  const saved = (job, rows, before) => {
    const { source, values } = job;
    for (const place of ["quote-conflict", "quote-sheet-problem"]) byId(place).textContent = "";
    window.kept.drop(job.key, job.id);
    if (isText(source) && source.defaultValue === before && source.value === values.value) source.defaultValue = values.value;
    job.done?.(rows);
  };
  const refused = (job, why) => {
    if (job.line) return window.quoteEditor.notAdded(job, why);
    window.kept.drop(job.key, job.id);
    const holder = job.source?.closest("[data-keep]");
    if (holder && job.was !== undefined) window.kept.put(holder.dataset.keep, job.source.id, { value: job.values.value, was: job.was });
    job.failed?.();
    renumber();
  };

  // Whether the server has answered; if not, the change stays the first of the queue.
  const save = async (job) => {
    const { source } = job;
    if (source?.isConnected) delete source.dataset.unsaved;
    const { answer, html } = await send(job).catch(() => ({}));
    if (!answer || AWAY.includes(answer.status)) {
      if (source?.isConnected) source.dataset.unsaved = "1";
      if (!offline) complain(sentence(editor().dataset.offline));
      return false;
    }
    const login = answer.headers.get("HX-Redirect");
    if (login || answer.redirected) return leave(login || location.href);  // the session is over
    const before = source?.defaultValue;
    let why = byId("toasts").dataset.failed;
    if (answer.ok || answer.status === 422) {
      const rows = apply(html);
      why = byId(job.line ? "new-line-error" : "live").textContent;
      if (answer.ok) saved(job, rows, before);
    } else {
      complain(html.trimStart().startsWith("<!") ? sentence(why) : html);
      if (byId("quote-conflict").querySelector("[data-conflict]")) stuck = job;
      else why = byId("quote-conflict").textContent.trim() || why;
    }
    settle(job, answer.ok, answer.ok || answer.status !== 422 ? "" : why);
    if (!answer.ok && !stuck) refused(job, why);
    return true;
  };

  let timer, tries = 0;
  const drain = async () => {
    while (queue.length && !stuck) {
      offline = !(await save(queue[0]));
      if (offline) { timer = setTimeout(run, Math.min(MOST_WAIT_S, 2 ** ++tries) * 1000); break; }
      tries = 0;
      queue.shift();
      queue.forEach(store);  // they know of what was saved before them
      cue();
    }
    running = null;
    cue();
    if (added && !offline) { added = false; htmx.trigger("#quote-last-prices", "added"); }
    if (reloading && !queue.length && !wrong()) location.reload();
  };
  const run = () => {
    clearTimeout(timer);
    if (!running && queue.length && !stuck) running = drain();
    return running ?? Promise.resolve();
  };
  let number = 0;
  // A job: `url`, `values`; `source`, the field that was changed; `line`, what was typed to be added; `done`, `failed`.
  const enqueue = (job) => {
    const { source } = job;
    job.id ??= `${Date.now()}-${number += 1}`;
    job.key ??= keyOfJobs();
    if (source) source.dataset.unsaved = "1";
    if (isText(source)) job.was ??= window.kept.forget(source)?.was ?? source.defaultValue;
    store(job);
    queue.push(job);
    used = true;
    cue();
    return run();
  };
  window.addEventListener("online", run);

  // Somebody else saved first: theirs stays, or what was typed here is saved over it.
  document.addEventListener("click", (event) => {
    const choice = event.target.closest?.("[data-conflict]");
    if (!choice || !stuck) return;
    byId("quote-version").value = choice.dataset.version;
    const job = stuck;
    stuck = null;
    reloading = true;
    byId("quote-conflict").textContent = "";
    if (choice.dataset.conflict === "mine") queue.unshift(job);
    else { window.kept.drop(job.key, job.id); settle(job, true, ""); }
    if (queue.length) run(); else location.reload();
  });

  // What leaves the editor waits until everything typed is saved; what was refused or failed is tried once more.
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-after-saves]");
    if (!button || !editor()) return;
    window.quoteEditor.beforeLeaving?.();
    if (!queue.length && !wrong() && !stuck) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    const conflict = () => byId("quote-conflict").querySelector("button");
    if (stuck) return conflict().focus();
    if (!queue.length) {
      for (const field of document.querySelectorAll("#quote-editor [aria-invalid]")) field.dispatchEvent(new Event("change", { bubbles: true }));
    }
    run().then(() => {
      if (stuck) conflict().focus();
      else if (offline) byId("quote-conflict").scrollIntoView({ block: "nearest" });
      else if (wrong()) wrong().focus();
      else (byId(button.id) || button).click();
    });
  }, true);
  window.addEventListener("beforeunload", (event) => { if (!leaving && (queue.length || stuck)) event.preventDefault(); });

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
  window.quoteEditor = { enqueue };
})();
