// The shell: keys, dialogs, toasts for failed requests, focus after a swap. Bound by data- attributes, nothing inline.
(() => {
  "use strict";
  const one = (selector, within = document) => within.querySelector(selector);
  const KEYS_OFF = "keys-off";
  const FOCUSABLE = "[aria-invalid=true], input:not([type=hidden]), select, textarea, a[href], button";

  // --- Dialogs: native ones, which give focus back by themselves ---
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-open-dialog]");
    if (opener) document.getElementById(opener.dataset.openDialog)?.showModal();
    const closer = event.target.closest("[data-close-dialog]");
    if (closer) closer.closest("dialog")?.close();
    const toast = event.target.closest("[data-dismiss-toast]");
    if (toast) toast.closest(".toast").remove();
  });

  // --- Keys ---
  const isTyping = (target) => target.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(target.tagName);
  const openDialog = () => one("dialog[open], .modal.show, .offcanvas.show");
  let goUntil = 0;

  const primaryButton = () => {
    const dialog = openDialog();
    return dialog ? one("[data-primary], .btn-primary", dialog) : one("[data-primary]") || one(".page-actions .btn-primary");
  };

  const singleKey = (key) => {
    if (performance.now() < goUntil) {
      goUntil = 0;
      return one(`[data-go="${CSS.escape(key)}"]`);
    }
    if (key === "g") goUntil = performance.now() + 1500;
    if (key === "/") return one("#global-search");
    if (key === "?") return one('[data-open-dialog="keys"]');
    return /^[a-z]$/.test(key) ? one(`[data-key="${key}"]`) : null;
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      const button = primaryButton();
      if (button && !button.disabled) {
        event.preventDefault();
        button.click();
      }
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || openDialog()) return;
    if (localStorage.getItem(KEYS_OFF)) return;
    const target = singleKey(event.key);
    if (!target) return;
    event.preventDefault();
    target.matches("input") ? target.focus() : target.click();
  });

  const keysSwitch = one("[data-keys-switch]");
  if (keysSwitch) {
    keysSwitch.checked = !localStorage.getItem(KEYS_OFF);
    keysSwitch.addEventListener("change", () =>
      keysSwitch.checked ? localStorage.removeItem(KEYS_OFF) : localStorage.setItem(KEYS_OFF, "1"));
  }

  // --- Forms that lead back to this page follow its address, which a filter changes ---
  document.addEventListener("htmx:replacedInHistory", () => {
    for (const next of document.querySelectorAll("input[name=next]")) next.value = location.pathname + location.search;
  });

  // --- What works for some seconds only: they are counted at it for the eye; then it goes, and a focus in it moves on ---
  const countDown = (offer) => {
    const until = performance.now() + offer.dataset.seconds * 1000;
    offer.removeAttribute("data-seconds");
    const tick = () => {
      const left = Math.ceil((until - performance.now()) / 1000);
      if (!offer.isConnected) return;
      if (left > 0) {
        one("[data-left]", offer).textContent = `\u00a0(${left}\u00a0s)`;
        setTimeout(tick, 250);
        return;
      }
      const next = offer.contains(document.activeElement) && one(FOCUSABLE, offer.nextElementSibling || one("#main"));
      offer.remove();
      if (next) next.focus();
    };
    tick();
  };
  const countAll = () => document.querySelectorAll("[data-seconds]").forEach(countDown);
  document.addEventListener("htmx:afterSettle", countAll);
  countAll();

  // --- Failed requests ---
  const toasts = one("#toasts");
  const toast = (text) => {
    const shown = one("#toast").content.cloneNode(true);
    one(".toast-body", shown).textContent = text;
    toasts.append(shown);
  };
  document.addEventListener("htmx:sendError", () => toast(toasts.dataset.offline));
  document.addEventListener("htmx:timeout", () => toast(toasts.dataset.offline));
  document.addEventListener("htmx:responseError", (event) => {
    const { status } = event.detail.xhr;
    const reference = event.detail.xhr.getResponseHeader("X-Reference");
    const text = status === 404 ? toasts.dataset.missing : toasts.dataset.failed;
    toast(reference ? `${text} ${toasts.dataset.reference}: ${reference}` : text);
  });
  document.addEventListener("htmx:beforeRequest", () => one("#problem")?.replaceChildren());

  // --- Focus after a swap: what the answer marks, else what had it (by id); what a form names, where its page comes anew ---
  let focused = "";
  let returnTo = "";
  document.addEventListener("submit", (event) => { returnTo = event.target.dataset.returnFocus || ""; });
  document.addEventListener("htmx:beforeSwap", () => { focused = document.activeElement?.id || ""; });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.elt?.id === "main") {
      const said = [...event.detail.elt.querySelectorAll(".alert[role=status]")].map((alert) => alert.textContent.trim());
      if (said.length) one("#live").textContent = said.join(" ");
      const back = returnTo && document.getElementById(returnTo);
      returnTo = "";
      if (back) return back.focus();
    }
    const marked = event.detail.elt?.matches?.("[data-autofocus]") ? event.detail.elt : event.detail.elt && one("[data-autofocus]", event.detail.elt);
    const field = marked && (marked.matches(FOCUSABLE) ? marked : one(FOCUSABLE, marked));
    if (field) field.focus();
    else if (document.activeElement === document.body && focused) document.getElementById(focused)?.focus();
  });
})();
