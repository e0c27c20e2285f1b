// Words and numbers for people.

const whole = new Intl.NumberFormat("en");
export const num = (n: number) => whole.format(n);
export const rate = (n: number) => (n >= 100 ? whole.format(Math.round(n)) : n >= 10 ? n.toFixed(0) : n > 0 ? n.toFixed(1) : "0");
export const percent = (x: number) => (x > 0.995 && x < 1 ? ">99" : Math.round(x * 100).toString()) + " %";

export function bytes(n: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let i = 0;
  for (; n >= 1024 && i < units.length - 1; i++) n /= 1024;
  return (i && n < 10 ? n.toFixed(1) : whole.format(Math.round(n))) + " " + units[i];
}

export function duration(ms: number): string {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return s + " s";
  if (s < 3600) return Math.floor(s / 60) + "m " + String(s % 60).padStart(2, "0") + "s";
  if (s < 86400) return Math.floor(s / 3600) + "h " + String(Math.floor((s % 3600) / 60)).padStart(2, "0") + "m";
  return Math.floor(s / 86400) + "d " + Math.floor((s % 86400) / 3600) + "h";
}
export const age = (t: string | undefined, now: number) => (t ? duration(now - Date.parse(t)) : "–");
export const clock = (t: string) => new Date(t).toLocaleTimeString("en-GB") + "." + String(new Date(t).getMilliseconds()).padStart(3, "0");
export const absolute = (t: string | undefined) => (t ? new Date(t).toLocaleString("sv-SE") : "");
export const middle = (s: string, n: number) => (s.length <= n ? s : s.slice(0, Math.ceil(n / 2)) + "…" + s.slice(s.length - Math.floor(n / 2) + 1));
export const plural = (n: number, one: string, many = one + "s") => num(n) + " " + (n === 1 ? one : many);

// nodeColour gives a node the same of eight colours everywhere: by the number
// at the end of its name, else by a hash of it.
export function nodeColour(name: string): number {
  const tail = /(\d+)$/.exec(name);
  if (tail) return ((parseInt(tail[1], 10) + 7) % 8) + 1;
  let h = 2166136261;
  for (let i = 0; i < name.length; i++) h = Math.imul(h ^ name.charCodeAt(i), 16777619) >>> 0;
  return (h % 8) + 1;
}

// What each rule means, in a sentence. The codes are those of logs and metrics.
const rules: Record<string, string> = {
  no_node: "No node can serve this",
  explicit_target: "The message is addressed to this node",
  route_header: "The Route header carries the node",
  cookie_route: "The cookie's jvmRoute names the node",
  path_route: "The jvmRoute in ;jsessionid= names the node",
  param_appsession: "The appsession parameter is known",
  affinity_call_id: "The Call-ID is known",
  affinity_from_user: "The caller is known",
  affinity_to_user: "The callee is known",
  affinity_custom: "A header or application session key is known",
  affinity_http: "The HTTP session id is known",
  affinity_linked: "Another key of the same application session is known",
  hash: "Hash of the Call-ID, which the table does not know",
  session_hash: "Hash of the session id, which has no route",
  balance: "New: placed by the balancing method",
  redirect_route: "The owner's redirect node takes over",
  domain_failover: "Another node of the owner's domain takes over",
  failover_down: "The owner is down: another node takes over",
  failover_stopped: "The owner was stopped: another node takes over",
  failover_gone: "The owner is gone: another node takes over",
  substitute: "Served elsewhere for once, the session stays",
  guest: "Served where the client asked, the session lives elsewhere",
  follow_sip_rewrite: "HTTP follows where SIP landed",
  follow_sip_gave_up: "The client ignored corrections: served where it landed",
  switchover: "Moved by switchover or an operator",
  from_node: "A node said so",
  overflow: "The table is full: placed by hash, without an entry",
  unbound: "The table does not answer: placed by hash",
  busy: "Every node is at its capacity",
  sticky_forced: "Refused: the owner is unusable and stickiness is forced",
  forced_recovery: "Nobody else was left: a node in error is tried all the same",
};
export const ruleText = (r: string) => rules[r] ?? r.replaceAll("_", " ");

const spaces: Record<string, string> = { app: "identity", call: "Call-ID", http: "JSESSIONID", flow: "WebSocket" };
export const spaceText = (s: string) => spaces[s] ?? s;
const sources: Record<string, string> = {
  cookie: "cookie", path: "path ;jsessionid=", query: "appsession parameter", header: "header", "call-id": "Call-ID",
  "from.user": "From user", "to.user": "To user", "from.aor": "From address", "to.aor": "To address",
  "application-session-key": "application session key", "x-twinhop-session": "X-Twinhop-Session", route: "Route header", target: "request address", connection: "WebSocket",
};
export const sourceText = (s: string) => sources[s] ?? s;

// Why SIP messages were dropped or refused before they were routed.
const sheds: Record<string, string> = {
  stranger: "On the node side, from who is no node",
  source_rate: "A source sent more than it may, or is banned",
  scanner: "It calls itself a scanner",
  refusal_budget: "An error answer that was not made: its source had enough",
  overload: "Too many new requests",
  overload_probe: "Too many new requests: OPTIONS go first",
  overload_message: "Too many new requests: MESSAGE, SUBSCRIBE and the like",
  overload_register: "Too many new requests: REGISTER",
  overload_invite: "Too many new requests: INVITE, the last to go",
  foreign_response: "An answer to what was not forwarded here",
  no_node: "An answer for a dead node whose call nobody can take",
  no_way: "No socket reaches the peer",
  slow_queue: "Too many messages wait for names",
  send_queue: "The system's send buffers are full",
  unreachable: "Nobody took the datagram, says the network",
  connection_lost: "It was under way when its connection broke",
  garbled: "A connection's bytes are no messages",
};
export const shedText = (r: string) => sheds[r] ?? "Malformed: " + r.replaceAll("_", " ");
