"use strict";
(() => {
  const root = document.documentElement;
  root.classList.add("live");
  const titles = JSON.parse(document.body.dataset.titles);
  const buttons = [...document.querySelectorAll("[data-language]")];
  const chooser = document.querySelector("[data-chooser]");

  const speak = (language) => {
    root.lang = language;
    document.title = titles[language];
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.language === language));
    for (const option of document.querySelectorAll("option")) option.textContent = option.dataset[language];
  };
  for (const button of buttons) button.addEventListener("click", () => speak(button.dataset.language));

  const choose = (index) => {
    for (const card of document.querySelectorAll("[data-card]")) card.classList.toggle("chosen", card.dataset.card === index);
  };
  if (chooser) {
    chooser.addEventListener("change", () => choose(chooser.value));
    choose(chooser.value);
  }

  const teams = document.querySelector("[data-teams]");
  const visit = (anchor) => {
    for (const page of document.querySelectorAll(".team")) page.classList.toggle("chosen", page.id === anchor);
  };
  if (teams) {
    teams.addEventListener("change", () => visit(teams.value));
    const follow = () => {
      const wanted = location.hash.slice(1);
      if ([...teams.options].some((option) => option.value === wanted)) {
        teams.value = wanted;
        visit(wanted);
        document.getElementById(wanted).scrollIntoView();
      }
    };
    window.addEventListener("hashchange", follow);
    follow();
  }

  const print = document.querySelector("[data-print]");
  if (print) print.addEventListener("click", () => window.print());

  // folds are opened for paper and closed again after
  let closed = [];
  window.addEventListener("beforeprint", () => {
    closed = [...closed, ...document.querySelectorAll(".card.chosen details:not([open]), .warnings:not([open])")];
    for (const fold of closed) fold.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const fold of closed) fold.open = false;
    closed = [];
  });
})();
