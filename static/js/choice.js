// Keeps a tick in the attendee list at once, so that it stays when another page, search or filter is opened without the
// button that keeps the choice. A tick that could not be sent is kept by that button, and by the buttons of the acts.
const form = document.querySelector("#many");
const said = document.querySelector("[data-chosen-said]");
const links = document.querySelector("[data-chosen-links]");

async function keep(box) {
  const values = new FormData();
  values.set("csrf_token", form.elements.csrf_token.value);
  values.set("act", "tick");
  values.set("shown", box.value);
  if (box.checked) values.set("who", box.value);
  // With keepalive the request is sent to its end even if the page is left meanwhile.
  const answer = await fetch(form.action, { method: "POST", body: values, redirect: "manual", keepalive: true });
  if (!answer.ok) throw new Error(answer.status);
  const kept = await answer.json();
  said.textContent = kept.said;
  links.hidden = !kept.number;
  if (kept.isRefused) box.checked = false;
  // List a kept tick as one with which the page began: a later form of this page must not repeat it, for another page
  // may have taken the tick back.
  const before = new Set(form.elements.before.value.split(" "));
  if (box.checked) before.add(box.value);
  else before.delete(box.value);
  form.elements.before.value = [...before].join(" ");
}

for (const box of document.querySelectorAll("#list [name=who]")) {
  let last = Promise.resolve();
  // Changes of one box are sent one after the other: a late answer to the first must not undo the second.
  box.addEventListener("change", () => {
    last = last.then(() => keep(box)).catch(() => (said.textContent = said.dataset.unkept));
  });
}
