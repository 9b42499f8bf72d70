// The service worker of "My day": keeps one person's days, and no other page, for when there is no network.
"use strict";

const page = new URL(self.registration.scope);
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
  if (event.data === "forget") return event.waitUntil(caches.delete(PAGES));
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
  const before = await (await caches.open(PAGES)).match(url);
  const age = before ? Date.now() - Date.parse(before.headers.get("Date")) : Infinity;
  if (!(age < FRESH)) await keep(new Request(url, { redirect: "manual", credentials: "same-origin" }));
}

// Fetch a day and keep it. Whatever was kept for somebody else, or before the reader signed out, is forgotten.
async function keep(request) {
  const answer = await fetch(request);
  if (isSignedOut(answer)) await caches.delete(PAGES);
  const whose = answer.headers.get(WHOSE);
  if (answer.status !== 200 || !whose) return answer;
  let cache = await caches.open(PAGES);
  const [other] = await cache.keys();
  if (other && (await cache.match(other)).headers.get(WHOSE) !== whose) {
    await caches.delete(PAGES);
    cache = await caches.open(PAGES);
  }
  await cache.put(request.url, answer.clone());
  return answer;
}

// The kept page, with the line that says how old it is.
async function kept(request) {
  const answer = await (await caches.open(PAGES)).match(request.url);
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
