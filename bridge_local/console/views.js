// What the page shows, from top to bottom.

import { h } from "./dom.js";
import { charts } from "./charts.js";
import { detail, journal, play, question, time } from "./details.js";

export function page(state, act) {
  const data = state.data;
  if (!data) return stopped(state);
  return [
    state.stopped && stopped(state),
    verdict(data),
    needs(data, state, act),
    h("div", { key: "sides", class: "sides" }, groups(data), people(data, state, act)),
    play(data, state, act),
    h("section", { key: "journal", class: "card" }, h("h2", {}, "Journal"), journal(data.journal, true)),
    charts(state.charts),
    state.of && data.of && detail(data, state, act),
  ];
}

function stopped(state) {
  const when = state.seen ? ` What is below is from ${state.seen}.` : "";
  return h("section", { key: "stopped", class: "verdict bad", role: "alert" },
    h("p", { class: "big" }, "The stack has stopped, or does not answer."),
    h("p", {}, "Start it again with ", h("code", {}, "make local"), "; this page goes on by itself.", when));
}

function verdict(data) {
  const count = data.needs.length;
  const words = data.healthy === null ? "The bridge does not say how it is: its functions start or stop."
    : data.healthy ? "Healthy: nothing needs anybody."
    : `${data.needs[0].title}${count > 1 ? `, and ${count - 1} more` : ""}`;
  const kind = data.healthy === null ? "idle" : data.healthy ? "good" : "bad";
  const marks = data.health.map((each) => h("li", { key: each.name, class: `mark ${each.state}` },
    h("span", { class: "dot", "aria-hidden": "true" }),
    h("b", {}, each.name), " ",
    h("span", {}, each.at ? (each.state === "bad" && each.says !== "not yet" ? `${each.says}, since ` : wordsOf(each)) : each.says,
      each.at && time(each.at))));
  return h("section", { key: "verdict", class: `verdict ${kind}`, "aria-label": "Health" },
    kind === "bad" && h("p", { class: "over" }, `${count === 1 ? "One thing needs" : `${count} things need`} somebody`),
    h("p", { class: "big" }, words), h("ul", { class: "marks" }, marks));
}

function wordsOf(mark) {
  return mark.name === "Catch-up" ? "has read up to " : `${mark.says} `;
}

function needs(data, state, act) {
  const body = data.needs.map((need) => h("li", { key: need.problem, class: "need", "data-problem": need.problem },
    h("h3", {}, need.title),
    h("p", {}, need.problem === "group-not-linked" ? "" : need.what, " ", h("code", { class: "id" }, need.problem)),
    parts(need.problem, data, state, act),
    command(need.command, act)));
  return h("section", { key: "needs", id: "needs", class: "card needs", tabindex: "-1" },
    h("h2", {}, "Needs you", count(data.needs.length)),
    data.needs.length ? h("ol", { class: "plain" }, body)
      : h("p", { class: "none" }, data.healthy === null ? "Not known yet." : "Nothing. What changes in Okta goes its way by itself."));
}

function parts(problem, data, state, act) {
  if (problem === "holds-open") return data.holds.map((hold) => holdCard(hold, state, act));
  if (problem === "parked") return data.parked.map((parked) => parkedCard(parked, state, act));
  if (problem === "exceptions-kept") return data.exceptions.map((kept) => keptCard(kept, state, act));
  if (problem === "group-not-linked") return data.unlinked.map(unlinkedCard);
  if (problem === "removals-paused") {
    return h("p", { class: "buttons" }, button("Resume removals", { do: "resume" }, "resume", state, act));
  }
  return null;
}

function holdCard(hold, state, act) {
  const key = `hold ${hold.entity} ${hold.number}`;
  const one = hold.staged === 1;
  const what = hold.entity === "app" ? `${hold.staged} ${one ? "account" : "accounts"} would be deactivated`
    : `${hold.staged} ${one ? "person" : "people"} would lose the group `;
  const asked = (verb) => ({ do: verb, entity: hold.entity, number: hold.number, revision: hold.revision });
  const removes = hold.entity === "app" ? `Deactivate ${hold.staged}` : `Remove ${hold.staged} from ${hold.name}`;
  return h("article", { key, class: "item", "aria-label": `Hold of ${hold.name}` },
    h("p", { class: "lead" }, h("b", {}, what, hold.entity !== "app" && entity(hold.entity, hold.name))),
    h("p", {}, hold.means, hold.explanation && ` (${hold.explanation})`, " Held since ", time(hold.opened), "."),
    names(hold.people, hold.staged),
    hold.state === "approved" ? h("p", { class: "way" }, "Approved: being carried out.")
      : h("div", { class: "buttons" },
        question(`${key} approve`, "Approve", "danger", `${removes}? Anyone who is back in Okta by then stays.`, asked("approve"), state, act),
        question(`${key} reject`, "Reject", "", `Keep ${one ? "this person" : `these ${hold.staged}`}? They stay until Okta shows them as members again.`, asked("reject"), state, act)));
}

function parkedCard(parked, state, act) {
  const key = `parked ${parked.entity} ${parked.reason}`;
  return h("article", { key, class: "item", "aria-label": `Parked: ${parked.name}` },
    h("p", { class: "lead" }, h("b", {}, entity(parked.entity, parked.name)), " ", h("code", { class: "id" }, parked.reason)),
    h("p", {}, parked.means, " ", h("span", { class: "soft" }, parked.first)),
    h("div", { class: "buttons" },
      button("Redrive", { do: "redrive", entity: parked.entity }, `${key} redrive`, state, act),
      question(`${key} discard`, "Discard", "", "Let it wait for nobody until something changes?", { do: "discard", entity: parked.entity }, state, act)));
}

function unlinkedCard(group) {
  return h("article", { key: `unlinked ${group.entity}`, class: "item", "aria-label": `Not linked: ${group.name}` },
    h("p", { class: "lead" }, h("b", {}, entity(group.entity, group.name)), " ", h("code", { class: "id" }, group.why)),
    h("p", {}, group.means, " ", h("span", { class: "soft" }, group.first)));
}

function keptCard(kept, state, act) {
  const key = `kept ${kept.entity}`;
  return h("article", { key, class: "item", "aria-label": `Exceptions of ${kept.name}` },
    h("p", { class: "lead" }, h("b", {}, `${kept.people.length} ${kept.people.length === 1 ? "keeps" : "keep"} `, entity(kept.entity, kept.name))),
    names(kept.people, kept.people.length),
    h("div", { class: "buttons" },
      question(`${key} back`, "Take back", "danger", "Let the next sync judge them again? Those whom Okta has taken out are removed, or held.", { do: "reconsider", entity: kept.entity }, state, act)));
}

function names(people, all) {
  const more = all - people.length;
  return h("p", { class: "names" }, people.map((each) => [entity(`user:${each.id}`, each.name), " "]), more > 0 && `and ${more} more`);
}

function command(words, act) {
  return h("p", { class: "command" }, h("span", { class: "soft" }, "First command "), h("code", {}, words), " ",
    h("button", { type: "button", class: "small", "aria-label": `Copy: ${words}`, onclick: () => act.copy(words) }, "Copy"));
}

export function button(label, asked, key, state, act, kind) {
  return h("button", { key, type: "button", class: kind || "", disabled: state.busy === key, onclick: () => act.send(asked, key) }, label);
}

export function entity(id, name) {
  return h("a", { href: `#${id}` }, name);
}

function count(number) {
  return number ? [" ", h("span", { class: "count" }, number)] : null;
}

// ------------------------------------------------------------------------------------------------ both sides

function groups(data) {
  if (!data.groups) return outside("Groups");
  const rows = data.groups.map((each) => h("tr", { key: each.id, class: each.differs ? "differs" : "" },
    h("td", { "data-side": "Okta" }, entity(each.entity, each.name), " ",
      each.okta ? h("span", { class: "soft" }, headcount(each.okta)) : h("span", { class: "soft" }, "deleted")),
    h("td", { "data-side": "On the way" }, way(each)),
    h("td", { "data-side": "Genesys Cloud" }, each.genesys ? [each.genesys.name, " ", h("span", { class: "soft" }, `${each.genesys.members} members`)] : h("span", { class: "soft" }, "not linked"))));
  return h("section", { key: "groups", class: "card" }, h("h2", {}, "Linked groups", count(data.groups.length)), two(rows, "No group is linked yet."));
}

function headcount(okta) {
  if (okta.entitled === okta.members) return `${okta.members} people`;
  return `${okta.entitled} of ${okta.members} people are entitled`;
}

function way(each) {
  if (!each.linked && !each.open) return h("span", { class: "soft" }, each.way.join(", "));
  const lines = [...each.way];
  if (each.missing) lines.push(`${each.missing} to add`);
  if (each.extra) lines.push(`${each.extra} to remove`);
  return lines.length ? lines.map((line) => h("span", { class: "way" }, line)) : equal(each.differs);
}

function equal(differs) {
  return differs ? h("span", { class: "way" }, "not on its way yet") : h("span", { class: "same" }, "equal");
}

function people(data, state, act) {
  if (!data.people) return outside("People");
  const { total, differ, found, shown } = data.people;
  const rows = shown.map((each) => h("tr", { key: each.id, class: each.differs.length ? "differs" : "" },
    h("td", { "data-side": "Okta" }, each.status ? [entity(each.entity, each.name), " ", h("span", { class: "soft" }, `${each.status}${each.assigned ? "" : ", not assigned"}`)] : h("span", { class: "soft" }, "nobody"),
      wrong(each, "okta")),
    h("td", { "data-side": "On the way" }, each.way.length ? each.way.map((line) => h("span", { class: "way" }, line)) : equal(each.differs.length)),
    h("td", { "data-side": "Genesys Cloud" }, each.account ? [each.status ? "" : `${each.name} `, h("span", { class: "soft" }, each.account)] : h("span", { class: "soft" }, "no account"),
      wrong(each, "genesys"))));
  const words = state.find ? `${found} of ${total} are called so` : differ ? `${differ} of ${total} differ` : `All ${total} are equal on both sides`;
  return h("section", { key: "people", class: "card" },
    h("div", { class: "headed" }, h("h2", {}, "People"),
      h("input", { type: "search", "aria-label": "Search people", placeholder: "Search a name, login or id", autocomplete: "off", oninput: (event) => act.find(event.target.value) })),
    h("p", { class: "soft", role: "status" }, words, found > shown.length && `; the first ${shown.length} are shown`),
    two(rows, state.find ? "Nobody." : "Nobody differs."));
}

function wrong(person, side) {
  return person.fields.filter((field) => !field.same && field.name !== "active").map((field) =>
    h("span", { key: field.name, class: "field" }, `${field.name}: `, h("mark", {}, field[side] === null || field[side] === undefined ? "none" : String(field[side]))));
}

function two(rows, none) {
  if (!rows.length) return h("p", { class: "none" }, none);
  return h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Okta and Genesys Cloud" },
    h("table", { class: "two" }, h("thead", {}, h("tr", {}, ["Okta", "On the way", "Genesys Cloud"].map((each) => h("th", { scope: "col" }, each)))), h("tbody", {}, rows)));
}

function outside(title) {
  return h("section", { key: title, class: "card" }, h("h2", {}, title),
    h("p", { class: "none" }, "An outside server stands in place of a simulator: both sides cannot be compared here. ", h("code", {}, "bridge group list"), " and ", h("code", {}, "bridge diff"), " ask the servers themselves."));
}
