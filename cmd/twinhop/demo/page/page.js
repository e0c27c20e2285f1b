"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  let id = document.body.dataset.id; // ";jsessionid=…" until the browser has shown that it keeps cookies
  let last = null;
  let busy = false;

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

  const verdicts = { none: "no call now", same: "same node ✓", split: "two nodes", orphan: "calls move with their next message" };
  const hits = (n) => (n === 1 ? "1 hit" : n + " hits");
  const down = (s, node) => (s.nodes || []).some((n) => n.name === node && !n.up);

  function compare(before, now) {
    if (!before) {
      note(`Session ${now.session} is on ${now.node}`);
      return;
    }
    if (before.session !== now.session) note(`Session ${now.session} is new, on ${now.node}`);
    else if (before.node !== now.node) note(`HTTP moved from ${before.node} to ${now.node}, ${hits(now.hits)} kept`);
    else if (before.hits !== now.hits) note(`${hits(now.hits)}, on ${now.node}`);
    const known = new Map(before.calls.map((c) => [c.callId, c]));
    for (const c of [...now.calls].reverse()) {
      const old = known.get(c.callId);
      if (!old) note(`Call with ${c.party} on ${c.node}`);
      else if (!old.ended && c.ended) note(`Call with ${c.party} ended on ${c.node}` + (old.node === c.node ? "" : ", it began on " + old.node));
    }
    for (const n of now.nodes || []) {
      const old = (before.nodes || []).find((o) => o.name === n.name);
      if (old && old.up !== n.up) note(n.name + (n.up ? " runs again" : " was killed"));
    }
    if (before.leader !== now.leader) note(now.leader === "sip" ? "SIP leads: HTTP follows where the last call landed" : "HTTP leads: calls follow the page");
  }

  function show(s) {
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
    $("calls").replaceChildren(...s.calls.slice(0, 6).map((c) => showCall(c, down(s, c.node))));
    $("no-calls").hidden = s.calls.length > 0;
    $("nodes").replaceChildren(...(s.nodes || []).map(showNode));
    $("leader").textContent = s.leader === "sip" ? "Leader: SIP. HTTP follows SIP." : "Leader: HTTP. SIP follows HTTP.";
    $("sip-first").textContent = s.leader === "sip" ? "Let HTTP lead again" : "Move SIP first";
    const live = s.calls.some((c) => !c.ended);
    const dead = (s.nodes || []).some((n) => !n.up);
    $("call").disabled = busy || live;
    $("bye").disabled = busy || !live;
    $("kill").disabled = busy || dead;
    $("start").disabled = busy || !dead;
    $("sip-first").disabled = busy || dead;
    $("admin").href = path("/demo/admin");
  }

  async function ask(method, p, query) {
    const res = await fetch(path(p, query), { method, cache: "no-store" });
    const text = await res.text();
    let body = null;
    try { body = JSON.parse(text); } catch { /* not ours: the gateway's own answer */ }
    if (!res.ok) throw new Error((body && body.error) || `${res.status} ${res.statusText || text}`);
    return body;
  }

  async function refresh() {
    try {
      show(await ask("GET", "/status"));
    } catch (e) {
      note("No answer: " + e.message, true);
    }
  }

  const press = (what) => async () => {
    busy = true;
    if (last) show(last);
    try {
      const s = await what();
      if (s && s.node) show(s);
    } catch (e) {
      note(e.message, true);
    }
    busy = false;
    await refresh();
  };

  $("call").onclick = press(() => ask("GET", "/call", "from=visitor&to=agent"));
  $("bye").onclick = press(() => ask("GET", "/call", "bye=all"));
  $("hit").onclick = press(() => ask("GET", "/hit"));
  $("kill").onclick = press(() => ask("POST", "/demo/kill", "node=" + last.node));
  $("start").onclick = press(() => ask("POST", "/demo/start", "node=" + last.nodes.find((n) => !n.up).name));
  $("sip-first").onclick = press(() => ask("POST", "/demo/sip-first"));

  (async function poll() {
    if (!busy && !document.hidden) await refresh();
    setTimeout(poll, 1000);
  })();
})();
