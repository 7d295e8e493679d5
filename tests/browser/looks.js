// What axe-core reads of a page that can change with its look (its width, its colour scheme, forced colours): see looks.py.
// An element is named by its index in all().
window.looks = (() => {
  const TARGETS = "a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex]";
  const FIELDS = ["INPUT", "SELECT", "TEXTAREA", "BUTTON"];
  const PICTURES = ["IMG", "svg", "VIDEO", "CANVAS"];
  const BLOCKS = ["flex", "flow-root", "grid"];
  const CLEAR = "rgba(0, 0, 0, 0)";
  // Those of axe's reasons for not judging a text's contrast that hold for all texts of the same kind.
  const PAINTED = ["bgGradient", "bgImage", "imgNode", "pseudoContent", "shortTextContent", "nonBmp"];
  // Attributes of which axe asks only whether there are words in them; it reads no data-… at all.
  const TEXTS = ["alt", "title", "placeholder", "value", "label", "summary", "aria-label", "aria-roledescription", "aria-valuetext"];
  const ADDRESSES = ["href", "xlink:href", "src", "srcset", "action", "formaction"];
  const REFERENCES = ["id", "for", "form", "headers", "list", "aria-labelledby", "aria-describedby", "aria-controls", "aria-owns",
    "aria-details", "aria-errormessage", "aria-activedescendant"];
  const LANGUAGES = ["lang", "hreflang"];
  const CHOSEN = ["checked", "selected"]; // attributes that axe reads only beside aria-checked
  const CURRENT = ["page", "true"]; // the values of aria-current that axe allows on any element
  const SHAPES = ["viewBox", "d", "x", "y", "dx", "dy", "width", "height", "transform", "points"]; // attributes of a drawing, none of which axe reads
  const READ = ["sv", "en"]; // the languages of the site; axe knows both
  // All elements except the options of drop-down lists, of which one language may have more than the other.
  const all = () => [...document.querySelectorAll("*:not(select:not([multiple], [size]) option)")];

  // Return five things of the page as it looks now. A sum is a checksum of all that it covers.
  // displayed  a sum of what is displayed and how; most rules of axe read only this and the skeleton(), the document
  //            without its words
  // places     a sum of the positions of links, buttons and fields in their parents, and of what scrolls
  // links      a sum of how links stand out from the text around them
  // kinds      the indexes of the elements with text by kind. Texts of one kind have the same colour, count both as
  //            large or as small, and have the same things painted under and over them, so they have the same contrast.
  // painted    a sum of the kinds of all texts in their order
  // kinds and painted are left out unless the caller asks for them, because they take most of the time.
  const read = (asksForKinds = true) => {
    const displayed = [], places = [], links = [], painters = [], texts = [], layers = new Map();
    all().forEach((element, index) => {
      const style = getComputedStyle(element), box = element.getBoundingClientRect();
      const [isEmpty, isOff] = [!box.width || !box.height, box.right <= 0 || box.bottom + scrollY <= 0];
      const { visibility, position, opacity, overflowX, overflowY } = style;
      const display = BLOCKS.includes(style.display) ? "block" : style.display;
      displayed.push(display, visibility, position, opacity === "0", overflowX, overflowY, style.clipPath, style.clip,
        style.contentVisibility, isEmpty, isOff);
      if (["auto", "scroll"].includes(overflowX) || ["auto", "scroll"].includes(overflowY)) {
        places.push(element.scrollWidth > element.clientWidth, element.scrollHeight > element.clientHeight);
      }
      if (isEmpty && !FIELDS.includes(element.tagName)) return; // axe judges fields that are not displayed, too
      if (element.matches(TARGETS)) places.push(...beside(box, element.parentElement.getBoundingClientRect()));
      if (element.tagName === "A") links.push(standing(style), standing(getComputedStyle(element.parentElement)));
      if (!asksForKinds) return;
      const effects = [opacity, style.filter, style.mixBlendMode].join();
      const layer = (layers.get(element.parentElement) || "") + (effects === "1,none,normal" ? "" : effects);
      layers.set(element, layer);
      const around = [layer, position === "static" ? "" : position + style.zIndex];
      const isPicture = PICTURES.includes(element.tagName);
      if (isPicture || paints(style)) painters.push({ element, box, paint: sum([isPicture, paint(style), ...around]) });
      for (const part of ["::before", "::after"].map((name) => getComputedStyle(element, name))) {
        if (["none", "normal"].includes(part.content) || !paints(part)) continue;
        painters.push({ element, box, paint: sum([paint(part), part.position, part.width, part.height, ...around]) });
      }
      const words = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE).map((node) => node.data).join("").trim();
      if (words || FIELDS.includes(element.tagName)) texts.push({ element, index, style, box, layer, words });
    });
    const [kinds, painted] = byKind(texts, painters);
    return { displayed: sum(displayed), places: sum(places), links: sum(links), kinds: Object.fromEntries(kinds), painted };
  };

  // Return a sum of the document without its words, addresses and language. Two pages have one skeleton when they have the
  // same elements with the same attributes in the same order, where the same elements and attributes have words, the same
  // links lead into the page itself, and the same elements refer to each other by id. The rules that are neither about
  // colours nor about positions then find the same faults on both pages: they ask whether a name, a label or a language
  // is there, but not which. They ask no more of the second option of a list than of the first.
  function skeleton() {
    const numbers = new Map();
    for (const { id } of all()) if (id && !numbers.has(id)) numbers.set(id, numbers.size);
    const essence = (element, name, value) => {
      if (element instanceof SVGElement && SHAPES.includes(name)) return "a shape";
      if (TEXTS.includes(name) || name.startsWith("data-")) return extent(value);
      if (name === "content" && element.name !== "viewport" && !element.httpEquiv) return extent(value);
      if (REFERENCES.includes(name)) return value.split(/\s+/).map((id) => numbers.get(id)).join(" ");
      if (LANGUAGES.includes(name) && READ.includes(value)) return "a language";
      if (!ADDRESSES.includes(name) || element.rel === "stylesheet") return value;
      const [page, hash] = value.split("#");
      return [extent(page), /^\w+:/.exec(value), element.pathname === location.pathname, numbers.get(hash)].join(" ");
    };
    const describe = (element) => {
      const words = [...element.attributes].filter(({ name, value }) => !CHOSEN.includes(name) && !(name === "aria-current" && CURRENT.includes(value)))
        .map(({ name, value }) => `${name}=${essence(element, name, value)}`);
      if (FIELDS.includes(element.tagName)) words.push(extent(element.value));
      if (element.hasAttribute("aria-checked")) words.push(element.checked);
      const inner = [];
      for (const node of element.childNodes) {
        if (node.nodeType === Node.ELEMENT_NODE) {
          const described = describe(node);
          if (node.tagName !== "OPTION" || described !== inner.at(-1)) inner.push(described);
        } else if (node.nodeType === Node.TEXT_NODE && node.data.trim()) inner.push(hasLetters(node.data) ? "words" : "signs");
      }
      return `${element.tagName}[${words.join()}](${inner.join()})`;
    };
    return sum([describe(document.documentElement)]);
  }

  function hasLetters(words) {
    return /[\p{L}\p{N}]/u.test(words);
  }

  function extent(words) {
    if (words === "") return "nothing";
    return words.trim() ? "words" : "blank";
  }

  function byKind(texts, painters) {
    const kinds = new Map(), painted = [], range = document.createRange();
    for (const { element, index, style, box, layer, words } of texts) {
      range.selectNodeContents(element);
      const area = around(box, range.getBoundingClientRect());
      const [size, weight] = [parseFloat(style.fontSize), Number(style.fontWeight)];
      const isLarge = size >= 24 || (weight >= 700 && size >= 18.66);
      const under = painters.filter((painter) => meet(painter.box, area)).map((painter) => [
        painter.paint, painter.element.contains(element), holds(painter.box, area),
      ].join());
      const key = sum([style.color, style.fill, style.webkitTextFillColor, style.webkitTextStroke, style.textShadow, isLarge, layer,
        FIELDS.includes(element.tagName), words.length === 1, hasLetters(words), ...under]);
      kinds.set(key, [...(kinds.get(key) || []), index]);
      painted.push(key);
    }
    return [kinds, sum(painted)];
  }

  // The elements to which axe's rule about contrast is limited while judge() runs; it also looks at the elements in them.
  let chosen = null;
  const isChosen = (element) => {
    for (let each = element; each; each = each.parentElement) if (chosen.has(each)) return true;
    return false;
  };
  const contrast = axe._audit.rules.find(({ id }) => id === "color-contrast");
  const concerns = contrast.matches;
  contrast.matches = (element, ...told) => (!chosen || isChosen(element)) && concerns.call(contrast, element, ...told);

  // Run axe on the whole page, its rule about contrast on the elements with these indexes alone. Return its violations as
  // sentences, the indexes of the elements whose contrast it has judged and of those that are good (or cannot be judged for
  // what is painted there), and whether a link in a sentence stands out by its colour alone.
  const judge = async ([options, indexes]) => {
    const elements = all();
    chosen = new Set(indexes.map((index) => elements[index]));
    const resultTypes = ["violations", "passes", "incomplete"];
    const answer = await axe.run(document, { ...options, resultTypes, elementRef: true, selectors: false });
    chosen = null;
    const nodes = (type, rule) => answer[type].filter(({ id }) => id === rule).flatMap((each) => each.nodes);
    const contrasts = resultTypes.map((type) => nodes(type, "color-contrast"));
    const [, passed, incomplete] = contrasts;
    const isPainted = ({ any }) => PAINTED.includes(any[0]?.data?.messageKey);
    const places = (found) => found.map(({ element }) => elements.indexOf(element));
    return {
      violations: answer.violations.flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} – ${node.failureSummary}`)),
      judged: places(contrasts.flat()),
      good: places([...passed, ...incomplete.filter(isPainted)]),
      hasColouredLinks: nodes("passes", "link-in-text-block").some(({ any }) => !any.some(({ id }) => id === "link-in-text-block-style")),
    };
  };

  function standing({ display, color, fontWeight, fontStyle, fontSize, textDecorationLine, borderBottom, backgroundImage }) {
    return [display, color, fontWeight, fontStyle, fontSize, textDecorationLine, borderBottom, backgroundImage].join();
  }

  function paints({ backgroundColor, backgroundImage }) {
    return backgroundColor !== CLEAR || backgroundImage !== "none";
  }

  function paint({ backgroundColor, backgroundImage }) {
    return [backgroundColor, backgroundImage].join();
  }

  function beside(box, parent) {
    return [box.left - parent.left, box.top - parent.top, box.width, box.height].map(Math.round);
  }

  function around(one, other) {
    const [left, right] = [Math.min(one.left, other.left), Math.max(one.right, other.right)];
    return { left, right, top: Math.min(one.top, other.top), bottom: Math.max(one.bottom, other.bottom) };
  }

  function meet(one, other) {
    return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
  }

  function holds(outer, inner) {
    return outer.left <= inner.left + 1 && outer.right >= inner.right - 1 && outer.top <= inner.top + 1 && outer.bottom >= inner.bottom - 1;
  }

  // Return a number for a list, which another list has by chance once in 2⁵³ (cyrb53).
  function sum(parts) {
    const words = parts.join("|");
    let [high, low] = [0xdeadbeef, 0x41c6ce57];
    for (let i = 0; i < words.length; i++) {
      const code = words.charCodeAt(i);
      high = Math.imul(high ^ code, 2654435761);
      low = Math.imul(low ^ code, 1597334677);
    }
    high = Math.imul(high ^ (high >>> 16), 2246822507) ^ Math.imul(low ^ (low >>> 13), 3266489909);
    low = Math.imul(low ^ (low >>> 16), 2246822507) ^ Math.imul(high ^ (high >>> 13), 3266489909);
    return 4294967296 * (2097151 & low) + (high >>> 0);
  }

  return { all, read, judge, skeleton };
})();
