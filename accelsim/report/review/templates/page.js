// The page's data, and elements made of it. Every text goes in as text, never as markup.

const data = JSON.parse(document.getElementById("data").textContent);
const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

function make(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

function draw(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

function say(text) {
  document.getElementById("status").textContent = text;
}

// Which schemes are shown, in every plot and table at once.
const shown = new Set(data.schemes.keys());
const watchers = [];

function toggleScheme(index) {
  if (!shown.delete(index)) shown.add(index);
  if (!shown.size) shown.add(index);
  watchers.forEach((watcher) => watcher());
  const names = data.schemes.filter((_, place) => shown.has(place)).map((scheme) => scheme.name);
  say(`Shown: ${names.join(", ")}`);
}

function shownSchemes() {
  return data.schemes.map((scheme, index) => ({ ...scheme, index })).filter((scheme) => shown.has(scheme.index));
}
