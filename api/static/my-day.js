// "My day" with a clock: the next meeting comes up by itself, the age of a page without a network is said,
// and a word about being late waits for the network. Without this script the page is right when it is loaded.
"use strict";

const root = document.getElementById("my-day");
const words = root.dataset;
const age = document.getElementById("age");
const isOffline = () => !age.hidden;
const WAITING = `late ${words.page}`;

function minutesUntil(moment) {
  return Math.ceil((Date.parse(moment) - Date.now()) / 60000);
}

function turn() {
  const cards = [...root.querySelectorAll(".now")];
  const next = cards.find((card) => Date.parse(card.dataset.end) > Date.now());
  if ("today" in words) {
    for (const card of cards) card.hidden = card !== next;
    for (const line of root.querySelectorAll("section > .later > [data-line]"))
      line.hidden = next === undefined || Date.parse(line.dataset.line) <= Date.parse(next.dataset.start);
    const lead = next && next.querySelector("[data-in]");
    if (lead) {
      const left = minutesUntil(next.dataset.start);
      lead.textContent = left > 90 ? "" : left > 0 ? words.minutes.replace("{n}", left) : words.running;
    }
    document.getElementById("over").hidden = next !== undefined;
  }
  if (isOffline()) {
    const since = Math.max(0, -minutesUntil(age.dataset.at));
    document.getElementById("ago").textContent = words.ago.replace("{n}", since);
  }
}

// A page that was kept yesterday as "today" leads to today, if that is kept.
async function rightDay() {
  if (!isOffline() || !("today" in words)) return;
  const today = new Intl.DateTimeFormat("sv-SE", { timeZone: words.zone }).format(new Date());
  const link = root.querySelector(`.days a[data-day="${today}"]`);
  if (today !== words.today && link && (await caches.match(link.href))) location.replace(link.href);
}

async function send(action, body) {
  const answer = await fetch(action, { method: "POST", body: new URLSearchParams(body), redirect: "manual" });
  return answer.type === "opaqueredirect" || answer.ok;
}

function waiting() {
  return JSON.parse(localStorage.getItem(WAITING) || "[]");
}

async function sendWaiting() {
  const left = waiting().filter((each) => Date.parse(each.end) > Date.now());
  localStorage.removeItem(WAITING);
  const sent = await Promise.allSettled(left.map((each) => send(each.action, each.body)));
  const again = left.filter((_, i) => sent[i].status === "rejected");
  if (again.length) localStorage.setItem(WAITING, JSON.stringify(again));
  if (again.length < left.length) location.reload();
}

root.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-late]");
  if (!form) return;
  event.preventDefault();
  const body = [...new FormData(form, event.submitter)];
  try {
    await send(form.action, body);
    location.reload();
  } catch {
    const others = waiting().filter((each) => each.action !== form.action);
    localStorage.setItem(WAITING, JSON.stringify([...others, { action: form.action, body, end: form.dataset.late }]));
    const line = document.createElement("p");
    line.className = "message warning";
    line.textContent = words.kept;
    document.getElementById("messages").replaceChildren(line);
  }
});

// What others say meanwhile: only these lines are changed, nothing moves under a finger.
async function look() {
  if (document.hidden || isOffline()) return;
  try {
    const text = await (await fetch(location.href)).text();
    const fresh = new DOMParser().parseFromString(text, "text/html");
    if (fresh.getElementById("age")?.hidden === false) return;
    for (const line of root.querySelectorAll("[data-live]")) {
      const other = fresh.getElementById(line.id);
      if (other && other.innerHTML !== line.innerHTML) line.innerHTML = other.innerHTML;
    }
  } catch {
    // no network: what is shown stays
  }
}

async function keep() {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register(words.worker, { scope: words.page });
  const { active } = await navigator.serviceWorker.ready;
  const days = [...root.querySelectorAll(".days a")].map((link) => link.href);
  const files = [...document.querySelectorAll("link[rel=stylesheet], link[rel=icon], script[src], img[src]")];
  active.postMessage({ keep: [location.href, ...days, ...files.map((each) => each.href || each.src)] });
}

turn();
rightDay();
setInterval(turn, 20000);
setInterval(look, 120000);
addEventListener("online", sendWaiting);
if (!isOffline()) {
  if (waiting().length) sendWaiting();
  keep().catch(() => {}); // no service worker here: the page works, but only with a network
}
