// The page at the door: search in the list on this phone, tap people in and out, look every few seconds at what others do.

import { canScan, scan } from "./camera.js";
import { addTap, dropTaps, forget, keepList, keepPage, keptList, sweep, waitingTaps } from "./kept.js";
import { codeIn, counts, found, readPeople, standing, withTaps } from "./people.js";
import { NotYours, Portal, SignedOut } from "./portal.js";

const MOST_SHOWN = 100;
const TWICE = 800; // milliseconds: a second tap on the same person so soon is a slip of the finger

const at = (id) => document.getElementById(id);
const facts = JSON.parse(at("facts").textContent);
const { slug, account, words } = facts;
const [search, guests, template] = [at("q"), document.querySelector(".guests"), at("guest")];
const tabs = [...document.querySelectorAll("[data-show]")];
const portal = new Portal(facts, document.querySelector("#guests [name=csrf_token]").value);
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: facts.zone });

let list = null; // as the portal last told it: {account, until, etag, people}
let show = tabs.find((tab) => tab.hasAttribute("aria-current"))?.dataset.show ?? "";
let held = new Set(); // who was tapped stays where they are until another search
let lastTap = { code: "", at: 0 };
let trouble = ""; // why nothing is sent, in words
let busy = null;
let gone = false; // signed out, and what still comes in is not kept

// What is shown

function say(text, heed = false) {
  const said = document.createElement("p");
  said.className = heed ? "notice heed" : "notice";
  said.textContent = text;
  at("said").replaceChildren(said);
  if (heed) navigator.vibrate?.(200);
}

function fill(text, values) {
  return text.replace(/%\((\w+)\)s/g, (_, name) => values[name]);
}

/** Only what changed: a voice reads it aloud again. */
function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function people() {
  return withTaps(list?.people ?? [], waitingTaps(slug));
}

function render() {
  const everybody = people();
  const numbers = counts(everybody);
  const all = numbers.expected + numbers.here;
  for (const tab of tabs) {
    put(tab.querySelector("[data-count]"), String(tab.dataset.show ? numbers[tab.dataset.show] : all));
    if (tab.dataset.show === show) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
  }
  put(at("tally"), fill(words.here, { here: numbers.here, all }));
  const meant = found(everybody, search.value, show, held);
  put(at("found"), fill(meant.length === 1 ? words.found_one : words.found, { number: meant.length }));
  const more = meant.length - MOST_SHOWN;
  put(at("more"), fill(words.more, { number: more }));
  at("more").hidden = more <= 0;
  renderGuests(meant.slice(0, MOST_SHOWN));
  renderConnection();
}

function renderGuests(meant) {
  const before = new Map([...guests.children].map((row) => [row.dataset.code, row]));
  const rows = meant.map((person) => {
    const row = before.get(person.code) ?? template.content.firstElementChild.cloneNode(true);
    return fillGuest(row, person);
  });
  if (rows.length === guests.children.length && rows.every((row, i) => row === guests.children[i])) return;
  const focused = document.activeElement;
  guests.replaceChildren(...rows);
  if (guests.contains(focused)) focused.focus();
}

function fillGuest(row, person) {
  const now = standing(person);
  const focused = row.contains(document.activeElement);
  row.dataset.code = person.code;
  row.className = `guest ${now}`;
  const parts = { name: person.name, about: person.about, code: person.code, whom: person.name };
  for (const part of row.querySelectorAll("[data-part]")) {
    if (part.dataset.part in parts) put(part, parts[part.dataset.part]);
  }
  row.querySelector(".since").hidden = now !== "here";
  if (now === "here") put(row.querySelector("[data-part=since]"), clock.format(person.since));
  for (const part of row.querySelectorAll("[data-for]")) part.hidden = part.dataset.for !== now;
  for (const button of row.querySelectorAll("button")) button.value = person.code;
  if (focused) row.querySelector("button:not([hidden])")?.focus();
  return row;
}

function renderConnection() {
  const number = waitingTaps(slug).length;
  const waiting = fill(number === 1 ? words.waiting_one : words.waiting, { number });
  put(at("connection"), [trouble, trouble && number ? waiting : ""].filter(Boolean).join(" "));
  at("connection").hidden = !trouble;
}

// What is pressed

function press(code, action) {
  if (code === lastTap.code && Date.now() - lastTap.at < TWICE) return;
  lastTap = { code, at: Date.now() };
  addTap(slug, { id: newId(), code, action, pressed: Date.now() });
  held.add(code);
  say(fill(words[action], { name: nameOf(code) }));
  render();
  sync();
}

/** Not crypto.randomUUID, which only a secure page has. */
function newId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function nameOf(code) {
  return list?.people.find((person) => person.code === code)?.name ?? code;
}

function look(q, shown) {
  search.value = q;
  show = shown;
  held = new Set();
  render();
}

function scanned(text) {
  const code = codeIn(text) ?? text.trim();
  const person = people().find((one) => one.code === code);
  if (!person) return say(fill(words.unknown, { name: code }), true);
  look(code, "");
  const now = standing(person);
  if (now === "here") say(fill(words.already, { name: person.name, time: clock.format(person.since) }), true);
  else if (now !== "expected") say(fill(words[now], { name: person.name }), true);
  else at("said").replaceChildren();
  guests.querySelector("button:not([hidden])")?.focus();
}

// What the portal says

function tell(tap, outcome) {
  const person = list?.people.find((one) => one.code === tap.code);
  if (person && ["done", "already", "overtaken"].includes(outcome.kind)) person.since = outcome.since;
  if (outcome.kind === "done") return;
  const time = outcome.before === null ? "" : clock.format(outcome.before);
  say(fill(words[outcome.kind], { name: nameOf(tap.code), time }), true);
}

async function send() {
  for (let taps = waitingTaps(slug); taps.length; taps = waitingTaps(slug)) {
    const outcomes = await portal.send(taps);
    const answered = new Map(outcomes.map((outcome) => [outcome.id, outcome]));
    dropTaps(slug, new Set(answered.keys()));
    for (const tap of taps) if (answered.has(tap.id)) tell(tap, answered.get(tap.id));
  }
}

async function load() {
  const fresh = await portal.list(list?.etag);
  if (!fresh || gone) return;
  list = { account, until: fresh.until, etag: fresh.etag, people: readPeople(fresh.people) };
  keepList(slug, list);
}

async function exchange() {
  if (list && list.until <= Date.now()) leave();
  try {
    await load(); // first, for it brings the token of this sign-in
    if (waitingTaps(slug).length) {
      await send();
      await load();
    }
    trouble = "";
  } catch (error) {
    trouble = words.offline;
    if (error instanceof SignedOut) trouble = words.signed_out;
    if (error instanceof NotYours) trouble = words.refused;
    if (trouble !== words.offline) leave();
  }
  if (list) render();
  else renderConnection(); // and what the portal itself has put on the page
}

/** The list is no longer for this phone. */
function leave() {
  list = null;
  forget(slug);
  render();
}

/** One exchange at a time; what is asked for meanwhile comes after it. */
function sync() {
  busy = (busy ?? Promise.resolve()).then(exchange);
  const mine = busy;
  mine.then(() => {
    if (busy === mine) busy = null;
  });
  return mine;
}

// Without a connection

async function prepare() {
  if (trouble || !("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register(facts.worker, { scope: facts.scope });
  const pictures = [...document.images].map((image) => image.src);
  at("ready").hidden = !(await keepPage(slug, [facts.shell, ...facts.files, ...pictures]));
}

// Binding

at("guests").addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.submitter?.value) press(event.submitter.value, event.submitter.name);
});
search.form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (codeIn(search.value)) scanned(search.value);
});
search.addEventListener("input", () => {
  at("said").replaceChildren();
  look(search.value, show);
});
search.addEventListener("focus", () => search.select());
for (const tab of tabs) {
  tab.addEventListener("click", (event) => {
    event.preventDefault();
    look(search.value, tab.dataset.show);
  });
}
document.querySelector("form[action$='/logout']")?.addEventListener("submit", (event) => {
  const number = waitingTaps(slug).length;
  gone = !number;
  if (gone) return forget(slug);
  event.preventDefault();
  say(fill(number === 1 ? words.waiting_one : words.waiting, { number }), true);
});
addEventListener("online", sync);
document.addEventListener("visibilitychange", () => document.hidden || sync());
setInterval(() => document.hidden || busy || sync(), facts.every);

at("find").hidden = true;
at("pages").hidden = true;
await sweep(account, slug);
list = keptList(slug);
if (list) render();
sync().then(prepare).catch(() => {}); // a page that cannot be kept is a page all the same

if (await canScan()) {
  const button = at("scan");
  let stop = null;
  button.hidden = false;
  button.addEventListener("click", async () => {
    at("camera").hidden = false; // a video that is not shown may not play
    if (stop) stop = stop();
    else stop = await scan(at("camera").firstElementChild, scanned).catch(() => say(words.no_camera, true));
    at("camera").hidden = !stop;
    button.setAttribute("aria-expanded", String(Boolean(stop)));
  });
}
