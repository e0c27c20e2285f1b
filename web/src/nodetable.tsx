// What a row of the nodes shows, in three ways of looking at them.
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Member, Node, Operation } from "./api";
import { call } from "./api";
import { failed, needs } from "./pieces";
import { may, say } from "./state";
import { activationText, Age, Badge, Bar } from "./parts";
import { broken, setWeight, shareOf, Stepper } from "./nodeactions";
import { absolute, bytes, num, percent, plural, rate } from "./words";

export interface Row { n: Node; p?: Member; all: Node[]; drain?: Operation; onDone: () => void }
export interface Column { name: string; title?: string; n?: boolean; wide?: boolean; class?: string; label?: string; cell: (r: Row) => ComponentChildren }

const count = (name: string, title: string, of: (p: Member) => number | undefined, show: (v: number) => string = num): Column =>
  ({ name, title, n: true, cell: ({ p }) => { const v = p && of(p); return v === undefined ? <span class="muted">–</span> : show(v); } });
const words = (name: string, title: string, of: (p: Member) => string | undefined): Column => ({ name, title, class: "mono", cell: ({ p }) => (p && of(p)) || <span class="muted">–</span> });

const activation: Column = { name: "Activation", label: "Activation", cell: ({ n, drain, onDone }) => <><Badge word={n.activation} text={activationText(n.activation)} /><Progress o={drain} onDone={onDone} /></> };

const simple: Column[] = [
  activation,
  { name: "Health", label: "Health", class: "badges", cell: ({ n }) => <><Health n={n} />{broken(n) && <Badge word="bad" text="ERR" title="in error because of its traffic" />}</> },
  { name: "Sessions", label: "Sessions", n: true, cell: ({ n }) => num(n.sessions) },
  { name: "Calls", label: "Calls", n: true, cell: ({ n }) => num(n.calls) },
  { name: "Req/s", label: "Req/s", n: true, cell: ({ n }) => rate(n.rate) },
  { name: "Share", label: "Share", class: "barcell", cell: ({ n }) => <Bar part={n.share} mark={n.target} label={`${percent(n.share)}, weight asks for ${percent(n.target)}`} /> },
  { name: "Weight", n: true, wide: true, class: "weightcell", cell: (r) => <WeightCell {...r} /> },
  { name: "Failed", n: true, wide: true, cell: ({ n }) => num(n.failed) },
  { name: "Route", wide: true, class: "mono", cell: ({ n }) => n.route },
];

const acts: Record<string, string> = { active: "ACT", disabled: "DIS", stopped: "STP" };
const state = (n: Node, p?: Member) => (n.health.http === "down" ? "ERR" : p?.state || "OK");

// The names of mod_jk's status page, in its order.
const modjk: Column[] = [
  { name: "Act", title: "Activation", cell: ({ p }) => acts[p?.activation ?? ""] ?? "–" },
  { name: "State", title: "State of the worker", cell: ({ n, p }) => <span class={state(n, p).startsWith("ERR") ? "wrong inline" : ""}>{state(n, p)}</span> },
  count("D", "Distance", (p) => p.distance), count("F", "Load balancer factor: the weight", (p) => p.weight), count("M", "Multiplicity", (p) => p.mult), count("V", "Load balancer value", (p) => p.value),
  count("Acc", "Requests", (p) => p.elected), count("Sess", "Sessions created", (p) => p.created), count("Err", "Failed requests", (p) => p.errors), count("CE", "Client errors", (p) => p.clientErrors),
  count("RE", "Reply timeouts", (p) => p.replyTimeouts), count("Wr", "Sent to the worker", (p) => p.sent, bytes), count("Rd", "Read from the worker", (p) => p.read, bytes),
  count("Busy", "Requests now", (p) => p.busy), count("MaxBusy", "Most requests at a time", (p) => p.maxBusy),
  words("Route", "Route", (p) => p.route), words("RR", "Redirect route", (p) => p.redirect), words("Cd", "Cluster domain", (p) => p.domain),
  { name: "LR", title: "Time since the last reset", cell: ({ p }) => (p?.reset ? <Age at={p.reset} /> : <span class="muted">–</span>) },
  { name: "LE", title: "Time of the last error", cell: ({ p }) => (p?.errorAt ? <span title={absolute(p.errorAt)}><Age at={p.errorAt} /> ago</span> : <span class="muted">–</span>) },
];

const sip: Column[] = [
  activation,
  { name: "Transport", label: "Transport", cell: ({ n }) => n.addresses.sip?.split(":")[0].toUpperCase() ?? <span class="muted">no SIP</span> },
  { name: "Address", label: "Address", class: "mono", cell: ({ n }) => n.addresses.sip?.replace(/^\w+:\/\//, "") },
  { name: "OPTIONS", label: "OPTIONS", class: "badges", cell: ({ n }) => n.health.sip && <Badge word={n.health.sip} text={[n.health.sip, n.checks.sip?.code].filter(Boolean).join(" ")} title={n.checks.sip?.detail || n.checks.sip?.why} /> },
  { name: "Latency", label: "Latency", n: true, cell: ({ n }) => n.checks.sip?.tookMs ? n.checks.sip.tookMs.toFixed(1) + " ms" : "" },
  { name: "Last check", label: "Last check", cell: ({ n }) => n.checks.sip?.at ? <><Age at={n.checks.sip.at} /> ago</> : "" },
  { name: "Since", label: "Since", cell: ({ n }) => n.checks.sip?.since ? <Age at={n.checks.sip.since} /> : "" },
  { name: "Changes", n: true, label: "Changes", cell: ({ n }) => n.checks.sip ? num(n.checks.sip.changes) : "" },
  { name: "Calls", label: "Calls", n: true, cell: ({ n }) => num(n.calls) },
  { name: "Sessions", label: "Sessions", n: true, cell: ({ n }) => num(n.sessions) },
];

export const presets: Record<string, { name: string; columns: Column[]; byPool?: boolean }> = {
  simple: { name: "Simple", columns: simple }, modjk: { name: "mod_jk", columns: modjk, byPool: true }, sip: { name: "SIP", columns: sip },
};

export function Health({ n }: { n: Node }) {
  return <>{Object.entries(n.health).map(([s, w]) => {
    const c = n.checks[s];
    const took = c?.tookMs ? ` ${c.tookMs < 10 ? c.tookMs.toFixed(1) : Math.round(c.tookMs)} ms` : "";
    return <Badge key={s} word={w} text={s.toUpperCase() + " " + w} title={[c?.detail || c?.why, took && "answered in" + took].filter(Boolean).join("; ")} />;
  })}</>;
}

export function Progress({ o, onDone }: { o?: Operation; onDone: () => void }) {
  if (!o) return null;
  const most = o.total.sessions + o.total.calls, left = o.remaining.sessions + o.remaining.calls;
  const text = `${plural(o.remaining.sessions, "session")}, ${plural(o.remaining.calls, "call")} left`;
  return <div class="progress" title={[o.by && "by " + o.by, o.reason, o.stop && "then stop"].filter(Boolean).join("; ")}>
    <Bar part={most ? Math.max(0, 1 - left / most) : 1} label={"drained: " + text} /><span>{text}{o.stop && ", then stop"}</span>
    {may("operator") && <button type="button" onClick={() => call("DELETE", "/operations/" + o.id, {}).then(() => { say({ text: `${o.node} is drained no more and as it was before.` }); onDone(); }, failed)}>Cancel</button>}</div>;
}

// WeightCell is changed where it stands, and says what share would follow.
function WeightCell({ n, all, onDone }: Row) {
  const [to, setTo] = useState<number | null>(null);
  if (to === null) return <button type="button" class="plain weight" disabled={!may("operator")} title={needs("operator", "Another weight")} aria-label={`Weight of ${n.name}: ${n.weight}. Change it`} onClick={() => setTo(n.weight)}>{num(n.weight)}</button>;
  const close = () => setTo(null);
  return <form class="weighing" onSubmit={(e) => { e.preventDefault(); setWeight(n, to, onDone).then(close, failed); }} onKeyDown={(e) => { if (e.key === "Escape") { e.stopPropagation(); close(); } }}>
    <Stepper value={to} onChange={setTo} label={"Weight of " + n.name} /><span class="small muted" role="status">{percent(shareOf(n, to || 1, all))} of new work</span>
    <span><button type="submit" class="solid" disabled={to === n.weight || to < 1}>Set</button> <button type="button" onClick={close}>Cancel</button></span></form>;
}
