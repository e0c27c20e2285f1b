// What an operator can do with a node: asked first, with numbers from a dry run.
import { useEffect, useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { call, Impact, Node, Operation, Page, Problem } from "./api";
import { Confirm } from "./confirm";
import { Menu } from "./menu";
import { failed, FormDialog, needs, Wrong } from "./pieces";
import { may, say } from "./state";
import { activationText, Icon, Same, word } from "./parts";
import { num, percent, plural } from "./words";

interface Action { label: string; icon: string; text: string; cli: string }
export const actions: Record<string, Action> = {
  active: { label: "Activate", icon: "ok", cli: "activate", text: "It gets new sessions and calls again." },
  disabled: { label: "Drain", icon: "pause", cli: "drain", text: "It keeps the sessions and calls it has and gets no new ones." },
  stopped: { label: "Stop", icon: "stop", cli: "stop", text: "It gets nothing at all: its sessions and calls move to other nodes with their next message." },
};

export const path = (name: string, action = "") => "/nodes/" + encodeURIComponent(name) + action;
export const broken = (n: Node) => n.pools.some((p) => p.state === "ERR");
const patch = (name: string, body: object) => call<Node>("PATCH", path(name), body);

export type Verb = "active" | "disabled" | "stopped" | "weight" | "edit" | "reset" | "remove";
interface Given { n: Node; onClose: () => void; onDone: () => void }

// Ask is the dialog of one verb.
export function Ask({ verb, ...given }: Given & { verb: Verb }) {
  if (verb === "weight") return <WeightDialog {...given} />;
  if (verb === "edit") return <Edit {...given} />;
  if (verb === "reset") return <Reset {...given} />;
  if (verb === "remove") return <Remove {...given} />;
  return <Turn {...given} to={verb} />;
}

// act does at once what needs no word of confirmation.
export function act(n: Node, verb: "recover" | "probe", onDone: () => void) {
  const done = verb === "probe" ? `${n.name} was probed.` : `The next request tries ${n.name}.`;
  return call<Node>("POST", path(n.name, "/actions/" + verb), {}).then(() => { say({ text: done }); onDone(); }, failed);
}

export function Actions({ n, onDone, onAsk, wide }: { n: Node; onDone: () => void; onAsk: (v: Verb) => void; wide?: boolean }) {
  const [busy, setBusy] = useState(false);
  const allowed = may("operator");
  const now = (verb: "recover" | "probe") => { setBusy(true); act(n, verb, onDone).finally(() => setBusy(false)); };
  return <div class={"actions" + (wide ? " wide" : "")}>
    {broken(n) && <button type="button" disabled={!allowed || busy} title={needs("operator", "The next request tries it, though it is in error.")} onClick={() => now("recover")}><Icon name="ok" />Recover</button>}
    {wide && <><button type="button" disabled={!allowed || busy} title={needs("operator", "Ask it now how it is.")} onClick={() => now("probe")}>Probe now</button>
      <button type="button" disabled={!allowed} title={needs("operator", "Its share of new work beside that of others.")} onClick={() => onAsk("weight")}>Weight…</button></>}
    {(Object.keys(actions) as Verb[]).filter((a) => a !== n.activation).map((a) =>
      <button key={a} type="button" class={a === "stopped" ? "danger" : ""} disabled={!allowed} title={needs("operator", actions[a].text)} onClick={() => onAsk(a)}>
        <Icon name={actions[a].icon} />{actions[a].label}{a !== "active" && "…"}</button>)}
    <Menu label={"More for " + n.name} items={menu(n, wide).map(([verb, label, role]) => ({
      label, off: may(role) ? "" : "needs the role " + role, danger: verb === "remove", run: () => (verb === "recover" || verb === "probe" ? now(verb) : onAsk(verb)) }))} />
  </div>;
}

type Entry = [Verb | "recover" | "probe", string, string];
const menu = (n: Node, wide?: boolean): Entry[] => [
  ...(wide ? [] : [...(Object.keys(actions) as Verb[]).filter((a) => a !== n.activation).map((a): Entry => [a, actions[a].label + (a === "active" ? "" : "…"), "operator"]),
    ["probe", "Probe now", "operator"], ...(broken(n) ? [["recover", "Recover", "operator"] as Entry] : []), ["weight", "Weight…", "operator"]] as Entry[]),
  ["edit", "Edit…", "operator"], ["reset", "Reset counters…", "operator"], ["remove", "Remove…", "operator"],
];

// Effects says in numbers what a change of the activation would do.
export function Effects({ impact, to }: { impact: Impact; to: string }) {
  const { sessions, calls, left, last, alone } = impact;
  return <ul class="impact">
    <li><b>{plural(sessions, "session")}</b> and <b>{plural(calls, "call")}</b> {to === "active" ? "live there now." : to === "disabled" ? "stay until they end." : "move away."}</li>
    <li>Left for new work: {Object.entries(left).map(([s, k], i) => <span key={s}>{i > 0 && ", "}<b>{plural(k, "node")}</b> for {s.toUpperCase()}</span>)}.</li>
    {last && <li class="bad"><Icon name="warn" /> Nobody else can be given new work then{alone && " in pool " + alone.join(", ")}: new clients would be refused.</li>}</ul>;
}

export const dry = (n: Node, to: string) => (to === "disabled"
  ? call<Impact>("POST", path(n.name, "/actions/drain?dryRun=true"), {}) : call<Impact>("PATCH", path(n.name, "?dryRun=true"), { activation: to }));

// set changes the activation, and answers how to take it back.
export async function set(n: Node, to: string, words: { reason: string; force?: boolean; stop?: boolean }): Promise<(() => Promise<unknown>) | undefined> {
  if (to === "disabled") {
    const o = await call<Operation>("POST", path(n.name, "/actions/drain"), words);
    return () => call("DELETE", "/operations/" + o.id, {});
  }
  await patch(n.name, { activation: to, reason: words.reason, force: words.force });
  return n.activation in actions ? () => patch(n.name, { activation: n.activation, reason: "undone", force: true }) : undefined;
}

function Turn({ n, to, onClose, onDone }: Given & { to: "active" | "disabled" | "stopped" }) {
  const [impact, setImpact] = useState<Impact | null>(null);
  const [stop, setStop] = useState(false);
  const x = actions[to], drain = to === "disabled";
  const risky = to !== "active" && impact && (impact.last || (to === "stopped" && impact.calls > 0));
  const work = async (reason: string) => {
    const back = await set(n, to, { reason, force: impact?.last || undefined, ...(drain ? { stop } : {}) });
    say({ text: `${n.name} is ${activationText(to)} now.`, undo: back && (() => back().then(() => { say({ text: `${n.name} is ${activationText(n.activation)} again.` }); onDone(); }, failed)) });
    onDone();
  };
  const cli = (reason: string) => `nodes ${x.cli} ${word(n.name)}${stop ? " --stop" : ""}${reason ? " --reason " + word(reason) : ""}`;
  return <Confirm title={`${x.label} ${n.name}?`} verb={x.label} danger={to === "stopped"} onClose={onClose} act={work} typed={risky ? n.name : undefined}
    preview={() => dry(n, to).then((i) => { setImpact(i); return <Effects impact={i} to={to} />; })}
    same={(reason) => (drain ? { method: "POST", path: path(n.name, "/actions/drain"), body: { stop, reason }, cli: cli(reason) } : { method: "PATCH", path: path(n.name), body: { activation: to, reason }, cli: cli(reason) })}>
    <p>{x.text}</p>
    {drain && <label class="check"><input type="checkbox" checked={stop} onChange={(e) => setStop(e.currentTarget.checked)} /> Stop it when it is empty</label>}
  </Confirm>;
}

// shareOf is the part of new work that a weight asks for, beside the others
// that get any.
export function shareOf(n: Node, weight: number, all: Node[]): number {
  const others = all.filter((x) => x.name !== n.name && x.activation === "active").reduce((sum, x) => sum + x.weight, 0);
  return weight / (others + weight || 1);
}

export function setWeight(n: Node, weight: number, onDone: () => void) {
  const put = (to: number) => patch(n.name, { weight: to });
  return put(weight).then(() => {
    say({ text: `The weight of ${n.name} is ${num(weight)} now.`, undo: () => put(n.weight).then(() => { say({ text: `The weight of ${n.name} is ${num(n.weight)} again.` }); onDone(); }, failed) });
    onDone();
  });
}

function WeightDialog({ n, onClose, onDone }: Given) {
  const [weight, setTo] = useState(n.weight);
  const [all, setAll] = useState<Node[]>([]);
  useEffect(() => void call<Page<Node>>("GET", "/nodes").then((p) => setAll(p.items), () => {}), []);
  return <FormDialog title={`Weight of ${n.name}`} verb="Set" can={weight >= 1} onClose={onClose} work={() => setWeight(n, weight, onDone)}
    tools={<Same method="PATCH" path={path(n.name)} body={{ weight }} cli={`nodes weight ${word(n.name)} ${weight}`} />}>
    <p>A node of weight 2 gets twice the new work of a node of weight 1. It holds in all {plural(n.pools.length, "pool")} of the node.</p>
    <div class="labelled">Weight<Stepper value={weight} onChange={setTo} label={"Weight of " + n.name} /></div>
    {all.length > 1 && <p class="muted">It asks for <b>{percent(shareOf(n, weight || 1, all))}</b> of new work then, now for {percent(n.target)}.</p>}
  </FormDialog>;
}

export function Stepper({ value, onChange, label }: { value: number; onChange: (v: number) => void; label: string }) {
  const step = (by: number) => onChange(Math.min(1000000, Math.max(1, value + by)));
  return <span class="stepper"><button type="button" aria-label="Less" disabled={value <= 1} onClick={() => step(-1)}>−</button>
    <input type="number" min={1} max={1000000} required aria-label={label} value={value || ""} onInput={(e) => onChange(Math.trunc(e.currentTarget.valueAsNumber) || 0)} />
    <button type="button" aria-label="More" onClick={() => step(1)}>+</button></span>;
}

function Edit({ n, onClose, onDone }: Given) {
  const was = { route: n.route, domain: n.domain ?? "", redirect: n.redirect ?? "", distance: n.distance, busyLimit: n.pools[0]?.busyLimit ?? 0 };
  const [to, setTo] = useState(was);
  const changed = Object.fromEntries(Object.entries(to).filter(([k, v]) => v !== was[k as keyof typeof was]));
  const text = (key: "route" | "domain" | "redirect", name: string, hint: string, f: (k: string) => ComponentChildren) => <label>{name}<input value={to[key]} maxLength={63} autocomplete="off" spellcheck={false}
    onInput={(e) => { const v = e.currentTarget.value; setTo((t) => ({ ...t, [key]: v })); }} /><span class="hint">{hint}</span>{f(key)}</label>;
  const count = (key: "distance" | "busyLimit", name: string, hint: string, f: (k: string) => ComponentChildren) => <label>{name}<input type="number" min={0} max={1000000} value={to[key]}
    onInput={(e) => { const v = e.currentTarget.valueAsNumber || 0; setTo((t) => ({ ...t, [key]: v })); }} /><span class="hint">{hint}</span>{f(key)}</label>;
  return <FormDialog title={"Edit " + n.name} verb="Set" can={Object.keys(changed).length > 0} onClose={onClose}
    work={() => patch(n.name, changed).then(() => { say({ text: `${n.name} has another ${Object.keys(changed).join(", ")} now.` }); onDone(); })}
    tools={<Same method="PATCH" path={path(n.name)} body={changed} />}>{(problem: Problem | null) => {
      const f = (k: string) => <Wrong problem={problem} field={k} />;
      return <><p class="muted">In all pools of the node, until the next start.</p>
        {text("route", "Route", "what session ids end with. Ids of the old route lead here no more", f)}
        {text("domain", "Domain", "nodes that replicate sessions among each other", f)}
        {text("redirect", "Redirect", "route of the preferred substitute", f)}
        <div class="pair">{count("distance", "Distance", "the smallest gets new work", f)}{count("busyLimit", "Busy limit", "requests at a time; 0: none", f)}</div></>;
    }}</FormDialog>;
}

function Reset({ n, onClose, onDone }: Given) {
  return <Confirm title={`Reset the counters of ${n.name}?`} verb="Reset" onClose={onClose} act={(reason) => call("POST", path(n.name, "/actions/reset"), { reason }).then(() => { say({ text: `The counters of ${n.name} begin anew.` }); onDone(); })}
    same={(reason) => ({ method: "POST", path: path(n.name, "/actions/reset"), body: { reason }, cli: "nodes reset " + word(n.name) })}>
    <p>Elected, errors, bytes and the like begin at 0. Metrics do not.</p></Confirm>;
}

function Remove({ n, onClose, onDone }: Given) {
  const [impact, setImpact] = useState<Impact | null>(null);
  const held = impact && (impact.sessions > 0 || impact.calls > 0 || impact.last);
  return <Confirm title={`Take ${n.name} away?`} verb="Remove" danger onClose={onClose} typed={held ? n.name : undefined}
    act={(reason) => call("DELETE", path(n.name, held ? "?force=true" : ""), { reason }).then(() => { say({ text: `${n.name} is gone.` }); onDone(); })}
    preview={() => call<Impact>("DELETE", path(n.name, "?dryRun=true"), {}).then((i) => { setImpact(i); return <Effects impact={i} to="stopped" />; })}
    same={(reason) => ({ method: "DELETE", path: path(n.name), body: { reason }, cli: "nodes remove " + word(n.name) })}>
    <p>{n.announced ? "It stays away until its process is another." : "It is back when the configuration that names it is read anew, after one without it."}</p></Confirm>;
}
