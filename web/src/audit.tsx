import { useState } from "preact/hooks";
import { Age, Empty, Failure, Icon, Scroll, Skeleton, Stale } from "./parts";
import { query, saveLines, useJournal } from "./journal";
import { Box, Choice, Missing } from "./filters";
import { go, place } from "./state";

interface Entry {
  id: string; at: string; actor: string; role: string; via: string; ip?: string; action: string; object?: string;
  before?: unknown; after?: unknown; reason?: string; requestId?: string; result: string; status?: number; dryRun?: boolean;
}

// show changes the filters, which stand in the address.
function show(change: Record<string, string>) {
  const q = { ...Object.fromEntries(place.value.query), ...change };
  go("access/audit" + query(q));
}

export function AuditPart() {
  const q = place.value.query;
  const filters = { actor: q.get("actor") ?? "", action: q.get("action") ?? "", object: q.get("object") ?? "", result: q.get("result") ?? "" };
  const list = useJournal<Entry>("/audit" + query({ ...filters, limit: "100" }));
  const [open, setOpen] = useState("");
  const filtered = Object.values(filters).some(Boolean);
  return <>
    <div class="filters">
      <Box name="actor" label="Who" value={filters.actor} onChange={(actor) => show({ actor })} />
      <Box name="action" label="Action" value={filters.action} onChange={(action) => show({ action })} />
      <Box name="object" label="Object" value={filters.object} onChange={(object) => show({ object })} />
      <Choice name="result" label="Result" value={filters.result} choices={[["", "any result"], ["ok", "done"], ["refused", "refused"]]} onChange={(result) => show({ result })} />
      <span class="grow" /><button type="button" onClick={list.reload}>Look again</button>
      <button type="button" onClick={() => saveLines("/audit" + query({ ...filters, limit: "500" }), "twinhop-audit.jsonl")}>Export JSONL</button>
    </div>
    {list.items && <Stale at={list.at} error={list.error} />}
    {!list.items ? list.error ? <Missing problem={list.error} what="an audit" retry={list.reload} /> : <Skeleton />
      : !list.items.length ? filtered ? <Empty title="Nothing like that"><button type="button" onClick={() => go("access/audit")}>Clear filters</button></Empty>
        : <Empty title="Nothing was changed yet">Every change by an operator is written down here, and every log in.</Empty>
      : <Scroll label="Audit"><table class="list cardable hover"><caption class="hidden">Audit</caption>
        <thead><tr><th scope="col">When</th><th scope="col">Who</th><th scope="col">Action</th><th scope="col">Object</th><th scope="col">Reason</th><th scope="col">Result</th></tr></thead>
        <tbody>{list.items.map((x) => <Row key={x.id} x={x} open={open === x.id} onOpen={() => setOpen(open === x.id ? "" : x.id)} />)}</tbody></table></Scroll>}
    {list.next && <button type="button" class="more" disabled={list.busy} onClick={list.more}>Older</button>}
  </>;
}

function Row({ x, open, onOpen }: { x: Entry; open: boolean; onOpen: () => void }) {
  const fine = x.result === "ok";
  return <>
    <tr onClick={onOpen} class={fine ? "" : "refused"}>
      <th scope="row"><button type="button" class="plain when" aria-expanded={open} title={"More about " + x.action} onClick={(e) => { e.stopPropagation(); onOpen(); }}><Age at={x.at} /> ago</button></th>
      <td data-label="Who"><b>{x.actor}</b> <span class="muted small">{[x.via, x.ip].filter(Boolean).join(" ")}</span></td>
      <td data-label="Action"><code>{x.action}</code>{x.dryRun && <span class="badge">tried only</span>}</td>
      <td data-label="Object" class="break">{x.object}</td><td data-label="Reason" class="break">{x.reason}</td>
      <td data-label="Result"><span class={"badge " + (fine ? "ok" : "bad")}><Icon name={fine ? "ok" : "bad"} />{fine ? "done" : "refused"}{x.status && !fine ? " " + x.status : ""}</span></td></tr>
    {open && <tr class="detail"><td colSpan={6}><dl class="facts"><Fact k="at" v={x.at} /><Fact k="role" v={x.role} /><Fact k="request" v={x.requestId} /><Fact k="status" v={x.status?.toString()} /></dl>
      <div class="beforeafter"><Words title="Before" value={x.before} /><Words title="After" value={x.after} /></div></td></tr>}
  </>;
}

const Fact = ({ k, v }: { k: string; v?: string }) => (v ? <div><dt>{k}</dt><dd class="mono">{v}</dd></div> : null);

function Words({ title, value }: { title: string; value: unknown }) {
  if (value === undefined || value === null || value === "") return null;
  return <div><h3>{title}</h3><pre>{typeof value === "string" ? value : JSON.stringify(value, null, 1)}</pre></div>;
}

