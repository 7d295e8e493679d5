// Keeps ticks in the attendee list at once, so that they stay when another page, search or filter is opened without the
// button that keeps the choice. That button is hidden until a tick could not be sent; it and the acts then keep the tick.
// The box in the bar, which needs this script, ticks all people on the page. While somebody is chosen, the bar
// with the acts stays in sight: the style sheet needs its height (--bar), below which the table's head stands.
const form = document.querySelector("#many");
const bar = document.querySelector("#chosen");
const said = bar.querySelector("[data-chosen-said]");
const keepers = document.querySelectorAll("[data-keep]");
const whole = document.querySelector("[data-choose-page]");
const all = whole.querySelector("input");
const boxes = [...document.querySelectorAll("#list [name=who]")];
const sent = new Map(); // for each box, the promise that its last change has been answered

async function keep(changed) {
  const values = new FormData();
  values.set("csrf_token", form.elements.csrf_token.value);
  values.set("act", "tick");
  values.set("page", boxes.map((box) => box.value).join(" "));
  for (const box of changed) {
    values.append("shown", box.value);
    if (box.checked) values.append("who", box.value);
  }
  // With keepalive the request is sent to its end even if the page is left meanwhile.
  const answer = await fetch(form.action, { method: "POST", body: values, redirect: "manual", keepalive: true });
  if (!answer.ok) throw new Error(answer.status);
  const kept = await answer.json();
  said.textContent = kept.said;
  bar.toggleAttribute("data-some", kept.number > 0);
  for (const box of changed) if (kept.refused.includes(box.value)) box.checked = false;
  list(changed);
}

// List kept ticks as those with which the page began: a later form of this page must not repeat them, for another page
// may have taken them back.
function list(changed) {
  const before = new Set(form.elements.before.value.split(" "));
  for (const box of changed) {
    if (box.checked) before.add(box.value);
    else before.delete(box.value);
  }
  form.elements.before.value = [...before].join(" ");
}

function fail() {
  said.textContent = said.dataset.unkept;
  for (const keeper of keepers) keeper.hidden = false;
}

// Changes of one box are sent one after the other: a late answer to the first must not undo the second.
function send(changed) {
  const earlier = Promise.all(changed.map((box) => sent.get(box)));
  const answered = earlier.then(() => keep(changed)).catch(fail).finally(show);
  for (const box of changed) sent.set(box, answered);
  show();
}

function show() {
  const number = boxes.filter((box) => box.checked).length;
  all.checked = number === boxes.length;
  all.indeterminate = number > 0 && number < boxes.length;
}

function chooseAll() {
  const changed = boxes.filter((box) => box.checked !== all.checked);
  for (const box of changed) box.checked = all.checked;
  send(changed);
}

function measure() {
  const height = getComputedStyle(bar).position === "sticky" ? bar.offsetHeight : 0;
  document.documentElement.style.setProperty("--bar", `${height}px`);
}

for (const box of boxes) box.addEventListener("change", () => send([box]));
for (const keeper of keepers) keeper.hidden = true;
all.addEventListener("change", chooseAll);
whole.hidden = false;
bar.dataset.sticks = "";
show();
new ResizeObserver(measure).observe(bar);
