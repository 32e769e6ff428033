// The board's own script. A visit goes into the phone's own store first, under a number of its own, and leaves it only
// when the server has named that number: as kept, or it stays with the reason why it was refused.
"use strict";

const EVERY = 15_000;
const DAY = 24 * 3600 * 1000;

function store() {
  return new Promise((done, failed) => {
    const opening = indexedDB.open("street-board", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore("visits", { keyPath: "visit_no" });
    opening.onsuccess = () => done(opening.result);
    opening.onerror = () => failed(opening.error);
  });
}

async function within(mode, work) {
  const database = await store();
  return new Promise((done, failed) => {
    const transaction = database.transaction("visits", mode, { durability: "strict" });
    const request = work(transaction.objectStore("visits"));
    transaction.oncomplete = () => { database.close(); done(request && request.result); };
    transaction.onabort = () => { database.close(); failed(transaction.error); };
  });
}

const waiting = () => within("readonly", (visits) => visits.getAll());
const keep = (visit) => within("readwrite", (visits) => visits.put(visit));
const forget = (number) => within("readwrite", (visits) => visits.delete(number));

// crypto.randomUUID is there over https alone.
function number() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

const list = document.querySelector(".today");
const { account } = document.body.dataset;

async function show(said = "") {
  if (!list) return;
  const all = await waiting();
  const queue = document.getElementById("queue");
  const mine = all.filter((visit) => visit.account === account && !visit.refused);
  const others = all.filter((visit) => visit.account !== account).length;
  const words = [];
  if (mine.length) words.push(`待上传 ${mine.length}`);
  if (others) words.push(`另有 ${others} 条属于其他账户，待其登录后上传`);
  if (said && mine.length) words.push(said);
  queue.textContent = words.join(" · ");
  queue.hidden = !words.length;
  const refused = all.filter((visit) => visit.account === account && visit.refused);
  const shown = document.getElementById("refused");
  shown.hidden = !refused.length;
  shown.replaceChildren(...refused.map((visit) => {
    const line = document.createElement("li");
    line.textContent = `未能上传：${visit.label}，${visit.refused}。请报告街道。`;
    return line;
  }));
  for (const visit of all.filter((each) => each.account === account)) mark(visit, visit.refused ? "未能上传" : "已记录，待上传");
}

function mark(visit, said) {
  for (const form of document.querySelectorAll("form.visit")) {
    const data = new FormData(form);
    if (data.get("person_key") !== visit.person_key || data.get("kind") !== visit.kind) continue;
    const row = form.closest(".duty-row");
    row.classList.add("recorded");
    const state = document.createElement("p");
    state.className = "state";
    state.dataset.visit = visit.visit_no;
    state.textContent = said;
    form.replaceWith(state);
  }
  for (const state of document.querySelectorAll(`[data-visit="${visit.visit_no}"]`)) state.textContent = said;
}

let sending = false;

async function flush() {
  if (sending || !account) return;
  sending = true;
  try {
    const mine = (await waiting()).filter((visit) => visit.account === account && !visit.refused).slice(0, 50);
    if (!mine.length) { await show(); return; }
    const bare = mine.map(({ account: _, label: __, refused: ___, ...visit }) => visit);
    const answer = await fetch("/visits", {
      method: "POST",
      headers: { "content-type": "application/json", "x-account": account },
      body: JSON.stringify(bare),
      signal: AbortSignal.timeout(20_000),
    });
    if (answer.status === 401) { await show("登录已结束，请重新登录"); return; }
    if (answer.status !== 200 && answer.status !== 403) { await show("暂时无法上传"); return; }
    const told = await answer.json();
    if (!told.kept) { await show(told.said || "暂时无法上传"); return; }
    for (const visit of mine) {
      if (told.kept.includes(visit.visit_no)) {
        await forget(visit.visit_no);
        mark(visit, "已登记");
      } else if (told.refused[visit.visit_no]) {
        await keep({ ...visit, refused: told.refused[visit.visit_no] });
      }
    }
    await show();
  } catch {
    await show("没有网络，恢复后自动上传");
  } finally {
    sending = false;
  }
}

// Where it is, as the page says: a trip's building and door, or the heading of a home.
function place(form) {
  const words = [form.closest(".trip")?.querySelector("h2"), form.closest(".door")?.querySelector("h3")].filter(Boolean);
  return (words.length ? words : [document.querySelector("h1")]).map((word) => word.textContent.trim()).join(" ");
}

async function record(event) {
  const form = event.target.closest("form.visit");
  if (!form) return;
  event.preventDefault();
  if (form.dataset.taken) return; // a double tap
  form.dataset.taken = "yes";
  const data = new FormData(form, event.submitter);
  const visit = {
    visit_no: number(),
    account,
    label: `${place(form)} ${data.get("kind")}`,
    visited_at: new Date().toISOString(),
    dwelling_key: data.get("dwelling_key"),
    person_key: data.get("person_key"),
    kind: data.get("kind"),
    temperature: data.get("temperature") || null,
    result: data.get("result"),
    note: data.get("note") || null,
  };
  await keep(visit);
  if (navigator.storage && navigator.storage.persist) navigator.storage.persist();
  mark(visit, "已记录，待上传");
  await show();
  await flush();
}

// Nobody leaves while visits wait: they are sent first; what stays belongs to the account that made it.
async function leave(event) {
  if (!event.target.matches("form.out")) return;
  event.preventDefault();
  await flush();
  const left = (await waiting()).filter((visit) => !visit.refused && visit.account === account);
  if (left.length) {
    alert(`还有 ${left.length} 条走访没有上传，请等有网络时再退出。`);
    return;
  }
  for (const name of await caches.keys()) if (name.startsWith("today")) await caches.delete(name);
  event.target.submit();
}

function age() {
  if (!list) return;
  const made = new Date(list.dataset.made);
  const old = Date.now() - made > DAY;
  const stale = document.getElementById("stale");
  stale.hidden = navigator.onLine && !old;
  stale.textContent = old ? "这份清单已超过一天，请联网更新。" : "离线：可以继续登记，恢复网络后自动上传。";
}

// The wall screen renews itself; while the board is away it keeps what it shows.
const { renewed } = document.body.dataset;
if (renewed) {
  setInterval(async () => {
    try {
      if ((await fetch("/alive")).ok) location.reload();
    } catch { /* away: the next time */ }
  }, 1000 * renewed);
}

if ("serviceWorker" in navigator) navigator.serviceWorker.register("/sw.js");
if (window.indexedDB) document.addEventListener("submit", (event) => { record(event); leave(event); });
if (account && window.indexedDB) {
  const look = () => { age(); flush(); };
  look();
  addEventListener("online", look);
  addEventListener("offline", age);
  setInterval(look, EVERY);
}
