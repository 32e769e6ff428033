// The day's list stays readable without a network, for 24 hours; style and script are kept by their mark. Visits are
// not this script's business: the page sends them itself, for not every browser wakes a worker for it.
"use strict";

const KEPT = "static-1";
const TODAY = "today-1";
const DAY = 24 * 3600 * 1000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== location.origin) return;
  if (address.pathname.startsWith("/static/")) event.respondWith(kept(request));
  else if (address.pathname === "/today") event.respondWith(today(request));
});

async function kept(request) {
  const cache = await caches.open(KEPT);
  const found = await cache.match(request);
  if (found) return found;
  const answer = await fetch(request);
  if (answer.ok) {
    for (const old of await cache.keys()) if (new URL(old.url).pathname === new URL(request.url).pathname) await cache.delete(old);
    await cache.put(request, answer.clone());
  }
  return answer;
}

async function today(request) {
  const cache = await caches.open(TODAY);
  try {
    const answer = await fetch(request);
    if (answer.ok && !answer.redirected) await cache.put(request, answer.clone());
    else await caches.delete(TODAY); // logged out: nobody's names stay here
    return answer;
  } catch (error) {
    const found = await cache.match(request);
    const age = found && Date.now() - Date.parse(found.headers.get("date"));
    if (found && age < DAY) return found;
    await caches.delete(TODAY);
    return new Response("<!doctype html><meta charset=utf-8><title>离线</title><p>没有网络，也没有一天以内的清单。", {
      status: 503, headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": "default-src 'none'" },
    });
  }
}
