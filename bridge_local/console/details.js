// One person or group, the journal, and what a person can play.

import { h } from "./dom.js";
import { button, entity } from "./views.js";

export function clock(at) {
  const moment = new Date(at);
  return Number.isNaN(moment.getTime()) ? at : moment.toLocaleTimeString("en-GB");
}

export function time(at) {
  const moment = new Date(at);
  if (Number.isNaN(moment.getTime())) return "";
  const today = moment.toDateString() === new Date().toDateString();
  return h("time", { datetime: at }, today ? moment.toLocaleTimeString("en-GB") : moment.toLocaleString("en-GB"));
}

/** A button that asks before it does something, with the reason that is kept. */
export function question(key, label, kind, words, asked, state, act) {
  const open = state.asking === key;
  const id = key.replace(/[^A-Za-z0-9]/g, "-");
  return h("div", { key, class: open ? "question open" : "question" },
    h("button", { type: "button", class: kind, "aria-expanded": open ? "true" : "false", disabled: state.busy === key, onclick: () => act.asking(key) }, label),
    open && h("form", { onsubmit: (event) => { event.preventDefault(); act.send({ ...asked, why: event.target.why.value }, key); } },
      h("p", {}, words),
      h("label", { for: id }, "Why (a ticket) "),
      h("input", { id, name: "why", value: "console", maxlength: "100", required: true }),
      h("button", { type: "submit", class: kind }, `Yes, ${label.toLowerCase()}`),
      h("button", { type: "button", onclick: () => act.asking(key) }, "No")));
}

// ---------------------------------------------------------------------------------------------------- journal

export function journal(entries, named) {
  if (!entries.length) return h("p", { class: "none" }, "Nothing yet: every sync leaves a line here.");
  const rows = entries.map((each) => h("li", { key: `${each.at} ${each.entity} ${each.outcome}`, class: `line ${kindOf(each.outcome)}` },
    time(each.at), " ",
    named && h("b", {}, entity(each.entity, each.name)), " ",
    h("span", { class: "outcome" }, each.outcome.replaceAll("-", " ")), " ",
    h("span", { class: "soft" }, [...each.numbers, ...each.changed.map(short)].join(", "), each.means && ` ${each.means}`, !each.means && each.why && ` ${each.why}`),
    each.calls.length > 0 && h("details", {}, h("summary", {}, `${each.calls.length} calls`), h("ul", { class: "calls" }, each.calls.map((call) => h("li", {}, call))))));
  return h("ol", { class: "journal plain scroll", tabindex: "0", "aria-label": "Journal, the newest first" }, rows);
}

function kindOf(outcome) {
  return { failed: "bad", parked: "bad", held: "warn", created: "good", updated: "good", deactivated: "good", "members-changed": "good" }[outcome] || "";
}

function short(path) {
  return path.replace(/^urn:.*:User:/, "").replace(/\[type eq "(\w+)"\]\.value/, " ($1)");
}

// ----------------------------------------------------------------------------------------------------- detail

export function detail(data, state, act) {
  const of = data.of;
  return h("aside", { key: `of ${of.entity}`, class: "detail", "aria-labelledby": "of" },
    h("div", { class: "headed" }, h("h2", { id: "of", tabindex: "-1" }, of.name),
      h("button", { type: "button", onclick: act.close }, "Close")),
    h("p", { class: "soft" }, h("code", {}, of.entity)),
    of.person && person(of, data, state, act),
    of.group && group(of, data, state, act),
    !of.person && !of.group && of.entity !== "app" && h("p", { class: "none" }, "Neither side has it any more."),
    h("h3", {}, "Journal"), journal(of.journal, false));
}

function person(of, data, state, act) {
  const each = of.person;
  const parked = data.parked.filter((item) => item.entity === of.entity);
  return [
    h("p", {}, each.status || "not in Okta", each.assigned ? ", assigned" : ", not assigned", " | ", each.way.join(", ") || (each.differs.length ? "not on its way yet" : "equal"), " | ", each.account || "no account"),
    parked.map((item) => h("p", { key: item.reason, class: "warn" }, h("b", {}, "Parked: "), item.means, " ", item.first, " ", button("Redrive", { do: "redrive", entity: of.entity }, "redrive of", state, act))),
    each.fields.length > 0 && h("table", { class: "fields" },
      h("thead", {}, h("tr", {}, ["Attribute", "Okta", "Genesys Cloud"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, each.fields.map((field) => h("tr", { key: field.name, class: field.same ? "" : "differs" },
        h("th", { scope: "row" }, field.name), h("td", {}, told(field.okta, field.same)), h("td", {}, told(field.genesys, field.same)))))),
    of.groups && of.groups.length > 0 && h("p", {}, "Okta groups: ", of.groups.map((one) => [entity(`group:${one.id}`, one.name), " "])),
    data.play && each.status && h("form", { class: "acts", onsubmit: (event) => event.preventDefault() },
      h("h3", {}, "Change in Okta"),
      h("label", {}, "New value ", h("input", { name: "value", placeholder: "title, phone or name" })),
      h("p", { class: "buttons" }, ["title", "phone", "rename"].map((name) =>
        h("button", { key: name, type: "button", onclick: (event) => act.send({ do: "okta", act: name, user: each.id, value: event.target.form.value.value }, name) }, name))),
      h("p", { class: "buttons" }, ["suspend", "unsuspend", "deactivate", "activate", "assign", "unassign", "delete"].map((name) =>
        button(name, { do: "okta", act: name, user: each.id }, `act ${name}`, state, act)))),
  ];
}

function told(value, same) {
  const text = value === null || value === undefined ? "none" : String(value);
  return same ? text : h("mark", {}, text);
}

function group(of, data, state, act) {
  const each = of.group;
  return [
    h("p", {}, each.okta ? `${each.okta.members} in Okta, ${each.okta.entitled} of them entitled` : "deleted in Okta", " | ", each.way.join(", ") || (each.differs ? "not on its way yet" : "equal"), " | ", each.genesys ? `${each.genesys.members} in ${each.genesys.name}` : "not linked"),
    data.play && h("form", { class: "acts", onsubmit: (event) => event.preventDefault() },
      h("h3", {}, "Change in Okta"),
      h("p", { class: "buttons" }, button("empty", { do: "okta", act: "empty", group: each.id }, "act empty", state, act),
        button("rule: add 500", { do: "okta", act: "rule", group: each.id, count: 500 }, "act rule", state, act)),
      h("label", {}, "Person ", h("input", { name: "user", placeholder: "login, name or id" })),
      h("p", { class: "buttons" }, ["join", "leave"].map((name) =>
        h("button", { key: name, type: "button", onclick: (event) => act.send({ do: "okta", act: name, user: event.target.form.user.value, group: each.id }, name) }, name)))),
    h("h3", {}, "Members"),
    h("ul", { class: "members plain" }, of.members.map((one) => h("li", { key: one.id, class: one.okta === one.genesys ? "" : "differs" },
      entity(`user:${one.id}`, one.name), " ", h("span", { class: "soft" }, one.way || (one.okta === one.genesys ? "" : one.okta ? "to be added" : "to be removed"))))),
  ];
}

// ------------------------------------------------------------------------------------------------------- play

export function play(data, state, act) {
  if (!data.play) return null;
  const { broken, breaks, acts, scenes } = data.play;
  const server = (id, name) => h("div", { key: id, class: "server" },
    h("p", {}, h("b", {}, name), " ", broken[id] ? h("span", { class: "badly" }, broken[id] in breaks ? `${broken[id]}: ${breaks[broken[id]]}` : broken[id]) : h("span", { class: "same" }, "works")),
    h("p", { class: "buttons" }, Object.keys(breaks).filter((how) => id !== "okta" || how !== "refuses").map((how) =>
      button(how, { do: "break", server: id, how }, `break ${id} ${how}`, state, act))));
  return h("details", { key: "play", class: "card play" },
    h("summary", {}, h("h2", {}, "Play"), h("span", { class: "soft" }, "change Okta, break a server, prepare a scene")),
    h("div", { class: "columns" },
      h("div", {}, h("h3", {}, "Okta"),
        h("form", { class: "acts", onsubmit: (event) => { event.preventDefault(); const form = event.target; act.send({ do: "okta", act: form.act.value, user: form.user.value, group: form.group.value, value: form.value.value, count: form.count.value }, "acts"); } },
          h("label", {}, "Act ", h("select", { name: "act" }, Object.entries(acts).map(([name, one]) => h("option", { key: name, value: name }, `${name}: ${one.says}`)))),
          h("label", {}, "Person ", h("input", { name: "user", placeholder: "login, name or id" })),
          h("label", {}, "Group ", h("input", { name: "group", placeholder: "name or id" })),
          h("label", {}, "New value ", h("input", { name: "value" })),
          h("label", {}, "How many ", h("input", { name: "count", inputmode: "numeric" })),
          h("button", { type: "submit", disabled: state.busy === "acts" }, "Do it"))),
      h("div", {}, h("h3", {}, "Servers"), server("okta", "Okta"), server("genesys", "Genesys Cloud"),
        h("p", { class: "buttons" }, button("Mend everything", { do: "mend" }, "mend", state, act))),
      h("div", {}, h("h3", {}, "Scenes"),
        h("ul", { class: "plain" }, Object.entries(scenes).map(([name, says]) => h("li", { key: name },
          button(name, { do: "scene", name }, `scene ${name}`, state, act), " ", h("span", { class: "soft" }, says)))))));
}
