import { useEffect, useState } from "preact/hooks";
import { call, Fault } from "./api";
import { may, place, say, useData, useLive } from "./state";
import { Copy, Curl, Empty, Failure, Head, Icon, Scroll, Skeleton, Stale } from "./parts";
import { FormDialog, needs, Tabs } from "./pieces";
import { Reason } from "./confirm";
import { Box } from "./filters";
import { plural } from "./words";
import { EditPart } from "./configedit";
import { VersionsPart } from "./configversions";

export interface ConfigLine { text: string; key: string; origin: string; place?: string; restart?: boolean }
export interface Config {
  lines: ConfigLine[]; said: string[]; restart: string[]; etag?: string; version?: string; writable?: boolean; readOnlyWhy?: string;
  file?: { path: string; text?: string; withheld?: string; differs?: boolean };
}
export interface Verdict { ok: boolean; changed: string[]; restart: string[]; faults: Fault[] }

const tabs = [{ id: "", name: "In force" }, { id: "edit", name: "Try and apply", role: "admin" }, { id: "versions", name: "Versions" }];

export function ConfigScreen({ part = "" }: { part?: string }) {
  const { data, error, at, reload } = useData<Config>("/config");
  const [asked, setAsked] = useState(false);
  useLive((e) => { if (e === "resync" || e === "config.reloaded") reload(); });
  const here = tabs.find((t) => t.id === part && (!t.role || may(t.role))) ?? tabs[0];
  return <>
    <Head title="Configuration" sub={data && <>{data.version && <>version <b>{data.version}</b>{data.etag && <code class="hash"> {data.etag.replace(/"/g, "").slice(0, 6)}</code>}</>}{data.file && <> of <code>{data.file.path}</code></>}</>}>
      <Curl path={here.id === "versions" ? "/config/versions" : "/config"} cli={here.id === "versions" ? "config versions" : "config show"} />
      <button type="button" disabled={!may("admin")} title={needs("admin", "Read the files again")} onClick={() => setAsked(true)}>Reload…</button></Head>
    <Tabs tabs={tabs} here={here.id} base="config" label="Configuration" />
    {data && <Stale at={at} error={error} />}
    {!data ? error ? <Failure problem={error} retry={reload} /> : <Skeleton rows={8} /> : <>
      <Banners c={data} onReload={() => setAsked(true)} />
      {here.id === "edit" ? <EditPart c={data} reload={reload} /> : here.id === "versions" ? <VersionsPart c={data} reload={reload} /> : <InForcePart c={data} />}</>}
    {asked && <Reload onClose={() => setAsked(false)} onDone={reload} />}
  </>;
}

function Banners({ c, onReload }: { c: Config; onReload: () => void }) {
  return <>
    {c.file?.differs && <div class="stale" role="status"><Icon name="warn" /><span>The file was changed since it was read. <button type="button" disabled={!may("admin")} title={needs("admin")} onClick={onReload}>Reload…</button></span></div>}
    {c.restart.length > 0 && <div class="stale" role="status"><Icon name="warn" /><span>These count after a restart: {c.restart.map((k) => <code class="keyname" key={k}>{k}</code>)}</span></div>}
  </>;
}

function InForcePart({ c }: { c: Config }) {
  const [only, setOnly] = useState(false);
  const [q, setQ] = useState(place.value.query.get("key") ?? "");
  const word = q.toLowerCase();
  const wanted = (l: ConfigLine) => (!only || l.origin !== "default") && (!word || l.key.toLowerCase().includes(word) || l.text.toLowerCase().includes(word));
  const shown = c.lines.filter(wanted);
  return <>
    <div class="filters"><Box name="key" label="Key or value" value={q} onChange={setQ} wide />
      <button type="button" class="toggle" aria-pressed={only} onClick={() => setOnly(!only)}>Only what is set</button>
      {c.said.length > 0 && <span class="muted">changed by operators: {c.said.map((k) => <a key={k} href={k.startsWith("affinity") ? "#/affinity" : "#/nodes"}><code class="keyname">{k}</code></a>)}</span>}
      <span class="grow" /><span class="muted small">{shown.length === c.lines.length ? plural(shown.length, "line") : `${shown.length} of ${plural(c.lines.length, "line")}`}</span>
      <Copy text={c.lines.map((l) => l.text).join("\n") + "\n"} label="Copy the configuration in force" /></div>
    {!shown.length ? <Empty title="Nothing like that is set"><button type="button" onClick={() => { setQ(""); setOnly(false); }}>Clear filters</button></Empty>
      : <Scroll label="The configuration in force, line by line" class="yaml"><table><caption class="hidden">The configuration in force, line by line</caption>
        <thead class="hidden"><tr><th scope="col">Line</th><th scope="col">Where it comes from</th></tr></thead>
        <tbody>{shown.map((l, i) => <tr key={l.key + i} class={"from-" + l.origin}><td><code><Yaml text={l.text} /></code></td>
          <td class="comes">{l.origin === "file" ? <span title={l.place}>{shortPlace(l.place) || "file"}</span> : l.origin === "api" ? <span class="badge warn"><Icon name="user" />operator</span> : <span class="muted">default</span>}
            {l.restart && <span class="badge" title="It counts from one start to the next">restart</span>}</td></tr>)}</tbody></table></Scroll>}
  </>;
}

const shortPlace = (p?: string) => p?.replace(/^.*\//, "");

// Yaml gives keys, values and comments a look of their own.
function Yaml({ text }: { text: string }) {
  const m = /^(\s*(?:- )?)([^\s:"{[]+:)(\s.*)?$/.exec(text);
  return m ? <>{m[1]}<span class="k">{m[2]}</span>{m[3]}</> : <>{text}</>;
}

// Reload shows what the files would change before it reads them.
function Reload({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const [reason, setReason] = useState("");
  const [verdict, setVerdict] = useState<Verdict | null>(null);
  useEffect(() => void call<Verdict>("POST", "/config/validate", {}).then(setVerdict, () => setVerdict({ ok: true, changed: [], restart: [], faults: [] })), []);
  const work = () => call<{ changed: string[]; restart: string[]; kept?: string[] }>("POST", "/config/reload", { reason }).then((x) => {
    onDone();
    say({ text: (x.changed.length ? "Changed: " + x.changed.join(", ") + "." : "Nothing was different.") + (x.restart.length ? " After a restart: " + x.restart.join(", ") + "." : "") + (x.kept?.length ? " Operators' words stay: " + x.kept.join(", ") + "." : "") });
  });
  return <FormDialog title="Read the files again?" verb="Reload" can={!!verdict?.ok} onClose={onClose} work={work} tools={<Curl method="POST" path="/config/reload" body={{ reason }} cli="config reload" />}>
    {!verdict ? <Skeleton rows={2} /> : <><Takes v={verdict} /><FaultList faults={verdict.faults} /></>}
    <Reason value={reason} onInput={setReason} /></FormDialog>;
}

// Takes says what counts at once and what after a restart.
export function Takes({ v }: { v: { changed: string[]; restart: string[]; ok?: boolean } }) {
  const now = v.changed.filter((k) => !v.restart.includes(k));
  if (v.ok === false) return null;
  return <dl class="takes"><div><dt>takes effect now</dt><dd>{now.length ? now.map((k) => <code class="keyname" key={k}>{k}</code>) : <span class="muted">nothing</span>}</dd></div>
    {v.restart.length > 0 && <div class="late"><dt>needs a restart</dt><dd>{v.restart.map((k) => <code class="keyname" key={k}>{k}</code>)}</dd></div>}</dl>;
}

export function FaultList({ faults, onJump }: { faults: Fault[]; onJump?: (line: number, column: number) => void }) {
  if (!faults.length) return null;
  return <ul class="faultlist">{faults.map((f, i) => {
    const [, line, column] = /(?:^|:)(\d+):(\d+)$/.exec(f.place ?? "") ?? [];
    return <li key={i} class={f.severity === "warn" ? "soft" : "wrong"}><Icon name="warn" />
      {line && onJump ? <button type="button" class="plain mono" onClick={() => onJump(Number(line), Number(column))}>{line}:{column}</button> : <span class="mono">{shortPlace(f.place)}</span>}
      <span><code>{f.pointer}</code> {f.message}{f.hint && <span class="muted">; {f.hint}</span>}</span></li>;
  })}</ul>;
}
