// Asks the stack every second, and shows what it says.

import { patch } from "./dom.js";
import { page } from "./views.js";
import { clock } from "./details.js";

const EVERY = 1000;
const RETRY = 2000;
const PATIENCE = 15000;

const state = { data: null, charts: null, stopped: false, find: "", of: "", asking: "", busy: "", seen: null };
const app = document.getElementById("app");
const live = document.getElementById("live");
const said = document.getElementById("said");
let timer = 0;
let hide = 0;

const act = {
  /** Do what a button asks for, and say what came of it. */
  async send(asked, key) {
    state.busy = key;
    state.asking = "";
    draw();
    let answer = { ok: false, says: "The stack does not answer." };
    try {
      const body = JSON.stringify(asked);
      const headers = { "Content-Type": "application/json" };
      const response = await fetch("/console/do", { method: "POST", headers, body });
      answer = await response.json();
    } catch (error) { /* it is said above */ }
    state.busy = "";
    say(answer.says, answer.ok);
    await ask();
    return answer.ok;
  },
  /** Open a question below a button, or close it. */
  asking(key) {
    state.asking = state.asking === key ? "" : key;
    draw();
  },
  find(text) {
    state.find = text;
    ask();
  },
  close() {
    history.pushState(null, "", location.pathname);
    opened();
  },
  async copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      say(`Copied: ${text}`, true);
    } catch (error) { say("The browser does not let a page copy here.", false); }
  },
};

function say(text, good) {
  said.hidden = false;
  said.textContent = text;
  said.className = good ? "said good" : "said bad";
  clearTimeout(hide);
  hide = setTimeout(() => { said.hidden = true; }, 12000);
}

function draw() {
  const title = state.data && state.data.healthy === false ? `(${state.data.needs.length}) ` : "";
  document.title = `${title}Okta to Genesys Cloud bridge`;
  live.textContent = state.stopped ? "stopped" : state.data ? "live" : "starting";
  live.className = state.stopped ? "live stopped" : "live";
  app.setAttribute("aria-busy", state.data ? "false" : "true");
  if (state.data || state.stopped) patch(app, page(state, act));
}

async function load(path) {
  const response = await fetch(path, { signal: AbortSignal.timeout(PATIENCE), cache: "no-store" });
  if (!response.ok) throw new Error(String(response.status));
  return response.json();
}

let asked = 0;

async function ask() {
  clearTimeout(timer);
  const number = ++asked;
  const query = new URLSearchParams({ find: state.find, of: state.of });
  try {
    const [data, charts] = await Promise.all([load(`/console.json?${query}`), load("/console/charts.json")]);
    if (number !== asked) return;
    Object.assign(state, { data, charts, stopped: false, seen: clock(data.at) });
  } catch (error) {
    if (number !== asked) return;
    state.stopped = true;
  }
  draw();
  timer = setTimeout(ask, state.stopped || document.hidden ? RETRY : EVERY);
}

function opened() {
  state.of = decodeURIComponent(location.hash.slice(1));
  if (!/^(user|group):|^app$/.test(state.of)) state.of = "";
  ask().then(() => {
    const heading = document.getElementById("of");
    if (heading) heading.focus();
  });
}

addEventListener("hashchange", opened);
addEventListener("keydown", (event) => { if (event.key === "Escape" && state.of) act.close(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) ask(); });
opened();
