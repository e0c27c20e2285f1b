// What a draft of the affinity would do with the traffic of late.
import { useEffect, useState } from "preact/hooks";
import { ask, call, Problem } from "./api";
import { may } from "./state";
import { absent } from "./filters";
import { Age, Bar, Failure, Icon, NodeChip, Skeleton } from "./parts";
import { Affinity, lines } from "./draft";
import { diff } from "./diff";
import { DiffView } from "./diffview";
import { num, percent, plural, sourceText } from "./words";

interface Seen { source: string; name?: string; text: string }
interface Example { class: string; proto: string; at: string; node: string; to?: string; before: Seen[]; after: Seen[]; with: string }
interface Group extends Seen { key?: string; share: number; count: number }
export interface Preview {
  recorded: number; since?: string; until?: string; proto: Record<string, number>; unchanged: number; wouldMove: number; newlySticky: number; lost: number;
  examples: Example[]; groups: { before: Group[]; after: Group[] }; warnings: { code: string; text: string; pointer?: string; hint?: string }[]; changed: string[]; restart: string[];
}
interface Effect { changed: string[]; restart: string[]; warnings: { message: string }[] }
export interface Trial { preview?: Preview; effect?: Effect; problem?: Problem; busy: boolean; again: () => void }

// useTrial tries a draft half a second after its last change. A gateway that
// keeps no record of its traffic can still say whether the draft is valid.
export function useTrial(a: Affinity | null): Trial {
  const [state, setState] = useState<Omit<Trial, "again">>({ busy: false });
  const [turn, setTurn] = useState(0);
  const text = a ? JSON.stringify(a) : "";
  useEffect(() => {
    if (!a || !may("operator")) return setState({ busy: false });
    let mine = true;
    setState((s) => ({ ...s, busy: true }));
    const timer = setTimeout(async () => {
      const next = await attempt(a);
      if (mine) setState({ ...next, busy: false });
    }, 500);
    return () => { mine = false; clearTimeout(timer); };
  }, [text, turn]);
  return { ...state, again: () => setTurn(turn + 1) };
}

async function attempt(a: Affinity): Promise<Partial<Trial>> {
  try {
    return { preview: await call<Preview>("POST", "/affinity/preview", { affinity: a, last: 2000 }) };
  } catch (p) {
    if (!(p instanceof Problem)) throw p;
    if (!absent(p) || !may("admin")) return { problem: p };
  }
  try {
    return { effect: (await ask<Effect>("PUT", "/affinity?dryRun=true", { affinity: a }, { "If-Match": "*" })).data };
  } catch (p) {
    if (!(p instanceof Problem)) throw p;
    return { problem: p };
  }
}

export function Outcome({ base, draft, trial }: { base: Affinity; draft: Affinity | null; trial: Trial }) {
  const { preview, problem } = trial;
  return <aside class="outcome panel" aria-label="What the draft would do"><h2>What it would do</h2>
    {!draft ? <p class="muted">Change something on the left. Here you see what would become of the requests and calls of late, before anything counts.</p>
      : !may("operator") ? <p class="muted">Trying a draft needs the role operator.</p>
        : <div class={trial.busy ? "dimmed" : ""} aria-busy={trial.busy}>
          {problem && (problem.errors.length ? <p class="wrong"><Icon name="warn" /> {plural(problem.errors.length, "thing")} in the draft {problem.errors.length === 1 ? "is" : "are"} wrong: see the marked places.</p> : <Failure problem={problem} retry={trial.again} />)}
          {problem?.errors.length ? <ul class="faults">{problem.errors.map((f) => <li key={f.pointer + f.message}><code>{f.pointer?.replace("#/affinity/", "")}</code> {f.message}{f.hint && `; ${f.hint}`}</li>)}</ul> : null}
          {preview ? <Replay p={preview} /> : trial.effect ? <p class="muted">The draft is valid. This gateway keeps no record of its traffic to try it on.</p> : !problem && <Skeleton rows={4} />}
        </div>}
    {draft && <><h3>Difference</h3><DiffView lines={diff(lines(base), lines(draft))} label="Difference to what is in force" /></>}
  </aside>;
}

const classes: [keyof Preview & string, string, string, string][] = [
  ["unchanged", "unchanged", "ok", "go where they went"],
  ["wouldMove", "would move", "warn", "belong to a session on another node"],
  ["newlySticky", "newly sticky", "info", "have a key now and had none"],
  ["lost", "lost", "bad", "had a key and have none now"],
];

function Replay({ p }: { p: Preview }) {
  const [wanted, setShown] = useState("wouldMove");
  const some = (key: string) => p[key as "lost"] > 0;
  const shown = some(wanted) ? wanted : ["wouldMove", "lost", "newlySticky"].find(some);
  const examples = p.examples.filter((x) => x.class === shown);
  const general = p.warnings.filter((w) => !w.pointer);
  return <>
    {!p.recorded ? <p class="muted">No traffic was recorded yet. Send some, and try again.</p> : <>
      <p class="muted small">Tried on {plural(p.recorded, "request")} ({num(p.proto.http ?? 0)} HTTP, {num(p.proto.sip ?? 0)} SIP){p.since && <>, the oldest <Age at={p.since} /> ago</>}.</p>
      <svg class="fates" viewBox="0 0 1000 14" preserveAspectRatio="none" aria-hidden="true">{classes.reduce<{ x: number; out: preact.JSX.Element[] }>((s, [key, , look]) => {
        const w = ((p[key] as number) / p.recorded) * 1000;
        return { x: s.x + w, out: [...s.out, <rect key={key} class={look} x={s.x} width={w} height={14} />] };
      }, { x: 0, out: [] }).out}</svg>
      <div class="fatelist" role="group" aria-label="Show examples">{classes.map(([key, name, look, text]) =>
        <button key={key} type="button" class="fate" aria-pressed={shown === key} disabled={key === "unchanged" || !p[key]} onClick={() => setShown(key)} title={text}>
          <i class={look} aria-hidden="true" /><b>{num(p[key] as number)}</b><span>{name}</span></button>)}</div></>}
    {general.map((w) => <p class="soft" key={w.code + w.text} role="status"><Icon name="warn" /> {sentence(w.text)}{w.hint && " " + sentence(w.hint)}</p>)}
    {examples.length > 0 && <><h3>Examples</h3><ul class="examples">{examples.slice(0, 8).map((x, i) => <li key={i}>
      <div><span class={"leg " + x.proto}>{x.proto.toUpperCase()}</span> <NodeChip name={x.node} plain />{x.class !== "lost" && x.to !== undefined && <> <Icon name="move" /> {x.to ? <NodeChip name={x.to} plain /> : <span class="muted">placed anew</span>}</>} <span class="muted small"><Age at={x.at} /> ago</span></div>
      <div class="small"><Keys list={x.before} none="no key" /> <Icon name="move" /> <Keys list={x.after} none="no key" /></div>
      <p class="muted small">{x.with}</p></li>)}</ul></>}
    {p.groups.after.length > 0 && <Groups title="Largest keys with the draft" list={p.groups.after} />}
    {p.restart.length > 0 && <p class="soft"><Icon name="warn" /> After a restart only: {p.restart.join(", ")}.</p>}
  </>;
}

// keyName is the place of a key, with its name where it needs one.
function keyName(s: Seen): string {
  const place = s.source.replace(/:$/, "");
  return !s.name ? sourceText(place) : (place === "query" ? "parameter" : place) + " " + s.name;
}

const sentence = (s: string) => s.charAt(0).toUpperCase() + s.slice(1).replace(/([^.!?])$/, "$1.");

function Keys({ list, none }: { list: Seen[]; none: string }) {
  if (!list.length) return <span class="muted">{none}</span>;
  return <>{list.map((k, i) => <span class="key" key={i}><b>{keyName(k)}</b>{k.text}</span>)}</>;
}

function Groups({ title, list }: { title: string; list: Group[] }) {
  return <><h3>{title}</h3><table class="dense groups"><caption class="hidden">{title}</caption><thead><tr><th scope="col">Key</th><th scope="col" class="n">Requests</th><th scope="col">Share</th></tr></thead>
    <tbody>{list.slice(0, 5).map((g, i) => <tr key={g.key ?? i}><th scope="row"><span class="key"><b>{keyName(g)}</b>{g.text}</span></th><td class="n">{num(g.count)}</td>
      <td class={"barcell" + (g.share > 0.2 ? " hot" : "")}><Bar part={g.share} label={percent(g.share)} />{g.share > 0.2 && <span class="small">hot: {percent(g.share)}</span>}</td></tr>)}</tbody></table></>;
}
