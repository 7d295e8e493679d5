// Keys of the attendee list: "/" goes to the search field, j and k to the name in the next and the previous row, as the
// arrows do from a name; x ticks the row's box, and Escape leaves the search field or closes a row's menu. A link is opened by Enter as ever.
// The help that names the keys is hidden in the page's HTML. Its switch turns all of them off (WCAG 2.1.4), which this
// browser remembers until its user signs out (Clear-Site-Data). All texts stand in templates/console/attendees/_keys.html.
const KEPT = "attendee-list-keys";
const TYPED_IN = "input:not([type=checkbox], [type=radio], [type=button], [type=submit]), textarea, select, [contenteditable]";

const help = document.querySelector("[data-list-keys]");
const isOn = help.querySelector("[data-list-keys-on]");
const said = document.querySelector("[data-list-keys-said]");
const search = document.querySelector(".list-filters [type=search]");
const names = [...document.querySelectorAll("#list .person-name a")];
let before = null; // the element that had the focus before the search field

const rowOf = (element) => element.closest("tr");
const place = () => names.findIndex((name) => rowOf(name).contains(document.activeElement));

function step(by) {
  const from = place();
  const next = names[from < 0 ? 0 : from + by];
  next?.focus();
  return Boolean(next);
}

function tick() {
  const box = names[place()] && rowOf(names[place()]).querySelector("[name=who]");
  if (!box) return false;
  box.click();
  said.textContent = box.checked ? said.dataset.chosen : said.dataset.notChosen;
  return true;
}

function leave() {
  if (before?.isConnected) before.focus();
  else search.blur();
  return true;
}

function close(menu) {
  menu.open = false;
  menu.querySelector("summary").focus();
  return true;
}

function find() {
  search.focus();
  search.select();
  return true;
}

function actOf({ key, repeat, target }) {
  if (target === search && key === "Escape") return leave;
  if (target.closest(TYPED_IN)) return null;
  const menu = target.closest(".row-menu[open]");
  if (menu && key === "Escape") return () => close(menu);
  if (names.includes(target) && key === "ArrowDown") return () => step(1);
  if (names.includes(target) && key === "ArrowUp") return () => step(-1);
  return { "/": find, j: () => step(1), k: () => step(-1), x: repeat ? null : tick }[key];
}

function press(event) {
  const isCombined = event.ctrlKey || event.altKey || event.metaKey || (event.shiftKey && event.key !== "/");
  const isTaken = event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]");
  if (!isOn.checked || isCombined || isTaken) return;
  if (actOf(event)?.()) event.preventDefault();
}

function remember() {
  try {
    if (isOn.checked) localStorage.removeItem(KEPT);
    else localStorage.setItem(KEPT, "off");
  } catch {} // a browser that stores nothing turns the keys off until the page is left
  show();
}

function show() {
  if (isOn.checked) search.setAttribute("aria-keyshortcuts", "/");
  else search.removeAttribute("aria-keyshortcuts");
}

try {
  isOn.checked = localStorage.getItem(KEPT) !== "off";
} catch {
  isOn.checked = true;
}
show();
help.hidden = false;
isOn.addEventListener("change", remember);
search.addEventListener("focus", (event) => (before = event.relatedTarget));
document.addEventListener("keydown", press);
