// Filters the list of errors by its form and by the fragment of the address: #gold=a&predicted=b&lang=en&search=word
"use strict";
const form = document.getElementById("filters");
const items = Array.from(document.querySelectorAll(".error"), (element) => ({
  element,
  data: element.dataset,
  text: element.querySelector(".searched").textContent.toLocaleLowerCase(),
}));
const count = document.getElementById("count");

function apply() {
  const search = form.elements.search.value.trim().toLocaleLowerCase();
  let shown = 0;
  for (const { element, data, text } of items) {
    const fits = ["gold", "predicted", "lang"].every((name) => !form.elements[name].value || form.elements[name].value === "=" + data[name]);
    element.hidden = !fits || !text.includes(search);
    shown += element.hidden ? 0 : 1;
  }
  count.textContent = `${shown} of ${items.length} shown`;
}

function applyFragment() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  if (["gold", "predicted", "lang", "search"].some((name) => wanted.has(name))) {
    for (const name of ["gold", "predicted", "lang"]) {
      form.elements[name].value = wanted.has(name) ? "=" + wanted.get(name) : "";
    }
    form.elements.search.value = wanted.get("search") || "";
    document.getElementById("errors").scrollIntoView();
  }
  apply();
}

if (form) {
  form.hidden = false;
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(apply));
  window.addEventListener("hashchange", applyFragment);
  applyFragment();
}
