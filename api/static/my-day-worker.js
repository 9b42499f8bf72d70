// The service worker of "My day" and of an interpreter's day, each with its own scope: keeps one person's days, and no
// other page, for when there is no network.
"use strict";

const page = new URL(self.registration.scope);
const ALL = "my-day /"; // how the names of all caches of pages begin
const EVENT = `my-day ${page.pathname.replace(/[^/]*$/, "")}`;
const PAGES = `my-day ${page.pathname}`;
const FILES = "my-day files";
const WHOSE = "X-Kept-For";
const PATIENCE = 4000; // milliseconds until a page that is kept is shown instead
const FRESH = 10 * 60 * 1000; // a day that was fetched so recently is not fetched ahead again

const isDay = (url) => url.origin === page.origin && url.pathname === page.pathname;
const isFile = (url) => url.origin === page.origin && url.pathname.startsWith("/static/");
const isSignedOut = (answer) => answer.type === "opaqueredirect" || answer.redirected || [401, 403, 404].includes(answer.status);

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET") return;
  if (isDay(url)) event.respondWith(day(event.request));
  else if (isFile(url)) event.respondWith(file(event.request));
});

self.addEventListener("message", (event) => {
  if (event.data.signsOut) signedOut += 1;
  const urls = (event.data.keep || []).map((each) => new URL(each, page));
  event.waitUntil(Promise.allSettled(urls.map((url) => (isDay(url) ? ahead(url) : isFile(url) && file(new Request(url))))));
});

async function day(request) {
  const fetched = keep(request);
  try {
    const answer = await Promise.race([fetched, late()]);
    if (answer && answer.status < 500) return answer;
  } catch {
    // no network: what is kept
  }
  return (await kept(request)) || fetched;
}

function late() {
  return new Promise((resolve) => setTimeout(resolve, PATIENCE));
}

async function ahead(url) {
  const before = await look(url);
  const age = before ? Date.now() - Date.parse(before.headers.get("Date")) : Infinity;
  if (!(age < FRESH)) await keep(new Request(url, { redirect: "manual", credentials: "same-origin" }));
}

let signedOut = 0; // how often that was seen

// Fetch a day and keep it. Whatever was kept for somebody else, or before the reader signed out, is forgotten.
async function keep(request) {
  const before = signedOut;
  const answer = await fetch(request);
  if (isSignedOut(answer)) {
    signedOut += 1;
    await inTurn(forget);
  }
  const whose = answer.headers.get(WHOSE);
  if (answer.status !== 200 || !whose) return answer;
  const copy = answer.clone();
  await inTurn(async () => {
    if (before !== signedOut) return; // it was asked for before the reader signed out
    if (await isForOthers(whose)) await forget();
    await (await caches.open(PAGES)).put(request.url, copy);
  }).catch(() => {}); // no room on the device: the page is read, and not kept
  return answer;
}

let last = Promise.resolve();
function inTurn(step) {
  const done = last.then(step);
  last = done.catch(() => {});
  return done;
}

const named = async (start) => (await caches.keys()).filter((name) => name.startsWith(start));

// Whether a page of this event is kept for another person: also one that another worker keeps.
async function isForOthers(whose) {
  for (const name of await named(EVENT)) {
    const cache = await caches.open(name);
    const [first] = await cache.keys();
    if (first && (await cache.match(first)).headers.get(WHOSE) !== whose) return true;
  }
  return false;
}

async function forget() {
  for (const name of await named(ALL)) await caches.delete(name);
}

const look = (url) => caches.match(url, { cacheName: PAGES });

// The kept page, with the line that says how old it is.
async function kept(request) {
  const answer = await look(request.url);
  if (!answer) return undefined;
  const headers = new Headers(answer.headers);
  headers.delete("Content-Encoding");
  headers.delete("Content-Length");
  const text = await answer.text();
  return new Response(text.replace('id="age" hidden', 'id="age"'), { headers });
}

// Files have their version in the address: what is kept is right. An older version of it goes.
async function file(request) {
  const cache = await caches.open(FILES);
  const found = await cache.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) {
    const path = new URL(request.url).pathname;
    for (const each of await cache.keys()) if (new URL(each.url).pathname === path) await cache.delete(each);
    await cache.put(request, answer.clone());
  }
  return answer;
}
