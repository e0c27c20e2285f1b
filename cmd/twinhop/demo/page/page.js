const $ = (id) => document.getElementById(id);
let id = document.body.dataset.id; // ";jsessionid=…" until the browser has shown that it keeps cookies
let last = null;
let busy = false;
let phones = null; // { visitor, agent }, once the page is a telephone
let obstacle = ""; // why it cannot be one

const path = (p, query) => p + id + (query ? "?" + query : "");

function note(text, bad) {
  const li = document.createElement("li");
  const time = document.createElement("time");
  time.textContent = new Date().toTimeString().slice(0, 8);
  const span = document.createElement("span");
  span.textContent = text;
  if (bad) span.className = "bad";
  li.append(time, span);
  $("log").prepend(li);
  while ($("log").children.length > 60) $("log").lastChild.remove();
}

function badge(node, small) {
  const span = document.createElement("span");
  span.className = "node " + (node === "node1" ? "n1" : "n2") + (small ? " small" : "");
  span.textContent = node;
  return span;
}

function showCall(c, orphan) {
  const li = document.createElement("li");
  if (c.ended) li.className = "ended";
  const who = document.createElement("b");
  who.textContent = c.party;
  const state = document.createElement("span");
  state.className = "state";
  state.textContent = c.ended ? "ended" : orphan ? "talking, its node is gone" : "talking";
  const callId = document.createElement("code");
  callId.textContent = c.callId;
  callId.title = "Call-ID";
  li.append(who, state, badge(c.node, true), callId);
  return li;
}

function showNode(n) {
  const li = document.createElement("li");
  const text = document.createElement("span");
  text.textContent = n.up ? " runs" : " killed";
  if (!n.up) text.className = "down";
  li.append(badge(n.name, true), text);
  return li;
}

const verdicts = { none: "no SIP yet", same: "same node ✓", split: "two nodes", orphan: "SIP moves with its next message" };
const hits = (n) => (n === 1 ? "1 hit" : n + " hits");
const down = (s, node) => (s.nodes || []).some((n) => n.name === node && !n.up);
const live = (s) => s.calls.filter((c) => !c.ended);

function compare(before, now) {
  if (!before) {
    note(`Session ${now.session} is on ${now.node}`);
    return;
  }
  if (before.session !== now.session) note(`Session ${now.session} is new, on ${now.node}`);
  else if (before.node !== now.node) note(`HTTP moved from ${before.node} to ${now.node}, ${hits(now.hits)} kept`);
  else if (before.hits !== now.hits) note(`${hits(now.hits)}, on ${now.node}`);
  for (const l of now.lines) {
    const old = before.lines.find((o) => o.who === l.who);
    if (!old) note(`${l.who} registered, on ${l.node}`);
    else if (old.node !== l.node) note(`${l.who} registered again, on ${l.node} instead of ${old.node}`);
  }
  const known = new Map(before.calls.map((c) => [c.callId, c]));
  for (const c of [...now.calls].reverse()) {
    const old = known.get(c.callId);
    if (!old) note(`Call with ${c.party} on ${c.node}`);
    else if (!old.ended && c.ended) note(`Call with ${c.party} ended on ${c.node}` + (old.node === c.node ? "" : ", it was on " + old.node));
    else if (old.node !== c.node) note(`Call with ${c.party} goes on, on ${c.node} instead of ${old.node}`);
  }
  for (const n of now.nodes || []) {
    const old = (before.nodes || []).find((o) => o.name === n.name);
    if (old && old.up !== n.up) note(n.name + (n.up ? " runs again" : " was killed"));
  }
  if (before.leader !== now.leader) note(now.leader === "sip" ? "SIP leads: HTTP follows where the last call landed" : "HTTP leads: calls follow the page");
}

function show(s) {
  if (phones && last.line !== s.line) { // the nodes know nothing of us any more: another session, other telephones
    location.reload();
    return;
  }
  compare(last, s);
  last = s;
  id = s.link;
  $("http-node").replaceWith(Object.assign(badge(s.node), { id: "http-node" }));
  $("session").textContent = s.session;
  $("hits").textContent = s.hits;
  $("user").textContent = s.user || "";
  $("user").hidden = $("user-label").hidden = !s.user;
  $("verdict").textContent = verdicts[s.verdict];
  $("verdict").className = "verdict " + s.verdict;
  const served = [...new Set((live(s).length ? live(s) : s.lines).map((x) => x.node))];
  const where = document.createElement("span");
  where.id = "sip-node";
  if (served.length) where.append(...served.map((n) => badge(n)));
  else where.append(Object.assign(document.createElement("span"), { className: "node", textContent: "none yet" }));
  $("sip-node").replaceWith(where);
  $("calls").replaceChildren(...s.calls.slice(0, 6).map((c) => showCall(c, down(s, c.node))));
  $("no-calls").hidden = s.calls.length > 0;
  $("nodes").replaceChildren(...(s.nodes || []).map(showNode));
  $("leader").textContent = s.leader === "sip" ? "Leader: SIP. HTTP follows SIP." : "Leader: HTTP. SIP follows HTTP.";
  $("sip-first").textContent = s.leader === "sip" ? "Let HTTP lead again" : "Let SIP move first";
  $("admin").href = path("/demo/admin");
  paint();
  if (phones) follow(s);
}

// follow lets SIP say something where it is not on the page's node: the gateway takes it there, once it has noticed that a node is gone.
function follow(s) {
  const stays = (node) => node === s.node || (s.nodes || []).some((n) => n.name === node && !n.up && !n.left);
  for (const p of Object.values(phones)) {
    const mine = s.lines.find((l) => l.who === p.who);
    if (mine && !stays(mine.node) && p.tries < 5) {
      p.tries++;
      p.register();
    }
    if (mine && mine.node === s.node) p.tries = 0;
  }
  if (live(s).some((c) => !stays(c.node))) phones.visitor.nudge();
}

const words = (p) => {
  if (!p) return obstacle ? "not in this browser" : "…";
  if (p.talking) return "talking";
  if (p.session) return "connecting";
  if (p.registered) return "registered";
  return p.problem ? "not registered: " + p.problem : "registering";
};

// paint shows what the telephones of the page do, and which buttons make sense.
function paint() {
  for (const who of ["visitor", "agent"]) {
    const p = phones && phones[who];
    $(who).textContent = words(p);
    $(who).className = p && p.registered ? "good" : p && p.problem ? "down" : "";
    const heard = p && p.talking ? p.heard : { level: 0, packets: 0, energy: 0 };
    $(who + "-hears").value = Math.min(1, heard.level * 6);
    $(who + "-count").textContent = p && p.talking ? `${heard.packets} packets` : "no call";
    $(who + "-count").dataset.energy = heard.energy;
  }
  const lost = phones && Object.values(phones).find((p) => p.problem);
  const trouble = obstacle || (lost ? `The telephones of this page cannot be reached (${lost.problem} at ${lost.url}); trying again. “Call both” uses the demo's own, without sound.` : "");
  if ($("trouble").textContent !== trouble) $("trouble").textContent = trouble;
  $("trouble").hidden = !trouble;
  if (!last) return;
  const talking = phones && Object.values(phones).some((p) => p.session);
  const ready = phones && Object.values(phones).every((p) => p.registered);
  const on = live(last).length > 0;
  const dead = (last.nodes || []).some((n) => !n.up);
  $("sound").hidden = !!obstacle;
  $("call").disabled = busy || on || talking || !ready;
  $("call-mic").disabled = $("call").disabled || !navigator.mediaDevices;
  $("call-mic").title = navigator.mediaDevices ? "" : "Browsers give a microphone to pages on https or localhost only";
  $("hang-up").disabled = busy || !talking;
  $("connect").disabled = busy || on || talking;
  $("bye").disabled = busy || !on;
  $("hit").disabled = busy;
  $("kill").disabled = busy || dead;
  $("start").disabled = busy || !dead;
  $("sip-first").disabled = busy || dead;
}

async function ask(method, p, query) {
  const res = await fetch(path(p, query), { method, cache: "no-store" });
  const text = await res.text();
  let body = null;
  try { body = JSON.parse(text); } catch { /* not ours: the gateway's own answer */ }
  if (!res.ok) throw new Error((body && body.error) || `${res.status} ${res.statusText || text}`);
  return body;
}

// refresh shows how things are, unless something newer was shown meanwhile.
let asked = 0, shown = 0;
async function refresh() {
  const turn = ++asked;
  try {
    const s = await ask("GET", "/status");
    if (turn < shown) return;
    shown = turn;
    show(s);
  } catch (e) {
    note("No answer: " + e.message, true);
  }
}

const press = (what) => async () => {
  busy = true;
  if (module) module.audio(); // a press allows sound
  paint();
  try {
    const s = await what();
    shown = ++asked;
    if (s && s.node) show(s);
  } catch (e) {
    note(e.message, true);
  }
  busy = false;
  await refresh();
};

async function withMicrophone() {
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true } });
  } catch (e) {
    throw new Error(`No microphone (${e.message}): nobody was called`);
  }
  phones.agent.repeats = true;
  phones.visitor.call(phones.agent.user, stream);
}

$("call").onclick = press(() => phones.visitor.call(phones.agent.user));
$("call-mic").onclick = press(withMicrophone);
$("hang-up").onclick = press(() => Object.values(phones).find((p) => p.session)?.hangUp());
$("connect").onclick = press(() => ask("GET", "/call", "from=visitor&to=agent"));
$("bye").onclick = press(() => ask("GET", "/call", "bye=all"));
$("hit").onclick = press(() => ask("GET", "/hit"));
$("kill").onclick = press(() => ask("POST", "/demo/kill", "node=" + last.node));
$("start").onclick = press(() => ask("POST", "/demo/start", "node=" + last.nodes.find((n) => !n.up).name));
$("sip-first").onclick = press(() => ask("POST", "/demo/sip-first"));
$("listen").onchange = () => { if (phones) phones.visitor.speaker.muted = !$("listen").checked; };
addEventListener("pagehide", () => { if (phones) Object.values(phones).forEach((p) => p.hangUp()); });

let module = null;

// become makes the page two telephones, where the browser can.
async function become(s) {
  if (!window.RTCPeerConnection || !window.WebSocket || !window.AudioContext) {
    obstacle = "This browser has no WebRTC, or it is switched off, so the page cannot be a telephone. “Call both” uses the demo's own: real calls without sound.";
  } else {
    try {
      module = await import("./softphone.js");
      const url = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${s.socket}${id}`;
      let painting = 0;
      const changed = () => { painting ||= requestAnimationFrame(() => { painting = 0; paint(); }); };
      const make = (who, hertz) => new module.Softphone({ who, user: `${who}-${s.line}`, session: /^[\w.~-]+$/.test(s.user) ? s.user : s.line, url, hertz, tell: note, changed });
      phones = { visitor: make("visitor", 523), agent: make("agent", 392) };
      phones.visitor.speaker.muted = !$("listen").checked;
    } catch (e) {
      obstacle = `The page cannot be a telephone (${e.message}). “Call both” uses the demo's own: real calls without sound.`;
    }
  }
  if (obstacle) {
    $("connect").classList.add("main");
    $("call").classList.remove("main");
  }
  paint();
}

(async function poll() {
  if (!busy && !document.hidden) await refresh();
  if (last && !phones && !obstacle) await become(last);
  setTimeout(poll, 1000);
})();
