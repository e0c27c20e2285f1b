import { useEffect, useState } from "preact/hooks";
import { ask, call, Page, Problem } from "./api";
import { may, say, useData, useLive } from "./state";
import { Age, Curl, Empty, Failure, Icon, Skeleton, Stale } from "./parts";
import { FormDialog, needs } from "./pieces";
import { Reason } from "./confirm";
import { Missing } from "./filters";
import { Line } from "./diff";
import { DiffView } from "./diffview";
import { Config, FaultList, Takes } from "./config";

interface Version { id: string; at: string; actor?: string; reason?: string; hash: string; current?: boolean; source: string; restored?: string; changed: string[] }
interface Difference { lines: Line[]; changed: string[]; restart: string[]; faults: { message: string }[]; same?: boolean }

const sources: Record<string, string> = { start: "start", file: "reload", api: "applied", rollback: "rolled back" };

export function VersionsPart({ c, reload }: { c: Config; reload: () => void }) {
  const { data, error, at, reload: again } = useData<Page<Version>>("/config/versions");
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("now");
  const [back, setBack] = useState<Version | null>(null);
  useLive((e) => { if (e === "config.reloaded") again(); });
  if (!data) return error ? <Missing problem={error} what="versions of its configuration" retry={again} /> : <Skeleton rows={4} />;
  if (!data.items.length) return <Empty title="No versions yet">Each configuration that is put into force is kept here, the last 20.</Empty>;
  const names = data.items.map((v) => v.id);
  return <>
    <Stale at={at} error={error} />
    <table class="list cardable versions"><caption class="hidden">Versions of the configuration</caption>
      <thead><tr><th scope="col">Version</th><th scope="col">When</th><th scope="col">Who</th><th scope="col">How</th><th scope="col">Changed</th><th scope="col"><span class="hidden">Actions</span></th></tr></thead>
      <tbody>{data.items.map((v) => <tr key={v.id} class={from === v.id ? "picked-row" : ""}>
        <th scope="row"><b>{v.id}</b> <code class="muted">{v.hash.slice(0, 6)}</code> {v.current && <span class="badge ok"><Icon name="ok" />in force</span>}</th>
        <td data-label="When"><Age at={v.at} /> ago</td><td data-label="Who">{v.actor || <span class="muted">the gateway</span>}</td>
        <td data-label="How">{sources[v.source] ?? v.source}{v.restored && " to " + v.restored}{v.reason && <span class="explain">{v.reason}</span>}</td>
        <td data-label="Changed" class="keyslist">{v.changed.length ? v.changed.slice(0, 6).map((k) => <code class="keyname" key={k}>{k}</code>) : <span class="muted">–</span>}{v.changed.length > 6 && <span class="muted"> and {v.changed.length - 6} more</span>}</td>
        <td class="last"><div class="actions"><button type="button" aria-pressed={from === v.id} onClick={() => { setFrom(v.current ? names[names.indexOf(v.id) + 1] ?? v.id : v.id); setTo("now"); }}>Compare</button>
          {!v.current && <button type="button" disabled={!may("admin")} title={needs("admin")} onClick={() => setBack(v)}>Roll back…</button>}</div></td></tr>)}</tbody></table>
    {!c.writable && c.readOnlyWhy && <p class="muted small under">{c.readOnlyWhy}</p>}
    {from && <section aria-label="Comparison"><div class="filters compare"><b>{from}</b> <Icon name="move" />
      <select aria-label="with" value={to} onChange={(e) => setTo(e.currentTarget.value)}><option value="now">what is in force</option><option value="file">the file now</option>{names.filter((n) => n !== from).map((n) => <option key={n} value={n}>{n}</option>)}</select>
      <button type="button" class="plain" onClick={() => setFrom("")}>Close</button></div>
      <Compared from={from} to={to} /></section>}
    {back && <Rollback v={back} c={c} onClose={() => setBack(null)} onDone={() => { reload(); again(); }} />}
  </>;
}

function Compared({ from, to }: { from: string; to: string }) {
  const [state, setState] = useState<{ of: string; d?: Difference; problem?: Problem }>({ of: "" });
  const of = from + " " + to;
  useEffect(() => void call<Difference>("POST", "/config/diff", { from, to }).then((d) => setState({ of, d }), (problem) => setState({ of, problem })), [of]);
  if (state.of !== of) return <Skeleton rows={2} />;
  if (state.problem) return <Failure problem={state.problem} />;
  return <><DiffView lines={state.d!.lines} label={`From ${from} to ${to}`} />{!state.d!.same && <Takes v={state.d!} />}</>;
}

function Rollback({ v, c, onClose, onDone }: { v: Version; c: Config; onClose: () => void; onDone: () => void }) {
  const [reason, setReason] = useState("");
  const path = `/config/versions/${encodeURIComponent(v.id)}/rollback`;
  const work = () => ask<{ version?: string; restart: string[] }>("POST", path, { reason }, c.etag ? { "If-Match": c.etag } : {}).then(({ data }) => {
    onDone();
    say({ text: `The configuration is that of ${v.id} again${data.version ? ", as " + data.version : ""}.` + (data.restart?.length ? " After a restart: " + data.restart.join(", ") + "." : "") });
  });
  return <FormDialog title={`Roll back to ${v.id}?`} verb="Roll back" onClose={onClose} work={work} tools={<Curl method="POST" path={path} body={{ reason }} match={c.etag} cli={"config rollback " + v.id} />}>{(problem) => <>
    {problem && problem.errors.length > 0 && <FaultList faults={problem.errors} />}
    <Compared from="now" to={v.id} />
    <p class="muted">{c.writable === false ? c.readOnlyWhy ?? "This gateway does not write its file." : "The file is written, and the text of now stays among the versions."}</p>
    <Reason value={reason} onInput={setReason} /></>}</FormDialog>;
}
