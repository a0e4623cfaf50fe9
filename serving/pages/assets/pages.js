// Everything works without this. It brings results while one types, keeps a form from being sent twice, and shows what
// could not be taken in its place: no entry of the history comes from a form, so that going back never sends one again.
"use strict";
const here = () => location.pathname + location.search;
const whereTo = (form) => form.getAttribute("action"); // a field may be called "action"
let shown = here();
const show = (page) => {
  document.title = page.title;
  for (const part of ["header.top", "main"]) document.querySelector(part).replaceWith(page.querySelector(part));
  const alert = document.querySelector("[role=alert]");
  if (!alert) return;
  alert.tabIndex = -1;
  alert.focus();
};
const parsed = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");
window.addEventListener("popstate", () => { if (here() !== shown) location.reload(); });
document.addEventListener("submit", async (event) => {
  const form = event.target, button = event.submitter;
  if (form.getAttribute("method") !== "post") return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "1";
  if (form.dataset.plain || whereTo(form).startsWith("/pages/sign-")) {
    window.addEventListener("pageshow", () => { delete form.dataset.sent; }, { once: true });
    return;
  }
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form));
  if (button && button.name) body.set(button.name, button.value);
  let answer, page;
  try {
    answer = await fetch(whereTo(form), { method: "POST", body });
    page = await parsed(answer);
  } catch { // the browser says what is wrong; what is sent twice is done once
    delete form.dataset.sent;
    form.dataset.plain = "1";
    form.requestSubmit(button);
    return;
  }
  if (answer.redirected) {
    history.pushState(null, "", answer.url);
    shown = here();
    scrollTo(0, 0);
  }
  show(page);
});
let waiting = 0, asked = null;
document.addEventListener("input", (event) => {
  const form = event.target.closest("form[data-live]");
  if (!form || !event.target.classList.contains("points")) return;
  clearTimeout(waiting);
  waiting = setTimeout(async () => {
    if (asked) asked.abort();
    asked = new AbortController();
    const body = new URLSearchParams(new FormData(form));
    body.set("move", "try");
    try {
      const page = await parsed(await fetch(whereTo(form), { method: "POST", body, signal: asked.signal, redirect: "error" }));
      for (const id of form.dataset.live.split(" ")) {
        const now = document.getElementById(id), next = page.getElementById(id);
        if (now && next) now.replaceWith(next);
      }
    } catch (error) { if (error.name !== "AbortError" && error.name !== "TypeError") throw error; }
  }, 120);
});
// Parts marked data-refresh are looked at again every few seconds. What has not changed stays as it is, and what is in
// focus stays in focus. A page at which nobody has done anything for an hour rests, so that a session can end.
const EVERY = 5000, AWAKE = 3600000, MISSES = 3;
let used = Date.now(), missed = 0;
for (const kind of ["pointerdown", "keydown"]) document.addEventListener(kind, () => { used = Date.now(); });
const refreshed = async () => {
  const parts = [...document.querySelectorAll("[data-refresh]")];
  if (!parts.length || document.hidden) return;
  const stale = document.getElementById("desk-stale");
  if (Date.now() - used > AWAKE) { if (stale) stale.hidden = false; return; }
  if (parts.some((part) => part.querySelector("form[data-sent]"))) return;
  const asked = here();
  try {
    const page = await parsed(await fetch(asked, { redirect: "error" }));
    if (asked !== here() || !parts.every((part) => page.getElementById(part.id))) throw new TypeError("another page");
    for (const part of parts) {
      const next = page.getElementById(part.id), now = document.getElementById(part.id);
      if (!now || now.innerHTML === next.innerHTML) continue;
      const focused = now.contains(document.activeElement) ? document.activeElement.id : "";
      now.innerHTML = next.innerHTML;
      const again = focused && (document.getElementById(focused) || document.querySelector("main"));
      if (again) again.focus({ preventScroll: true });
    }
    document.title = page.title;
    missed = 0;
  } catch (error) { if (error.name !== "TypeError") throw error; missed += 1; }
  if (stale) stale.hidden = missed < MISSES;
};
setInterval(refreshed, EVERY);
