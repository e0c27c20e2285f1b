import { useEffect, useState } from "preact/hooks";
import { ask, get, Problem } from "./api";
import { follow, may, say, useLive } from "./state";
import { Age, Curl, Failure, Head, Icon, Skeleton } from "./parts";
import { needs } from "./pieces";
import { Affinity, Cans, copy, draft, equal, InForce, usual } from "./draft";
import { faultsAt, Sources } from "./sources";
import { Rest } from "./affinityrest";
import { Outcome, useTrial } from "./affinitytrial";
import { Apply, Revert } from "./affinityapply";

// useInForce reads what counts now, with its ETag.
function useInForce() {
  const [state, setState] = useState<{ now: InForce; etag: string } | null>(null);
  const [error, setError] = useState<Problem | null>(null);
  const load = () => ask<InForce>("GET", "/affinity").then(({ data, etag }) => {
    setState({ now: data, etag });
    setError(null);
    return { now: data, etag };
  }, (p) => setError(p));
  useEffect(() => void load(), []);
  useEffect(() => { follow("events"); return () => follow(); }, []); // they tell of changes by others
  useLive((e, d) => {
    if (e === "resync" || e === "config.reloaded" || (e === "event" && d.type === "affinity.changed")) load();
  });
  return { state, error, load };
}

export function AffinityScreen() {
  const { state, error, load } = useInForce();
  const [cans, setCans] = useState<Cans>(usual);
  const [open, setOpen] = useState<"" | "apply" | "revert">("");
  useEffect(() => void get<Cans>("/affinity/sources").then(setCans, () => {}), []); // an older gateway does not tell
  const d = draft.value, base = state?.now.affinity;
  const shown = d?.affinity ?? base;
  const trial = useTrial(d ? d.affinity : null);
  if (!state || !shown) return <><Head title="Affinity" />{error ? <Failure problem={error} retry={load} /> : <Skeleton />}</>;
  const edit = (change: (a: Affinity) => void) => {
    const next = copy(shown);
    change(next);
    draft.value = equal(next, base!) ? null : { affinity: next, etag: d?.etag ?? state.etag, from: d?.from ?? copy(base!) };
  };
  const overtaken = d && d.etag !== state.etag;
  const faults = trial.problem?.errors ?? [];
  const problemFaults = (p: string) => [...faultsAt(faults, p), ...(trial.preview?.warnings ?? []).filter((w) => w.pointer === p).map((w) => ({ ...w, severity: "warn", message: w.text }))];
  const writes = may("admin");
  const at = { cans, faults: problemFaults, off: !writes && !may("operator") };
  return <>
    <Head title="Affinity" sub="What ties messages to one application session, and so to one node."><Curl path="/affinity" cli="affinity get" /></Head>
    <Origin now={state.now} onRevert={() => setOpen("revert")} />
    {overtaken && <div class="stale" role="status"><Icon name="warn" />Somebody else changed the affinity meanwhile. <button type="button" onClick={() => setOpen("apply")}>Compare…</button></div>}
    <div class="bench">
      <form class="keysedit" onSubmit={(e) => e.preventDefault()}>
        <Leader a={shown} edit={edit} off={at.off} />
        <Sources title="HTTP requests" hint="The first place that has a known key decides, else the first that has any." kind="http" items={shown.http} {...at} change={(list) => edit((a) => { a.http = list as Affinity["http"]; })} />
        <Sources title="SIP requests" hint="The Call-ID is always the last resort." kind="sip" items={shown.sip} {...at} change={(list) => edit((a) => { a.sip = list as Affinity["sip"]; })} />
        <Rest a={shown} edit={edit} {...at} />
      </form>
      <Outcome base={base!} draft={d?.affinity ?? null} trial={trial} />
    </div>
    <div class="applybar" data-on={d ? "" : undefined}>
      <span>{d ? "A draft: nothing of it counts yet." : "No changes."}</span><span class="grow" />
      <button type="button" disabled={!d} onClick={() => { draft.value = null; say({ text: "The draft is gone.", undo: () => { draft.value = d; } }); }}>Discard</button>
      <button type="button" class="solid" disabled={!d || !writes || trial.busy || faults.length > 0} title={needs("admin", faults.length ? "Something in it is wrong." : "")} onClick={() => setOpen("apply")}>Apply…</button>
    </div>
    {open === "apply" && d && <Apply d={d} state={state} trial={trial} load={load} onClose={() => setOpen("")} />}
    {open === "revert" && <Revert state={state} load={load} onClose={() => setOpen("")} />}
  </>;
}

function Origin({ now, onRevert }: { now: InForce; onRevert: () => void }) {
  if (now.origin !== "api") return <p class="muted origin">As the configuration says it.</p>;
  return <div class="note"><Icon name="help" /><div><b>An operator set this, instead of what the configuration says.</b>
    <p>{now.said && <>{now.said.actor}, <Age at={now.said.at} /> ago{now.said.reason && `: “${now.said.reason}”`}. </>}It outlives restarts.</p>
    <button type="button" disabled={!may("admin")} title={needs("admin")} onClick={onRevert}>As the configuration says…</button></div></div>;
}

const leaders: [string, string, string][] = [
  ["http", "SIP follows HTTP", "The browser's session decides where its calls go."],
  ["sip", "HTTP follows SIP", "The call decides; the browser's cookie is corrected."],
];

function Leader({ a, edit, off }: { a: Affinity; edit: (change: (a: Affinity) => void) => void; off: boolean }) {
  return <fieldset class="choices leader"><legend>Who decides where a session lives</legend><div>{leaders.map(([word, title, text]) =>
    <label key={word} class={"choice" + (a.leader === word ? " on" : "")}><input type="radio" name="leader" value={word} disabled={off} checked={a.leader === word} onChange={() => edit((x) => { x.leader = word; })} />
      <span><b>{title}</b><small>{text}</small></span></label>)}</div></fieldset>;
}

