// Adds "Copy the link" to the menu of a row of the attendee list when the menu opens. Without a script the first item
// of the menu is the plain link. The copied link has no filters: a search may tell something about the person.
const list = document.querySelector("#list");
const said = document.querySelector("[data-link-said]");

function add(menu) {
  const first = menu.querySelector("li");
  const link = new URL(first.querySelector("a").href);
  link.search = "";
  const button = document.createElement("button");
  button.type = "button";
  button.className = "link-button";
  button.addEventListener("click", () => copy(button, link.href));
  const item = document.createElement("li");
  item.append(button);
  first.after(item);
  return button;
}

async function copy(button, link) {
  try {
    await navigator.clipboard.writeText(link);
    said.textContent = button.textContent = said.dataset.copied;
  } catch {
    said.textContent = button.textContent = `${said.dataset.failed} ${link}`;
  }
}

function begin({ target }) {
  said.textContent = "";
  if (target.open) (target.querySelector("button") ?? add(target)).textContent = said.dataset.copy;
}

// The event "toggle" of a row's menu does not bubble up to the list, so the list listens to its capturing phase.
if (navigator.clipboard) list.addEventListener("toggle", begin, true);
