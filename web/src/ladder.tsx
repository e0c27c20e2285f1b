// The timeline of a session as a ladder: who sent what to whom, on one clock,
// with an equivalent table.
import { Event, Passed } from "./api";
import { nodeColour, clock, ruleText } from "./words";

export type Line = Event | Passed;
export const isPassed = (x: Line): x is Passed => x.type === "message" || x.type === "exchange";

// The lanes are at fixed distances, so that a long name does not move them.
const times = 108, first = 64, gap = 176, rowHeight = 30, top = 46;

interface Lane { name: string; kind: "client" | "gateway" | "node" }

function lanesOf(list: Line[]): Lane[] {
  const nodes = new Set<string>();
  for (const x of list) {
    if (x.node) nodes.add(x.node);
    if (!isPassed(x) && x.from) nodes.add(x.from);
  }
  const sorted = [...nodes].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  return [{ name: "client", kind: "client" }, { name: "gateway", kind: "gateway" }, ...sorted.map((name) => ({ name, kind: "node" as const }))];
}

export const label = (m: Passed) => (m.type === "exchange" ? m.method + " " + (m.path ?? "") : m.status ? m.status + (m.method ? " " + m.method : "") : m.method);
export const outcome = (m: Passed) => (m.status ? String(m.status) : "no answer") + (m.tookMs !== undefined ? ", " + (m.tookMs < 10 ? m.tookMs.toFixed(1) : Math.round(m.tookMs)) + " ms" : "");
export const wrong = (x: Line) => (isPassed(x) ? (x.type === "exchange" && !x.status) || (x.status ?? 0) >= 400 : !!x.failed);
const cut = (s: string, n: number) => (s.length > n ? s.slice(0, n - 1) + "…" : s);

// ends are the lanes between which a message ran, from and to.
export function ends(m: Passed): [string, string] {
  const peer = m.side === "node" ? m.node || "node" : "client";
  return m.direction === "in" ? [peer, "gateway"] : ["gateway", peer];
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

export function Ladder({ list, picked, onPick }: { list: Line[]; picked: number; onPick: (i: number) => void }) {
  const lanes = lanesOf(list);
  const at = (name: string) => first + Math.max(0, lanes.findIndex((l) => l.name === name)) * gap;
  const width = first + (lanes.length - 1) * gap + 96, height = top + list.length * rowHeight + 14;
  const step = (e: KeyboardEvent) => {
    const to = { ArrowDown: picked + 1, ArrowUp: picked - 1, Home: 0, End: list.length - 1 }[e.key];
    if (to === undefined) return;
    e.preventDefault();
    const next = Math.max(0, Math.min(list.length - 1, to));
    onPick(next);
    const frame = e.currentTarget as HTMLElement;
    frame.querySelector(`[data-step="${next}"]`)?.scrollIntoView({ block: "nearest" });
  };
  return <div class="scroll ladder" tabIndex={0} role="listbox" aria-label="Ladder of messages and decisions, the oldest first" aria-activedescendant={picked >= 0 ? "step-" + picked : undefined} onKeyDown={step}>
    <svg class="times" width={times} height={height} viewBox={`0 0 ${times} ${height}`} aria-hidden="true">{list.map((x, i) => <text key={i} class="when" x="10" y={top + i * rowHeight + 17}>{clock(x.at)}</text>)}</svg>
    <svg class="rungs" width={width} height={height} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="xMinYMin meet" role="presentation">
      <defs>{["http", "sip", "bad"].map((p) => <marker key={p} id={"arrow-" + p} class={p} viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" /></marker>)}</defs>
      {lanes.map((l) => <g key={l.name} class="lane"><line x1={at(l.name)} x2={at(l.name)} y1={34} y2={height} class={l.kind === "node" ? "s" + nodeColour(l.name) : ""} />
        <text x={at(l.name)} y={20} text-anchor="middle">{cut(l.name, 22)}<title>{l.name}</title></text></g>)}
      {list.map((x, i) => <g key={i} id={"step-" + i} data-step={i} role="option" aria-selected={i === picked} aria-label={sentence(x)} class={"step " + (x.proto ?? "") + (wrong(x) ? " bad" : "") + (i === picked ? " picked" : "")} transform={`translate(0 ${top + i * rowHeight})`} onClick={() => onPick(i)}>
        <rect class="back" x="0" y="-2" width={width} height={rowHeight} rx="5" /> <Drawn x={x} at={at} /></g>)}
    </svg></div>;
}

function Drawn({ x, at }: { x: Line; at: (name: string) => number }) {
  if (!isPassed(x)) {
    const y = 13, words = x.type === "moved" ? "moved: " + x.rule : (x.type === "learned" ? "learned" : x.rule) + (x.count > 1 ? " ×" + x.count : "");
    const target = x.node ? at(x.node) : at("gateway"), from = x.type === "moved" && x.from ? at(x.from) : at("gateway");
    return <><circle class="mark" cx={from} cy={y} r="3.5" />{target !== from && <line class="decision" x1={from} x2={target} y1={y} y2={y} />}
      {target !== from && <circle class={"mark f" + (x.node ? nodeColour(x.node) : "")} cx={target} cy={y} r="4.5" />}
      <text class="note" x={Math.min(from, target) + 12} y={y - 3}>{cut(words, 26)}</text></>;
  }
  const arrow = "url(#arrow-" + (wrong(x) ? "bad" : x.proto) + ")";
  if (x.type === "exchange") {
    const a = at("client"), b = x.node ? at(x.node) : at("gateway");
    return <><rect class="exchange" x={a} y="5" width={b - a} height="16" rx="4" /><text class="words" x={a + 8} y="17">{cut(label(x), Math.floor((b - a) / 7.2) - 15)}</text>
      <text class="words took" x={b - 8} y="17" text-anchor="end">{outcome(x)}</text></>;
  }
  const [from, to] = ends(x).map(at), d = to > from ? -1 : 1;
  return <><line class="arrow" x1={from} x2={to + d} y1="18" y2="18" marker-end={arrow} /><text class="words" x={(from + to) / 2} y="12" text-anchor="middle">{cut(label(x), 23)}</text></>;
}
