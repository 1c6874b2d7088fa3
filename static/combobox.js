// A type-ahead: the server answers <li role="option">, the keys are those of the ARIA combobox pattern.
// <div data-combobox data-url="…" data-choose="#hidden-input"><input role="combobox">…<ul role="listbox"></ul></div>
// Choosing fills the hidden input and fires "combobox:chosen" on the wrapper.
// Where its box has the focus from the start, this stands in the head: no key is pressed before somebody listens.
(() => {
  "use strict";
  const pending = new WeakMap();
  const ready = new Promise((done) => { document.readyState === "complete" ? done() : window.addEventListener("load", done); });

  const parts = (input) => {
    const box = input.closest("[data-combobox]");
    return { box, list: box.querySelector("[role=listbox]"), hidden: document.querySelector(box.dataset.choose) };
  };
  const options = (list) => [...list.querySelectorAll("[role=option]:not([aria-disabled])")];

  const close = (input) => {
    const { list } = parts(input);
    list.hidden = true;
    list.classList.remove("show");
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const activate = (input, option) => {
    const { list } = parts(input);
    for (const each of options(list)) {
      each.setAttribute("aria-selected", String(each === option));
      each.classList.toggle("active", each === option);
    }
    if (option) {
      input.setAttribute("aria-activedescendant", option.id);
      option.scrollIntoView({ block: "nearest" });
    }
  };

  const look = async (input) => {
    const { box, list } = parts(input);
    pending.get(input)?.abort();
    const text = input.value.trim();
    if (!text) return close(input);
    const control = new AbortController();
    pending.set(input, control);
    try {
      const answer = await fetch(`${box.dataset.url}${box.dataset.url.includes("?") ? "&" : "?"}q=${encodeURIComponent(text)}`, { signal: control.signal, headers: { "HX-Request": "true" } });
      await ready;
      if (!answer.ok || input.value.trim() !== text) return;
      list.innerHTML = await answer.text();
      list.hidden = false;
      list.classList.add("show");
      input.setAttribute("aria-expanded", "true");
      activate(input, options(list)[0]);
      if (input.dataset.enterWhenReady) {
        delete input.dataset.enterWhenReady;
        const first = options(list)[0];
        if (first) choose(input, first);
      }
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    } finally {
      if (pending.get(input) === control) pending.delete(input);
    }
  };

  const choose = (input, option) => {
    const { box, hidden } = parts(input);
    input.value = [option.dataset.text, option.dataset.name].filter(Boolean).join(" ");
    hidden.disabled = false;
    hidden.value = option.dataset.value;
    close(input);
    box.dispatchEvent(new CustomEvent("combobox:chosen", { bubbles: true, detail: { value: option.dataset.value } }));
  };

  let timer;
  document.addEventListener("input", (event) => {
    const input = event.target;
    if (!input.matches("[data-combobox] [role=combobox]")) return;
    parts(input).hidden.value = "";
    clearTimeout(timer);
    input.dataset.waiting = "1";
    timer = setTimeout(() => { delete input.dataset.waiting; look(input); }, 120);
  });

  document.addEventListener("keydown", (event) => {
    const input = event.target;
    if (!(input instanceof Element) || !input.matches("[data-combobox] [role=combobox]")) return;
    const { list } = parts(input);
    const open = !list.hidden;
    const all = options(list);
    const index = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!open) return look(input);
      const step = event.key === "ArrowDown" ? 1 : -1;
      activate(input, all[(index + step + all.length) % all.length]);
    } else if (event.key === "Enter" && input.value.trim() && !parts(input).hidden.value) {
      event.preventDefault();
      event.stopPropagation();
      // What was typed a moment ago may not be looked up yet: Enter then takes the first of what comes.
      if (input.dataset.waiting || pending.has(input) || !open) input.dataset.enterWhenReady = "1";
      if (!open && !input.dataset.waiting && !pending.has(input)) look(input);
      else if (!input.dataset.enterWhenReady && all[index]) choose(input, all[index]);
    } else if (event.key === "Escape" && open) {
      event.preventDefault();
      event.stopPropagation();
      close(input);
    } else if (event.key === "Tab" && open && all[index]) {
      choose(input, all[index]);
    }
  }, true);

  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest?.("[data-combobox] [role=option]:not([aria-disabled])");
    if (!option) return;
    event.preventDefault();
    choose(option.closest("[data-combobox]").querySelector("[role=combobox]"), option);
  });

  document.addEventListener("focusout", (event) => {
    if (event.target instanceof Element && event.target.matches("[data-combobox] [role=combobox]")) close(event.target);
  });
})();
