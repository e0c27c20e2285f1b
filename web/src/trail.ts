// What passed for a session and what was decided: the lines of its timeline,
// in words.
import { Event, Passed } from "./api";
import { clock, num, ruleText, sourceText, spaceText } from "./words";

export type Line = Event | Passed;
export const isPassed = (x: Line): x is Passed => x.type === "message" || x.type === "exchange";
export const same = (a: Line, b: Line) =>
  a === b || (isPassed(a) ? isPassed(b) && a.n === b.n : !isPassed(b) && a.at === b.at && a.type === b.type && a.rule === b.rule && a.node === b.node);

export const label = (m: Passed) =>
  m.type === "exchange" ? m.method + " " + (m.path ?? "") : m.status ? m.status + (m.method ? " " + m.method : "") : m.method;
export const outcome = (m: Passed) =>
  (m.status ? String(m.status) : "no answer") + (m.tookMs !== undefined ? ", " + (m.tookMs < 10 ? m.tookMs.toFixed(1) : num(Math.round(m.tookMs))) + " ms" : "");
export const wrong = (x: Line) => (isPassed(x) ? (x.type === "exchange" && !x.status) || (x.status ?? 0) >= 400 : !!x.failed);

// ends are the lanes between which a message ran, from and to.
export function ends(m: Passed): [string, string] {
  const peer = m.side === "node" ? m.node || "node" : "client";
  return m.direction === "in" ? [peer, "gateway"] : ["gateway", peer];
}

// told says what a node did that the gateway learned from.
export function told(e: Event) {
  if (e.proto === "sip") return e.kind === "open" ? "request of the node" : "call progress";
  return e.keys?.some((k) => k.verb === "set") ? "node sets the id" : "node drops the id";
}

// rewrites says what the gateway changed in a message, as far as a decision tells.
const changes: Record<string, string> = { follow_sip_rewrite: "rewrites the cookie's route", redirect_route: "another route in the cookie", failover_down: "another node, the same id",
  failover_stopped: "another node, the same id", failover_gone: "another node, the same id" };
export function rewrites(e: Event): string {
  return (e.proto === "http" && e.type === "decision" && changes[e.rule]) || "";
}

// sentence is a row in words, for those who do not see the drawing.
export function sentence(x: Line): string {
  if (isPassed(x)) {
    if (x.type === "exchange") return `${clock(x.at)} HTTP ${label(x)}, served by ${x.node || "the gateway"}: ${outcome(x)}`;
    const [a, b] = ends(x);
    return `${clock(x.at)} SIP ${label(x)} from ${a} to ${b}`;
  }
  if (x.type === "moved") return `${clock(x.at)} moved from ${x.from || "nowhere"} to ${x.node}: ${ruleText(x.rule)}`;
  return `${clock(x.at)} ${x.type === "learned" ? "learned from" : "decided for"} ${x.node || "nobody"}: ${ruleText(x.rule)}`;
}

export const evidence = (e: Event) => [
  ...(e.hint ? [{ look: "hint", name: sourceText(e.hint.source), text: e.hint.text, title: "named by the message itself: " + sourceText(e.hint.source) }] : []),
  ...(e.keys ?? []).map((k) => ({ look: k.space, name: (k.verb === "set" ? "sets " : k.verb === "gone" ? "drops " : "") + spaceText(k.space), text: k.text, title: sourceText(k.source) })),
];
