// The page of one's own day, of an attendee or an interpreter, with a clock: the next meeting comes up by itself, the
// age of a page without a network is said, and what is not kept says that it needs one. What a person says is the
// business of words.js. Without this script the page is right when it is loaded.
"use strict";

const root = document.getElementById("my-day");
const words = root.dataset;
const age = document.getElementById("age");
const isOffline = () => !age.hidden;

function minutesUntil(moment) {
  return Math.ceil((Date.parse(moment) - Date.now()) / 60000);
}

function turn() {
  const cards = [...root.querySelectorAll(".now")];
  const next = cards.find((card) => Date.parse(card.dataset.end) > Date.now());
  if ("today" in words) {
    for (const card of cards) card.hidden = card !== next;
    for (const line of root.querySelectorAll("#later > [data-line]"))
      line.hidden = next === undefined || Date.parse(line.dataset.line) <= Date.parse(next.dataset.start);
    const title = next && next.querySelector("[data-title]");
    if (title) {
      const left = minutesUntil(next.dataset.start);
      const says = left > 90 ? words.next : left > 0 ? words.minutes.replace("{n}", left) : words.running;
      if (title.textContent !== says) title.textContent = says;
      const walk = next.querySelector(".now-walk");
      if (walk) walk.hidden = left <= 0;
    }
    const over = document.getElementById("over");
    if (over) over.hidden = next !== undefined;
  }
  if (isOffline()) {
    const since = Math.max(0, -minutesUntil(age.dataset.at));
    document.getElementById("ago").textContent = words.ago.replace("{n}", since);
  }
  document.dispatchEvent(new Event("words:draw")); // a word stands beside its button, which may be hidden now
}

// A page that was kept yesterday as "today" leads to today, if that is kept.
async function rightDay() {
  if (!isOffline() || !("today" in words)) return;
  const today = new Intl.DateTimeFormat("sv-SE", { timeZone: words.zone }).format(new Date());
  const link = root.querySelector(`.days a[data-day="${today}"]`);
  if (today !== words.today && link && (await caches.match(link.href))) location.replace(link.href);
}

// A page that is not kept, or a form that is not: said here, before the browser shows that there is no network.
function needsNetwork(where) {
  const old = root.querySelector(".needs-network");
  if (old) old.remove();
  const line = document.createElement("p");
  line.className = "needs-network small text-warn";
  line.setAttribute("role", "status");
  line.textContent = words.needs;
  where.after(line);
}

const mayBeAway = () => !navigator.onLine || isOffline();
const isKept = (url) => url.origin === location.origin && url.pathname === words.page;

async function answers(url) {
  try {
    await fetch(url, { method: "HEAD", redirect: "manual", cache: "no-store", signal: AbortSignal.timeout(4000) });
    return true;
  } catch {
    return false;
  }
}

root.addEventListener("click", async (event) => {
  const link = event.target.closest("a[href]");
  if (!link || !mayBeAway() || !link.protocol.startsWith("http") || isKept(new URL(link.href))) return;
  event.preventDefault();
  if (await answers(link.href)) location.assign(link.href);
  else needsNetwork(link);
});

root.addEventListener("submit", async (event) => {
  const form = event.target;
  if ("word" in form.dataset || form.dataset.away === "no" || !mayBeAway()) return;
  event.preventDefault();
  if (await answers(words.page)) {
    form.dataset.away = "no";
    form.requestSubmit(event.submitter);
  } else needsNetwork(form);
});

async function freshPage() {
  const text = await (await fetch(location.href)).text();
  const fresh = new DOMParser().parseFromString(text, "text/html");
  return fresh.getElementById("my-day") && fresh.getElementById("age").hidden ? fresh : undefined;
}

// A word has arrived: its meeting is shown as it is now.
document.addEventListener("words:sent", async ({ detail }) => {
  const key = detail.place.split(" ")[0];
  try {
    const fresh = await freshPage();
    for (const old of fresh ? root.querySelectorAll(`[data-meeting="${CSS.escape(key)}"]:not(form)`) : []) {
      const other = fresh.getElementById(old.id);
      const hadFocus = old.contains(document.activeElement);
      if (other) old.replaceWith(other);
      else old.remove();
      const summary = other && other.querySelector("summary");
      if (hadFocus && summary) summary.focus();
    }
  } catch {
    // no network: what is shown stays
  }
  turn();
});

// What others say meanwhile: only these lines are changed, nothing moves under a finger.
async function look() {
  if (document.hidden || isOffline()) return;
  try {
    const fresh = await freshPage();
    if (!fresh) return;
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
  const others = files.map((each) => each.href || each.src);
  active.postMessage({ keep: [location.href, ...days, words.face, words.icons, ...others] });
}

turn();
rightDay();
setInterval(turn, 20000);
setInterval(look, 120000);
if (!isOffline()) keep().catch(() => {}); // no service worker here: the page works, but only with a network
