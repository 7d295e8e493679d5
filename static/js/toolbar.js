// Buttons and keyboard shortcuts that write Markdown into a text field. Without a script the toolbar stays hidden.
// <div role="toolbar" data-toolbar="id-of-the-field" hidden><button type="button" data-mark="bold">…</button>…</div>
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

function put(field, mark) {
  if (mark in AROUND) around(field, AROUND[mark]);
  else if (mark in BEFORE) before(field, mark);
  else link(field);
}

function rove(buttons, button) {
  for (const each of buttons) each.tabIndex = each === button ? 0 : -1;
}

for (const toolbar of document.querySelectorAll("[data-toolbar]")) {
  const field = document.getElementById(toolbar.dataset.toolbar);
  const buttons = [...toolbar.querySelectorAll("button")];
  const steps = { ArrowRight: 1, ArrowLeft: -1, Home: -Infinity, End: Infinity };
  toolbar.hidden = false;
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
