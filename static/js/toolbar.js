// Buttons and keyboard shortcuts that write into a text field: Markdown, and the replacement that a hint knows.
// Without a script the toolbar stays hidden, and the button beside a hint sends the form.
// <div role="toolbar" data-toolbar="id-of-the-field" hidden><button type="button" data-mark="bold">…</button>…</div>
// <div data-care="sv">… <button data-replace="name-of-the-field" data-line="3" data-column="7" data-words="…" data-better="…">
// Shown instead of the toolbar without a script: <p data-toolbar-none="id-of-the-field">…</p>
// Tab reaches the toolbar once; arrow keys, Home and End go from button to button (WAI-ARIA, toolbar pattern).
const AROUND = { bold: "**", italic: "*" };
const BEFORE = { heading: "## ", subheading: "### ", quote: "> ", list: "- ", numbers: "1. " };
const LEVELS = /^(#{1,6} |> |- |\d+\. )/;
const KEYS = { b: "bold", i: "italic", k: "link" };

// Insert like typing, so that the browser's own undo takes it back; if the browser cannot, replace the text directly.
function write(field, text, from, to, [start, end]) {
  field.focus();
  field.setSelectionRange(from, to);
  const done = text ? document.execCommand("insertText", false, text) : document.execCommand("delete");
  if (!done) {
    field.setRangeText(text, from, to);
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
  field.setSelectionRange(start, end);
}

function around(field, sign) {
  const { selectionStart: from, selectionEnd: to, value } = field;
  const said = value.slice(from, to);
  const [before, after] = [value.slice(0, from), value.slice(to)];
  // One star is italics, two are bold, three are both.
  const stars = Math.min(/\**$/.exec(before)[0].length, /^\**/.exec(after)[0].length);
  const size = sign.length;
  const isMarked = size === 1 ? stars % 2 === 1 : stars >= 2;
  if (isMarked) write(field, said, from - size, to + size, [from - size, to - size]);
  else write(field, sign + said + sign, from, to, [from + size, to + size]);
}

function before(field, mark) {
  const { selectionStart, selectionEnd, value } = field;
  const from = value.lastIndexOf("\n", selectionStart - 1) + 1;
  const rest = value.indexOf("\n", selectionEnd);
  const to = rest < 0 ? value.length : rest;
  const lines = value.slice(from, to).split("\n");
  const signs = lines.map((_line, number) => (mark === "numbers" ? `${number + 1}. ` : BEFORE[mark]));
  const isMarked = lines.every((line, number) => line.startsWith(signs[number]));
  const written = lines.map((line, number) => (isMarked ? "" : signs[number]) + line.replace(LEVELS, "")).join("\n");
  const end = from + written.length;
  write(field, written, from, to, [lines.length > 1 ? from : end, end]);
}

function link(field) {
  const { selectionStart: from, selectionEnd: to, value } = field;
  const said = value.slice(from, to);
  const address = from + said.length + 3;
  // Select the part of the link that has to be written next: its words if there are none, else its address.
  const next = said ? [address, address + 8] : [from + 1, from + 1];
  write(field, `[${said}](https://)`, from, to, next);
}

// Put the mark of an image at the cursor, in a paragraph of its own: a mark among other words shows no image.
function image(field, key) {
  const { selectionEnd: at, value } = field;
  const ends = /\n*$/.exec(value.slice(0, at))[0].length;
  const begins = /^\n*/.exec(value.slice(at))[0].length;
  const above = at > ends ? "\n".repeat(Math.max(0, 2 - ends)) : "";
  const below = "\n".repeat(Math.max(0, 2 - begins));
  const written = `${above}{{image ${key}}}${below}`;
  write(field, written, at, at, [at + written.length, at + written.length]);
}

function put(field, mark) {
  if (mark in AROUND) around(field, AROUND[mark]);
  else if (mark in BEFORE) before(field, mark);
  else if (mark === "image") {
    const detail = (key) => image(field, key);
    field.dispatchEvent(new CustomEvent("choose-image", { bubbles: true, detail }));
  } else link(field);
}

function rove(buttons, button) {
  for (const each of buttons) each.tabIndex = each === button ? 0 : -1;
}

for (const toolbar of document.querySelectorAll("[data-toolbar]")) {
  const field = document.getElementById(toolbar.dataset.toolbar);
  const buttons = [...toolbar.querySelectorAll("button")];
  const steps = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
  toolbar.hidden = false;
  document.querySelector(`[data-toolbar-none="${field.id}"]`).hidden = true;
  rove(buttons, buttons[0]);
  toolbar.addEventListener("click", ({ target }) => {
    const button = target.closest("button");
    if (!button) return;
    rove(buttons, button);
    put(field, button.dataset.mark);
  });
  toolbar.addEventListener("keydown", (event) => {
    if (!(event.key in steps)) return;
    event.preventDefault();
    const wanted = buttons.indexOf(document.activeElement) + steps[event.key];
    const next = buttons[Math.max(0, Math.min(buttons.length - 1, wanted))];
    rove(buttons, next);
    next.focus();
  });
  field.addEventListener("keydown", (event) => {
    const mark = KEYS[event.key.toLowerCase()];
    if (!mark || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    put(field, mark);
  });
}

// Columns are counted in characters by the server and in UTF-16 units here. The server counts lines from the first one
// that has words, because it removes the empty ones above.
function placeOf(value, { line, column, words }) {
  const lines = value.split("\n");
  const begins = Math.max(0, lines.findIndex((each) => each.trim()));
  const number = begins + Number(line) - 1;
  const said = lines[number] ?? "";
  const above = lines.slice(0, number).join("\n").length + (number > 0 ? 1 : 0);
  const at = [...said].slice(0, column).join("").length;
  if (said.startsWith(words, at)) return above + at;
  // Somebody has typed before the hint's words meanwhile: use the only place in the line that has these words.
  const only = said.indexOf(words);
  return only >= 0 && only === said.lastIndexOf(words) ? above + only : -1;
}

function replaceWords(button, field) {
  const { line, column, words, better } = button.dataset;
  const from = placeOf(field.value, button.dataset);
  const longer = better.length - words.length;
  const moved = (at) => (at > from ? Math.max(from, at + longer) : at);
  const cursor = [field.selectionStart, field.selectionEnd].map(moved);
  const [active, { scrollX, scrollY }, { scrollTop }] = [document.activeElement, window, field];
  const buttons = [...button.closest("[data-care]").querySelectorAll("[data-replace]")];
  const next = buttons[buttons.indexOf(button) + 1] ?? buttons[buttons.indexOf(button) - 1] ?? field;
  for (const { dataset } of buttons) {
    const isBehind = dataset.replace === field.name && dataset.line === line && Number(dataset.column) > Number(column);
    if (isBehind) dataset.column = Number(dataset.column) + [...better].length - [...words].length;
  }
  write(field, better, from, from + words.length, cursor);
  button.closest("li").remove();
  (active === button ? next : active).focus({ preventScroll: true });
  field.scrollTop = scrollTop;
  window.scrollTo(scrollX, scrollY);
}

// Ctrl+S or Cmd+S, with which other programs save a text, saves the form.
for (const form of document.querySelectorAll("form:has([data-toolbar])")) {
  form.addEventListener("keydown", (event) => {
    const isSave = event.key.toLowerCase() === "s" && (event.ctrlKey || event.metaKey);
    if (!isSave || event.altKey || event.shiftKey) return;
    event.preventDefault();
    form.requestSubmit();
  });
}

// Hints come and go while somebody types, so their form listens for their buttons.
for (const form of new Set([...document.querySelectorAll("[data-care]")].map((care) => care.closest("form")))) {
  // Do not let a hint's button that is pressed by mouse take the cursor out of the text field.
  form.addEventListener("mousedown", (event) => {
    if (event.target.closest("[data-replace]")) event.preventDefault();
  });
  form.addEventListener("click", (event) => {
    const button = event.target.closest("[data-replace]");
    const field = button && form.elements[button.dataset.replace];
    if (!field) return;
    event.preventDefault();
    // The words that the hint is about have changed: ask the server for new hints, as typing does.
    if (placeOf(field.value, button.dataset) < 0) field.dispatchEvent(new Event("input", { bubbles: true }));
    else replaceWords(button, field);
  });
}
