// Measures of how a page looks. Each function returns its faults as sentences, or an empty list.
// measures.py calls the functions; each has a control in test_measures.py that shows that it can fail.
window.measures = (() => {
  const TARGETS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [role=button], [role=link]";
  const SMALLEST = 24;
  // By a field's name: the attributes by which a browser fills it in and a phone chooses its keyboard (A04).
  const PURPOSES = {
    given_name: { autocomplete: "given-name" },
    family_name: { autocomplete: "family-name" },
    email: { type: "email", autocomplete: "email", spellcheck: "false" },
    contact_email: { type: "email", autocomplete: "off", spellcheck: "false" }, // the address of the event's contact, not that of the organiser who types
    organisation: { autocomplete: "organization" },
    title: { autocomplete: "organization-title" },
    country: { autocomplete: "country" },
    phone: { type: "tel", autocomplete: "tel", spellcheck: "false" },
    real_name: { autocomplete: "off" }, // a shared computer must not suggest a real name to others
    reason: { autocomplete: "off" }, // a shared computer must not suggest why somebody cannot come
    words: { autocomplete: "off" }, // a shared computer must not suggest to what somebody objects
    lines: { autocomplete: "off" }, // the field takes pasted rows about other people
    line: { autocomplete: "off" }, // an answer to a question of the event: a browser knows nothing that fits
    password: { type: "password", autocomplete: "current-password", spellcheck: "false" },
    new_password: { type: "password", autocomplete: "new-password", spellcheck: "false" },
    code: { autocomplete: "one-time-code", spellcheck: "false" },
    q: { type: "search" },
    event: {}, // the field chooses the event to which a search is limited, and says nothing about a person
  };

  // The answers that `remembered` keeps for elements. They hold while the page stands still: run() forgets them first.
  const memories = [];

  // Return a function that answers as the given one, but remembers its answer for each element.
  function remembered(answer) {
    const memory = new Map();
    memories.push(memory);
    return (element) => {
      if (!memory.has(element)) memory.set(element, answer(element));
      return memory.get(element);
    };
  }

  const name = (element) => {
    const classes = (element.getAttribute("class") || "").trim().replace(/\s+/g, ".");
    const words = (element.textContent || element.value || "").trim().replace(/\s+/g, " ").slice(0, 40);
    return `<${element.tagName.toLowerCase()}${classes ? "." + classes : ""}> "${words}"`;
  };

  // Return whether an element can be seen: neither hidden, nor clipped to nothing (text for screen readers only), nor
  // above the page like the skip link before it is focused.
  const isSeen = remembered((element) => {
    if (!element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true }) || isClipped(element)) return false;
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && box.bottom + scrollY > 0;
  });

  const isClipped = remembered((element) => {
    if (!element || element === document.documentElement) return false;
    return getComputedStyle(element).clipPath === "inset(50%)" || isClipped(element.parentElement);
  });

  const scroller = remembered((element) => {
    if (!element || element === document.body) return null;
    return ["auto", "scroll"].includes(getComputedStyle(element).overflowX) ? element : scroller(element.parentElement);
  });

  // The page never scrolls sideways; only a wide table may, in a frame of its own.
  const sideways = () => {
    const width = document.documentElement.clientWidth;
    // On a phone a table of class "table-cards" shows its rows as cards, which must fit.
    for (const cards of document.querySelectorAll(".table-cards")) {
      const frame = scroller(cards);
      if (getComputedStyle(cards).display === "block" && frame?.scrollWidth > frame?.clientWidth) return ["cards scroll sideways"];
    }
    if (document.documentElement.scrollWidth <= width) return [];
    const wide = [...document.body.querySelectorAll("*")].filter(
      (element) => isSeen(element) && !scroller(element) && element.getBoundingClientRect().right > width + 0.5,
    );
    const leaves = wide.filter((element) => !wide.some((other) => other !== element && element.contains(other)));
    leaves.sort((one, other) => other.getBoundingClientRect().right - one.getBoundingClientRect().right);
    return [`the page is ${document.documentElement.scrollWidth} px wide in ${width}: ${leaves.slice(0, 3).map(name)}`];
  };

  // Each word stays within the box of its element.
  const spilt = () => {
    const BOXES = "button, .button, td, th, li, p, dt, dd, label, legend, h1, h2, h3, a, pre";
    const found = [];
    for (const [node, boxes] of words()) {
      const box = node.parentElement.closest(BOXES);
      if (!box || getComputedStyle(box).display.startsWith("inline") || scroller(node.parentElement)) continue;
      const edges = box.getBoundingClientRect();
      if (boxes.some((each) => each.right > edges.right + 1.5 || each.left < edges.left - 1.5)) found.push(name(box));
    }
    return found.map((each) => `words leave their box: ${each}`);
  };

  // No text is cut off: a box that hides its overflow has no text that overflows.
  const cut = () => {
    const found = [];
    for (const element of document.body.querySelectorAll("*")) {
      const style = getComputedStyle(element);
      const hides = ["hidden", "clip"].includes(style.overflowX) || ["hidden", "clip"].includes(style.overflowY);
      if (!hides || element instanceof SVGElement || !isSeen(element) || !element.textContent.trim()) continue;
      const tooWide = style.overflowX !== "visible" && element.scrollWidth > element.clientWidth + 1;
      const tooHigh = style.overflowY !== "visible" && element.scrollHeight > element.clientHeight + 1;
      if (tooWide || tooHigh) found.push(name(element));
    }
    return found.map((each) => `words are cut off: ${each}`);
  };

  // No words overlap other words.
  const overlaid = () => {
    const lines = [];
    for (const [node, boxes] of words()) {
      for (const box of boxes) lines.push({ node, box: shrunk(box) });
    }
    const found = [];
    lines.sort((one, other) => one.box.top - other.box.top);
    for (let i = 0; i < lines.length; i++) {
      for (let j = i + 1; j < lines.length && lines[j].box.top < lines[i].box.bottom; j++) {
        if (lines[i].node === lines[j].node || !meet(lines[i].box, lines[j].box)) continue;
        found.push(`${name(lines[i].node.parentElement)} and ${name(lines[j].node.parentElement)}`);
      }
    }
    return found.slice(0, 6).map((each) => `words lie on words: ${each}`);
  };

  // Each touch target is 24 px wide and high, or alone within a circle of 24 px; links inside a sentence are exempt.
  const small = () => {
    const all = [...document.querySelectorAll(TARGETS)].filter((element) => isSeen(element) && !inSentence(element));
    const places = all.map((element) => ({ element, box: areaOf(element) }));
    const isSmall = ({ box }) => box.width < SMALLEST - 0.5 || box.height < SMALLEST - 0.5;
    const crowded = places.filter((place) => isSmall(place) && places.some(
      (other) => other !== place && !other.element.contains(place.element) && !place.element.contains(other.element)
        && near(place.box, isSmall(other) ? circle(other.box) : other.box),
    ));
    return crowded.map(({ element, box }) => `${Math.round(box.width)} × ${Math.round(box.height)} px: ${name(element)}`);
  };

  // Links to different pages, and buttons that do different things, have different names (A20).
  const twins = () => {
    const things = new Map();
    for (const element of document.querySelectorAll("main :is(a[href], button)")) {
      if (!element.checkVisibility()) continue;
      const words = (element.getAttribute("aria-label") || element.textContent).trim().replace(/\s+/g, " ");
      const place = element.getAttribute("href")?.split("#")[0];
      const does = place ?? [element.formAction, element.name, element.value].join(" ");
      things.set(words, (things.get(words) || new Set()).add(does));
    }
    return [...things].filter(([, places]) => places.size > 1).map(([words]) => `several things are called "${words}"`);
  };

  // The accessible name of a link, button or field contains its visible text, so that it can be called by voice (A20).
  const spoken = () => {
    const named = [...document.querySelectorAll("a[aria-label], button[aria-label], input[aria-label]")].filter(isSeen);
    return named.filter((element) => !element.getAttribute("aria-label").includes(element.textContent.trim().replace(/\s+/g, " ")))
      .map((element) => `called "${element.getAttribute("aria-label")}": ${name(element)}`);
  };

  // Each field has a visible label without an asterisk, and no placeholder; its hint and error are tied to it (A03).
  const fields = () => {
    const found = [];
    for (const field of inputs()) {
      const label = [...(field.labels || [])].find(isSeen);
      if (!label) found.push(`no label is seen: ${field.name}`);
      if (field.placeholder) found.push(`a placeholder: ${field.name}`);
      if (label?.textContent.includes("*")) found.push(`an asterisk: ${field.name}`);
    }
    for (const words of document.querySelectorAll("main :is(.hint, .error)")) {
      const told = words.id && document.querySelector(`[aria-describedby~="${words.id}"]`);
      if (!told) found.push(`nothing is described by ${name(words)}`);
      else if (words.matches(".error") && told.matches(".input") && told.ariaInvalid !== "true") found.push(`not invalid: ${told.name}`);
    }
    return found;
  };

  // Radio buttons and checkboxes are in a named group. On an empty form only the page's own language is chosen (A05).
  const choices = () => {
    const found = [];
    for (const choice of inputs().filter((field) => ["radio", "checkbox"].includes(field.type))) {
      const legend = choice.closest("fieldset")?.querySelector("legend");
      if (!legend || !isSeen(legend)) found.push(`no group: ${choice.name}`);
      const isRead = choice.name === "language" && choice.value === document.documentElement.lang;
      const isEmpty = !inputs().some((field) => field.matches(".input") && field.value);
      if (choice.defaultChecked && !isRead && isEmpty && document.querySelector("[name=key]")) found.push(`chosen beforehand: ${choice.name}`);
    }
    return found;
  };

  // Each field of public and sign-in pages has the attributes, such as autocomplete, that PURPOSES lists for its name
  // (A04). In the console only fields for mail addresses and passwords are checked.
  const purposes = () => {
    const found = [];
    // What a contact tells of the people of a delegation must not be filled in with the contact's own data.
    const isOfAnother = (field) => /^people-\d+-/.test(field.name) || /\/r\/(delegation\/(\d+\/|add)|invitation\/.*\/colleague)/.test(location.pathname);
    const told = ".public .input:not([type=file]), .account .input, [type=password], [type=email]";
    for (const field of inputs().filter((each) => each.matches(told))) {
      const wanted = PURPOSES[field.name.split("-").pop()];  // the name without its form's prefix
      if (!wanted) found.push(`no purpose is listed for ${field.name}`);
      for (let [attribute, value] of Object.entries(wanted || {})) {
        const words = field.getAttribute(attribute);
        // On a form to sign in, the field for the mail address has autocomplete="username".
        if (value === "email" && attribute === "autocomplete" && field.closest(".account")) value = "username";
        if (attribute === "autocomplete" && isOfAnother(field)) value = "off";
        // A field without a purpose of the reader's own data names none; with "off", the browser's Back would empty it, so
        // that stands only where the forms' tests want it (test_going_back.py).
        if (attribute === "autocomplete" && value === "off" && words === null) continue;
        if (words !== value) found.push(`${field.name}: ${attribute} is ${words}, not ${value}`);
      }
    }
    return found;
  };

  // Each table has a caption, and each of its headings a scope (A09).
  const tables = () => {
    const found = [];
    for (const table of document.querySelectorAll("table:not([role=presentation])")) {
      const frame = table.closest("[role=region][aria-label]");  // a table in Markdown is named by its frame
      if (!table.caption?.textContent.trim() && !frame?.getAttribute("aria-label")) found.push(`no caption: ${name(table)}`);
      const headings = [...table.querySelectorAll("th")];
      if (!headings.length || headings.some((each) => !["col", "row", "colgroup", "rowgroup"].includes(each.scope))) found.push(`headings of nothing: ${name(table)}`);
    }
    return found;
  };

  // A link to a page in another language has that language as lang; the title begins with the page's heading; the first
  // link skips the header (A09).
  const tongues = () => {
    const found = [];
    for (const link of document.querySelectorAll("a[hreflang]")) if (link.lang !== link.hreflang) found.push(`whose language is unsaid: ${name(link)}`);
    for (const choice of document.querySelectorAll("input[type=radio][name=language]")) {
      if (choice.labels[0]?.lang !== choice.value) found.push(`whose language is unsaid: ${name(choice.labels[0])}`);
    }
    const heading = document.querySelector("h1")?.textContent.trim().replace(/\s+/g, " ") || "?";
    if (!document.title.replace(/^(Error|Fel): /, "").startsWith(heading)) found.push(`titled "${document.title}", headed "${heading}"`);
    const first = document.querySelector("a[href]");
    if (!first?.matches(".skip-link") || !document.querySelector("main" + first.hash)) found.push("no way past the head of the page");
    return found;
  };

  // Messages about something that has happened have a role, by which screen readers announce them (A19).
  const told = () => {
    const messages = [...document.querySelectorAll(".flash, .share-said, .error-summary")];
    return messages.filter((each) => !["status", "alert"].includes(each.role)).map((each) => `not told: ${name(each)}`);
  };

  // Nothing moves when the reader has asked for reduced motion.
  const motion = () => {
    const moves = [...document.querySelectorAll("*")].filter((element) => {
      const style = getComputedStyle(element);
      const times = `${style.transitionDuration}, ${style.animationDuration}`.split(", ").map(parseFloat);
      return times.some((seconds) => seconds > 0) || style.scrollBehavior === "smooth";
    });
    return moves.map((element) => `moves: ${name(element)}`);
  };

  // A printed page has all of the content, and no navigation, buttons or fields.
  const printed = () => {
    const found = [];
    const pressed = "header nav, .console-side, .button, .breadcrumbs, .pager, .filters, .share, .skip-link, input, select";
    for (const element of document.querySelectorAll(pressed)) {
      if (isSeen(element) && !element.matches("label input, .choice-box, .input")) found.push(`printed: ${name(element)}`);
    }
    if (!document.querySelector("main h1")?.checkVisibility()) found.push("the heading is not printed");
    for (const element of document.querySelectorAll("main :is(p, li, dt, dd, td, th, h2, h3)")) {
      const idle = ".button, .breadcrumbs, .pager, .filters, .share, .back, nav, .no-print, .visually-hidden, [hidden], .actions";
      if (element.closest(idle) || element.querySelector(idle) || !element.textContent.trim()) continue;
      if (!element.checkVisibility()) found.push(`not printed: ${name(element)}`);
    }
    const [red, green, blue] = getComputedStyle(document.body).backgroundColor.match(/\d+/g).map(Number);
    if (Math.min(red, green, blue) < 250) found.push("the paper is coloured");
    return found;
  };

  // Apply the text spacing that a page must bear (WCAG 1.4.12).
  const space = () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(`
      * { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important; }
      p { margin-block-end: 2em !important; }`);
    document.adoptedStyleSheets = [sheet];
  };

  function inputs() {
    const all = document.querySelectorAll("main :is(input:not([type=hidden]), select, textarea)");
    return [...all].filter((field) => isSeen(field) && !field.closest(".honeypot"));
  }

  // Return the text nodes that are seen, each with the boxes of its lines.
  const words = remembered(() => {
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      if (!node.data.trim() || !isSeen(node.parentElement) || node.parentElement.closest("option, select")) continue;
      const range = document.createRange();
      range.selectNodeContents(node);
      const frame = scroller(node.parentElement)?.getBoundingClientRect();
      const boxes = [...range.getClientRects()].filter((box) => box.width > 0.5 && (!frame || meet(box, frame)));
      if (boxes.length) found.push([node, frame ? boxes.map((box) => within(box, frame)) : boxes]);
    }
    return found;
  });

  // Shrink a line's box to the middle of its letters, because the box is higher than they are.
  function shrunk(box) {
    const rest = box.height * 0.3;
    return { left: box.left + 1, right: box.right - 1, top: box.top + rest, bottom: box.bottom - rest };
  }

  // Return the part of a box that its scrolling frame shows now.
  function within(box, frame) {
    const [left, right] = [Math.max(box.left, frame.left), Math.min(box.right, frame.right)];
    return { left, right, width: right - left, top: box.top, bottom: box.bottom, height: box.height };
  }

  function meet(one, other) {
    return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
  }

  function inSentence(element) {
    if (element.tagName !== "A" || getComputedStyle(element).display !== "inline") return false;
    const around = element.parentElement;
    return around.textContent.trim().length > element.textContent.trim().length + 3;
  }

  // Return the area of a link, which is larger than its words when its ::after covers a whole row.
  function areaOf(element) {
    const boxes = [element.getBoundingClientRect()];
    const after = getComputedStyle(element, "::after");
    if (after.position === "absolute" && after.inset === "0px") boxes.push(element.offsetParent.getBoundingClientRect());
    return boxes.reduce((one, other) => (other.width * other.height > one.width * one.height ? other : one));
  }

  function circle(box) {
    const [x, y, half] = [box.left + box.width / 2, box.top + box.height / 2, SMALLEST / 2];
    return { left: x - half, right: x + half, top: y - half, bottom: y + half };
  }

  function near(box, other) {
    const own = circle(box);
    const [x, y, half] = [(own.left + own.right) / 2, (own.top + own.bottom) / 2, SMALLEST / 2];
    const dx = Math.max(other.left - x, 0, x - other.right);
    const dy = Math.max(other.top - y, 0, y - other.bottom);
    return Math.hypot(dx, dy) < half;
  }

  // Return the faults that the measures of these names find, one after the other, in the page as it looks now.
  const run = (names) => {
    memories.forEach((memory) => memory.clear());
    return names.flatMap((name) => all[name]());
  };

  const all = {
    sideways, spilt, cut, overlaid, small, twins, spoken, fields, choices, purposes, tables, tongues, told, motion, printed,
  };
  return { run, space };
})();
