// A page as a function of data: `h` describes it, `patch` changes in the document only what differs. What a person has
// selected, focused, opened, typed or scrolled to stays, because its nodes stay.

const SVG = "http://www.w3.org/2000/svg";

export function h(tag, attrs, ...children) {
  return { tag, attrs: attrs || {}, children: flat(children) };
}

function flat(children) {
  return children.flat(Infinity).filter((each) => each !== null && each !== undefined && each !== false && each !== "")
    .map((each) => (typeof each === "object" ? each : String(each)));
}

export function patch(parent, wanted, ns) {
  wanted = flat([wanted]);
  const keyed = new Map();
  const free = [];
  for (const node of parent.childNodes) {
    if (node.$key !== undefined) keyed.set(node.$key, node);
    else free.push(node);
  }
  let at = parent.firstChild;
  for (const each of wanted) {
    let node = take(each, keyed, free);
    if (!node) node = create(each, ns);
    if (node === at) at = at.nextSibling;
    else parent.insertBefore(node, at);
    update(node, each, ns);
  }
  for (const node of [...keyed.values(), ...free]) if (node.parentNode === parent) parent.removeChild(node);
}

function take(wanted, keyed, free) {
  if (typeof wanted === "string") return pull(free, (node) => node.nodeType === 3);
  const key = wanted.attrs.key;
  if (key !== undefined) {
    const node = keyed.get(key);
    if (!node || node.localName !== wanted.tag) return null;
    keyed.delete(key);
    return node;
  }
  return pull(free, (node) => node.localName === wanted.tag);
}

function pull(free, suits) {
  const index = free.findIndex(suits);
  return index < 0 ? null : free.splice(index, 1)[0];
}

function create(wanted, ns) {
  if (typeof wanted === "string") return document.createTextNode(wanted);
  const space = wanted.tag === "svg" ? SVG : ns;
  const node = space ? document.createElementNS(space, wanted.tag) : document.createElement(wanted.tag);
  if (wanted.attrs.key !== undefined) node.$key = wanted.attrs.key;
  node.$attrs = {};
  // What a person changes afterwards is theirs: it is set once.
  for (const name of ["open", "value"]) if (wanted.attrs[name] !== undefined) node[name] = wanted.attrs[name];
  return node;
}

function update(node, wanted, ns) {
  if (typeof wanted === "string") {
    if (node.data !== wanted) node.data = wanted;
    return;
  }
  const before = node.$attrs || {};
  for (const [name, value] of Object.entries(wanted.attrs)) {
    if (name === "key" || name === "open" || name === "value" || before[name] === value) continue;
    if (name.startsWith("on")) node[name] = value;
    else if (value === false || value === null || value === undefined) node.removeAttribute(name);
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const name of Object.keys(before)) {
    if (name in wanted.attrs) continue;
    if (name.startsWith("on")) node[name] = null;
    else node.removeAttribute(name);
  }
  node.$attrs = wanted.attrs;
  patch(node, wanted.children, wanted.tag === "svg" ? SVG : ns);
}
