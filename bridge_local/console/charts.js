// The charts of the Service dashboard, as SVG.

import { h } from "./dom.js";

const WIDE = 300;
const HIGH = 90;
const COLOURS = 8;

export function charts(answer) {
  if (!answer) return null;
  const speed = Math.round(answer.speed * 10) / 10;
  const words = speed === 1 ? "as in AWS" : `time passes ${speed} times quicker here than in AWS`;
  return h("section", { key: "charts", class: "card" },
    h("h2", {}, "Service dashboard"),
    h("p", { class: "soft" }, `From the template's own definition; ${words}.`),
    h("div", { class: "charts" }, answer.charts.map((chart, number) => one(chart, `${number} ${chart.title}`))),
    h("p", { class: "soft only" }, "Only in AWS: ", answer.charts.filter((chart) => chart.instead)
      .map((chart) => `${chart.title} (here: ${chart.instead})`).join("; "), "."));
}

function one(chart, key) {
  if (chart.type === "text") return h("div", { key, class: "chart wide words" }, lines(chart.text));
  if (!chart.lines) return null;
  const body = chart.view === "singleValue" ? numbers(chart) : graph(chart);
  return h("figure", { key, class: chart.width > 12 ? "chart wide" : "chart" },
    h("figcaption", {}, chart.title), body,
    chart.only.length > 0 && h("p", { class: "soft only" }, "Only in AWS: ", chart.only.join(", ")));
}

function lines(markdown) {
  const text = markdown.replace(/\[([^\]]+)\]\([^)]*\)/g, "$1").replace(/[#*`]/g, "");
  return text.split(/\n+/).filter((line) => line.trim()).map((line, number) => h("p", { key: number }, line.trim()));
}

function last(values) {
  for (let at = values.length - 1; at >= 0; at -= 1) if (values[at] !== null) return values[at];
  return null;
}

function say(value) {
  if (value === null) return "none";
  return Number.isInteger(value) ? String(value) : value.toPrecision(3);
}

function numbers(chart) {
  if (!chart.lines.length) return h("p", { class: "none" }, "Nothing yet.");
  return h("dl", { class: "numbers" }, chart.lines.map((line) => h("div", { key: line.label },
    h("dt", {}, line.label), h("dd", {}, say(last(line.values))))));
}

function graph(chart) {
  const told = chart.lines.filter((line) => line.values.some((value) => value !== null));
  if (!told.length) return h("p", { class: "none" }, "Nothing yet.");
  const steps = told[0].values.length;
  const sums = Array.from({ length: steps }, (_, at) => told.reduce((sum, line) => sum + (line.values[at] || 0), 0));
  const tops = chart.stacked ? sums : told.flatMap((line) => line.values.map((value) => value || 0));
  const top = Math.max(1, ...tops, ...chart.thresholds.map((each) => each.value));
  const x = (at) => (at / (steps - 1)) * WIDE;
  const y = (value) => HIGH - (value / top) * (HIGH - 4);
  const words = `${chart.title}: ${told.map((line) => `${line.label} ${say(last(line.values))}`).join(", ")}`;
  return [
    h("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, preserveAspectRatio: "none", role: "img", "aria-label": words },
      h("line", { class: "axis", x1: 0, x2: WIDE, y1: HIGH, y2: HIGH }),
      chart.stacked ? bars(told, steps, x, y) : told.map((line, number) => path(line, number, x, y)),
      chart.thresholds.map((each) => h("line", { key: `at ${each.label}`, class: "threshold", x1: 0, x2: WIDE, y1: y(each.value), y2: y(each.value) }))),
    h("p", { class: "scale soft" }, h("span", {}, clock(chart.start)), h("span", {}, `most ${say(Math.max(...tops))}`), h("span", {}, clock(chart.start + chart.step * steps))),
    h("ul", { class: "legend plain" }, told.map((line, number) => h("li", { key: line.label },
      h("span", { class: `swatch c${number % COLOURS}`, "aria-hidden": "true" }), `${line.label} `, h("b", {}, say(last(line.values))))),
      chart.thresholds.map((each) => h("li", { key: `at ${each.label}` }, h("span", { class: "swatch line", "aria-hidden": "true" }), `${each.label || "threshold"} ${say(each.value)}`))),
  ];
}

function path(line, number, x, y) {
  let text = "";
  let drawn = false;
  const dots = [];
  line.values.forEach((value, at) => {
    if (value === null) { drawn = false; return; }
    text += `${drawn ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    const alone = line.values[at - 1] == null && line.values[at + 1] == null;
    if (alone) dots.push(h("circle", { key: at, class: `f${number % COLOURS}`, cx: x(at), cy: y(value), r: 2 }));
    drawn = true;
  });
  return [h("path", { key: line.label, class: `line s${number % COLOURS}`, d: text }), dots.length > 0 && h("g", { key: `dots ${line.label}` }, dots)];
}

function bars(told, steps, x, y) {
  const wide = (WIDE / steps) * 0.8;
  const found = [];
  for (let at = 0; at < steps; at += 1) {
    let below = 0;
    told.forEach((line, number) => {
      const value = line.values[at];
      if (!value) return;
      const height = y(below) - y(below + value);
      found.push(h("rect", { key: `${at} ${line.label}`, class: `f${number % COLOURS}`, x: Math.min(x(at), WIDE - wide), y: y(below + value), width: wide, height }));
      below += value;
    });
  }
  return found;
}

function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString("en-GB");
}
