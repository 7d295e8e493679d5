// Opens the event's images in a dialog, to put one into a text or to choose one in a form. The server makes the list:
// a page of its own, which serves those who have no script.
// <dialog data-image-dialog="address of that page" data-failed="…"><form role="search">…</form>
//   <p role="status" data-choices-said></p><div data-choices-shown></div></dialog>
// A text field asks by an event: new CustomEvent("choose-image", { bubbles: true, detail: (key) => … }).
// <fieldset data-image-field><div data-image-list>…</div><button type="button" data-image-more hidden>…</button></fieldset>
const PAUSE = 300; // milliseconds without a key before a search is sent

const dialog = document.querySelector("[data-image-dialog]");
const search = dialog.querySelector("form");
const [said, shown] = ["said", "shown"].map((name) => dialog.querySelector(`[data-choices-${name}]`));
let use = null;
let asking = null;
let timer = 0;

async function load(address) {
  clearTimeout(timer);
  asking?.abort();
  asking = new AbortController();
  try {
    const answer = await fetch(address, { redirect: "manual", signal: asking.signal });
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const choices = page.querySelector("[data-choices]");
    for (const line of choices.querySelectorAll("[data-mark-line]")) line.remove();
    for (const button of choices.querySelectorAll("[data-choose]")) button.hidden = false;
    // If an image of the old list has the focus, give the focus to the same image in the new list, else to the search.
    const left = document.activeElement;
    const isLeft = shown.contains(left);
    shown.replaceChildren(...choices.childNodes);
    if (isLeft) (shown.querySelector(`[data-choose="${left.dataset.choose}"]`) ?? search.elements.q).focus();
    said.textContent = choices.dataset.choices;
  } catch (error) {
    if (error.name !== "AbortError") said.textContent = dialog.dataset.failed;
  }
}

function look() {
  const words = search.elements.q.value.trim();
  load(dialog.dataset.imageDialog + (words ? `?${new URLSearchParams({ q: words })}` : ""));
}

function open(then) {
  use = then;
  dialog.showModal();
  search.querySelector("input").focus();
  look();
}

// Check the image's radio button; an image that the form does not show yet goes after the first choice, "no image".
function pick(list, key, item) {
  let box = list.querySelector(`input[value="${key}"]`);
  if (!box) {
    const first = list.firstElementChild;
    const copy = first.cloneNode(true);
    box = copy.querySelector("input");
    const label = copy.querySelector("label");
    box.removeAttribute("checked");
    box.value = key;
    box.id += `-${key}`;
    label.htmlFor = box.id;
    label.textContent = item.dataset.alt;
    copy.prepend(item.querySelector("picture").cloneNode(true));
    first.after(copy);
  }
  box.checked = true;
  box.focus();
  box.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("choose-image", ({ detail }) => open(detail));
for (const field of document.querySelectorAll("[data-image-field]")) {
  const list = field.querySelector("[data-image-list]");
  const button = field.querySelector("[data-image-all]");
  button.hidden = false;
  for (const more of field.querySelectorAll("[data-image-more]")) more.hidden = true;
  button.addEventListener("click", () => open((key, item) => pick(list, key, item)));
}
search.addEventListener("submit", (event) => {
  event.preventDefault();
  look();
});
search.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(look, PAUSE);
});
shown.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-choose]");
  const link = event.target.closest("a");
  if (button) {
    dialog.close();
    use(button.dataset.choose, button.closest("li"));
  } else if (link) {
    event.preventDefault();
    await load(link.href);
    shown.querySelector("[data-choose]")?.focus();
  }
});
dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
