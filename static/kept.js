// What was typed and is not saved yet is kept in this browser for a week: of every `[data-keep="whose and what"]` the text fields,
// by id or name, until the server has taken them. What is opened again then goes on where it stopped. Stands after combobox.js.
// `[data-autosaved]`: fields save themselves. `[data-keep-along]`: a hidden field that the others belong to.
(() => {
  "use strict";
  const KEPT_MS = 7 * 24 * 3600 * 1000;
  const TYPED = "input:not([type=hidden], [type=checkbox], [type=radio], [type=file]), textarea";

  const read = (key) => {
    try {
      const entries = Object.entries(JSON.parse(localStorage.getItem(`kept:${key}`)) || {});
      return Object.fromEntries(entries.filter(([, entry]) => Date.now() - entry.at < KEPT_MS));
    } catch { return {}; }
  };
  const write = (key, entries) => {
    try {
      if (Object.keys(entries).length) localStorage.setItem(`kept:${key}`, JSON.stringify(entries));
      else localStorage.removeItem(`kept:${key}`);
    } catch { /* a browser that keeps nothing, or is full: what is saved at once still is */ }
  };
  const put = (key, name, entry) => write(key, { ...read(key), [name]: { at: Date.now(), ...entry } });
  const drop = (key, name) => {
    const { [name]: dropped, ...others } = read(key);
    if (dropped) write(key, others);
    return dropped;
  };

  const holderOf = (field) => field.closest("[data-keep]");
  const nameOf = (field) => field.id || field.name;
  const forget = (field) => { const holder = holderOf(field); return holder ? drop(holder.dataset.keep, nameOf(field)) : undefined; };
  const remember = (field) => {
    const key = holderOf(field)?.dataset.keep, name = nameOf(field), isHidden = field.type === "hidden";
    if (!key || !name) return;
    if (field.value === (isHidden ? "" : field.defaultValue)) return drop(key, name);
    put(key, name, { value: field.value, was: isHidden ? null : read(key)[name]?.was ?? field.defaultValue });
  };
  const rememberAll = (field) => {
    const chosen = field.closest("[data-combobox]")?.dataset.choose;
    for (const each of [field, chosen && document.querySelector(chosen), ...holderOf(field).querySelectorAll("[data-keep-along]")]) {
      if (each) remember(each);
    }
  };
  document.addEventListener("input", (event) => {
    if (event.target.matches(TYPED) && holderOf(event.target)) rememberAll(event.target);
  });
  document.addEventListener("combobox:chosen", (event) => {
    const input = event.target.querySelector("[role=combobox]");
    if (holderOf(input)) rememberAll(input);
  });

  // --- Back again ---------------------------------------------------------------------------------------------------------
  const tell = (holder, restored, lost) => {
    const note = holder.querySelector("[data-kept-note]");
    if (!note || !(restored || lost.length)) return;
    const shown = note.querySelector("[data-lost] span");
    note.hidden = false;
    if (restored) note.querySelector("[data-restored]").hidden = false;
    if (!lost.length) return;
    note.querySelector("[data-lost]").hidden = false;
    shown.textContent = [shown.textContent, ...lost.map((text) => `“${text}”`)].filter(Boolean).join(", ");
  };
  const restore = (holder) => {
    const key = holder.dataset.keep, isSaved = "autosaved" in holder.dataset, entries = read(key), lost = [];
    const fields = new Map([...holder.querySelectorAll("input, textarea")].map((field) => [nameOf(field), field]));
    const others = [...holder.querySelectorAll("[data-keep-along]")].some((field) => (entries[nameOf(field)]?.value ?? field.value).trim() !== field.value.trim());
    if (others) return write(key, {});
    let restored = 0;
    for (const [name, { value, was }] of Object.entries(entries)) {
      const field = fields.get(name);
      if (field?.value === value || (!field && !isSaved)) {
        if (isSaved) drop(key, name);
      } else if (field && (was === null || field.defaultValue === was || (!isSaved && !field.defaultValue))) {
        field.value = value;
        if (was === null) continue;
        restored += 1;
        field.dispatchEvent(new Event("change", { bubbles: true }));
      } else {
        lost.push(value);
        drop(key, name);
      }
    }
    tell(holder, restored, lost);
  };
  const restoreIn = (place) => { for (const holder of place.querySelectorAll("[data-keep]")) restore(holder); };
  document.addEventListener("DOMContentLoaded", () => restoreIn(document));

  // --- What the server has taken: a good answer to a form that is not there afterwards --------------------------------------
  const sent = new Set();
  document.addEventListener("htmx:beforeOnLoad", (event) => {
    const { elt, xhr } = event.detail, holder = elt.matches("form[method=post]") && holderOf(elt);
    if (holder && !("autosaved" in holder.dataset) && xhr.status < 300) sent.add(holder.dataset.keep);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (!event.target.matches?.("#main, #quote-sheet")) return;
    for (const key of sent) if (!document.querySelector(`[data-keep="${CSS.escape(key)}"]`)) write(key, {});
    sent.clear();
    if (event.detail.xhr?.status !== 422) restoreIn(event.target);  // what was refused comes back as it was typed
  });
  document.addEventListener("click", (event) => {
    const again = event.target.closest?.("[data-forget-typed]");
    if (again) write(holderOf(again).dataset.keep, {});
  }, true);

  window.kept = { read, put, drop, remember, forget, tell };
})();
