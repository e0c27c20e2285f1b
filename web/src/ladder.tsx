// The timeline of a session as a ladder: who sent what to whom, on one clock.
// There is an equivalent table.
import { Passed } from "./api";
import { ends, isPassed, label, Line, outcome, rewrites, sentence, told, wrong } from "./trail";
import { clock, nodeColour } from "./words";

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

const cut = (s: string, n: number) => (s.length > n ? s.slice(0, n - 1) + "…" : s);

// Band is a time in which a node was not well, or was held back.
export interface Band { node: string; since: string; until?: string; severity: string; text: string }

export interface LadderProps {
  list: Line[];
  picked: number;
  marked: number; // the row to compare with; -1: none
  bands: Band[];
  zoom: number;
  onPick: (i: number) => void;
  onKey: (key: string) => boolean; // whether it was one of ours
}

export function Ladder({ list, picked, marked, bands, zoom, onPick, onKey }: LadderProps) {
  const lanes = lanesOf(list);
  const at = (name: string) => first + Math.max(0, lanes.findIndex((l) => l.name === name)) * gap;
  const width = first + (lanes.length - 1) * gap + 96, height = top + list.length * rowHeight + 14;
  const step = (e: KeyboardEvent) => {
    if (e.ctrlKey || e.metaKey || e.altKey) return;
    const to = { ArrowDown: picked + 1, ArrowUp: picked < 0 ? list.length - 1 : picked - 1, PageDown: picked + 10, PageUp: picked - 10, Home: 0, End: list.length - 1 }[e.key];
    if (to === undefined) {
      if (onKey(e.key)) e.preventDefault();
      return;
    }
    e.preventDefault();
    const next = Math.max(0, Math.min(list.length - 1, to));
    onPick(next);
    (e.currentTarget as HTMLElement).querySelector(`[data-step="${next}"]`)?.scrollIntoView({ block: "nearest" });
  };
  return <div class="ladder" tabIndex={0} role="listbox" aria-label="Ladder of messages and decisions, the oldest first"
    aria-activedescendant={picked >= 0 ? "step-" + picked : undefined} onKeyDown={step}>
    <svg class="times" width={times * zoom} height={height * zoom} viewBox={`0 0 ${times} ${height}`} aria-hidden="true">
      {list.map((x, i) => <text key={i} class="when" x="10" y={top + i * rowHeight + 17}>{clock(x.at)}</text>)}</svg>
    <svg class="rungs" width={width * zoom} height={height * zoom} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="xMinYMin meet" role="presentation">
      <defs>{["http", "sip", "bad"].map((p) => <marker key={p} id={"arrow-" + p} class={p} viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto-start-reverse"><path d="M0 0L8 4L0 8z" /></marker>)}</defs>
      {bands.map((b, i) => <Shade key={i} b={b} list={list} lanes={lanes} at={at} />)}
      {lanes.map((l) => <g key={l.name} class="lane"><line x1={at(l.name)} x2={at(l.name)} y1={34} y2={height} class={l.kind === "node" ? "s" + nodeColour(l.name) : ""} />
        <text x={at(l.name)} y={20} text-anchor="middle">{cut(l.name, 22)}<title>{l.name}</title></text></g>)}
      {list.map((x, i) => <g key={i} id={"step-" + i} data-step={i} role="option" aria-selected={i === picked}
        class={["step", x.proto ?? "", wrong(x) ? "bad" : "", i === picked ? "picked" : "", i === marked ? "marked" : ""].join(" ")}
        transform={`translate(0 ${top + i * rowHeight})`} onClick={() => onPick(i)}>
        <title>{sentence(x)}</title>
        <g aria-hidden="true"><rect class="back" x="0" y="-2" width={width} height={rowHeight} rx="5" /> <Drawn x={x} at={at} />
          {i === marked && <text class="flag" x="8" y="17">A</text>}</g></g>)}
    </svg></div>;
}

// Shade is a band in the lane of its node, over the rows of its time.
function Shade({ b, list, lanes, at }: { b: Band; list: Line[]; lanes: Lane[]; at: (name: string) => number }) {
  if (!lanes.some((l) => l.name === b.node)) return null;
  const row = (t: string) => list.findIndex((x) => x.at >= t);
  const begin = row(b.since), end = b.until ? row(b.until) : -1;
  const from = begin < 0 ? list.length : begin, to = end < 0 ? list.length : end;
  if (to <= from) return null;
  const y = top + from * rowHeight - 2, height = (to - from) * rowHeight;
  return <g class={"shade " + b.severity}><rect x={at(b.node) - 40} y={y} width="80" height={height} rx="5" /><title>{b.text}</title></g>;
}

function Drawn({ x, at }: { x: Line; at: (name: string) => number }) {
  if (!isPassed(x)) return <Decision x={x} at={at} />;
  const arrow = "url(#arrow-" + (wrong(x) ? "bad" : x.proto) + ")";
  if (x.type === "exchange") return <Exchange x={x} at={at} />;
  const [from, to] = ends(x).map(at), d = to > from ? -1 : 1;
  return <><line class="arrow" x1={from} x2={to + d} y1="18" y2="18" marker-end={arrow} />
    <text class="words" x={(from + to) / 2} y="12" text-anchor="middle">{cut(label(x), 23)}</text>
    {x.kept && <circle class="kept" cx={from} cy="18" r="3"><title>its text is kept</title></circle>}</>;
}

function Exchange({ x, at }: { x: Passed; at: (name: string) => number }) {
  const a = at("client"), b = x.node ? at(x.node) : at("gateway");
  return <><rect class="exchange" x={a} y="5" width={b - a} height="16" rx="4" />
    <text class="words" x={a + 8} y="17">{cut(label(x), Math.floor((b - a) / 7.2) - 15)}</text>
    <text class="words took" x={b - 8} y="17" text-anchor="end">{outcome(x)}</text>
    {x.kept && <circle class="kept" cx={a} cy="13" r="3"><title>its text is kept</title></circle>}</>;
}

function Decision({ x, at }: { x: Exclude<Line, Passed>; at: (name: string) => number }) {
  const y = 13, change = rewrites(x);
  const words = (x.type === "moved" ? "moved: " + x.rule : x.type === "learned" ? told(x) : x.rule) + (x.count > 1 ? " ×" + x.count : "");
  const target = x.node ? at(x.node) : at("gateway"), from = x.type === "moved" && x.from ? at(x.from) : at("gateway");
  return <><circle class="mark" cx={from} cy={y} r="3.5" />
    {target !== from && <><line class="decision" x1={from} x2={target} y1={y} y2={y} /><circle class={"mark f" + (x.node ? nodeColour(x.node) : "")} cx={target} cy={y} r="4.5" /></>}
    {change && <text class="rewrites" x={at("gateway") - 10} y={y + 4} text-anchor="end">± {cut(change, 24)}<title>{change}</title></text>}
    <text class="note" x={Math.min(from, target) + 12} y={y - 3}>{cut(words, 26)}</text></>;
}
