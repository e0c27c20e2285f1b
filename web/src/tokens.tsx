import { useState } from "preact/hooks";
import { call, Page } from "./api";
import { say, useData } from "./state";
import { Age, Copy, Curl, Dialog, Empty, Failure, Icon, Skeleton, Stale } from "./parts";
import { FormDialog, Wrong } from "./pieces";
import { Reason } from "./confirm";
import { RoleField } from "./users";
import { Until } from "./until";
import { absolute, plural } from "./words";

interface Token { id: string; name: string; role: string; by: string; created: string; expires: string; revoked?: string; used?: string; token?: string }

const lives: [string, string][] = [["24h", "1 day"], ["168h", "7 days"], ["720h", "30 days"], ["2160h", "90 days"], ["8760h", "365 days"]];

export function TokensPart() {
  const { data, error, at, reload } = useData<Page<Token>>("/tokens", 10000);
  const [adding, setAdding] = useState(false);
  const [made, setMade] = useState<Token | null>(null);
  const [gone, setGone] = useState<Token | null>(null);
  if (!data) return error ? <Failure problem={error} retry={reload} /> : <Skeleton rows={3} />;
  const live = data.items.filter((t) => !t.revoked);
  return <>
    <Stale at={at} error={error} />
    <div class="bar-above"><span class="muted">{plural(live.length, "token")}</span><span class="grow" /><button type="button" class="solid" onClick={() => setAdding(true)}><Icon name="plus" />Make a token</button></div>
    {!data.items.length ? <Empty title="No tokens">Programs do not log in: they show a token with each request. Make one for each program.</Empty>
      : <table class="list cardable"><caption class="hidden">Tokens</caption>
        <thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col">Made by</th><th scope="col">Made</th><th scope="col">Last used</th><th scope="col">Ends in</th><th scope="col"><span class="hidden">Actions</span></th></tr></thead>
        <tbody>{data.items.map((t) => <tr key={t.id} class={t.revoked ? "dimmed" : ""}>
          <th scope="row"><b>{t.name}</b></th><td data-label="Role"><span class={"badge role-" + t.role}>{t.role}</span></td><td data-label="Made by">{t.by}</td>
          <td data-label="Made"><Age at={t.created} /> ago</td><td data-label="Last used">{t.used ? <><Age at={t.used} /> ago</> : <span class="muted">never</span>}</td>
          <td data-label="Ends in">{t.revoked ? <span class="badge bad"><Icon name="bad" />revoked</span> : <Until at={t.expires} />}</td>
          <td class="last">{!t.revoked && <button type="button" class="danger" aria-label={"Revoke " + t.name} onClick={() => setGone(t)}>Revoke…</button>}</td></tr>)}</tbody></table>}
    {adding && <MakeToken onClose={() => setAdding(false)} onMade={(t) => { setMade(t); reload(); }} />}
    {made && <ShowToken t={made} onClose={() => setMade(null)} />}
    {gone && <RevokeToken t={gone} onClose={() => { setGone(null); reload(); }} />}
  </>;
}

function MakeToken({ onClose, onMade }: { onClose: () => void; onMade: (t: Token) => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState("viewer");
  const [life, setLife] = useState("2160h");
  const [reason, setReason] = useState("");
  const work = () => call<Token>("POST", "/tokens", { name, role, life, reason }).then(onMade);
  return <FormDialog title="Make a token" verb="Make" onClose={onClose} work={work} tools={<Curl method="POST" path="/tokens" body={{ name, role, life, reason }} />}>{(problem) => <>
    <label>Name<input name="name" autocomplete="off" required placeholder="ci" value={name} onInput={(e) => setName(e.currentTarget.value)} /><Wrong problem={problem} field="name" />
      <span class="hint">of the program that uses it. It acts as token:{name || "name"}.</span></label>
    <RoleField value={role} onChange={setRole} problem={problem} />
    <label>Life<select name="life" value={life} onChange={(e) => setLife(e.currentTarget.value)}>{lives.map(([v, t]) => <option key={v} value={v}>{t}</option>)}</select><Wrong problem={problem} field="life" /></label>
    <Reason value={reason} onInput={setReason} /></>}</FormDialog>;
}

// ShowToken is the only time that anybody sees it, so it does not close by a
// click beside it.
function ShowToken({ t, onClose }: { t: Token; onClose: () => void }) {
  const [kept, setKept] = useState(false);
  return <Dialog title={"The token " + t.name} onClose={() => kept && onClose()}>
    <p>This is shown once. The gateway does not keep it.</p>
    <div class="secret"><code class="break">{t.token}</code><Copy text={t.token ?? ""} label="Copy the token" /></div>
    <p class="muted small">Role {t.role}, until {absolute(t.expires)}. With it: <code class="break">curl -H "Authorization: Bearer $TOKEN" {location.origin}/api/v1/nodes</code></p>
    <label class="check"><input type="checkbox" checked={kept} onChange={(e) => setKept(e.currentTarget.checked)} /> I have put it where it belongs</label>
    <div class="buttons"><span class="grow" /><button type="button" class="solid" disabled={!kept} onClick={onClose}>Close</button></div></Dialog>;
}

function RevokeToken({ t, onClose }: { t: Token; onClose: () => void }) {
  const [reason, setReason] = useState("");
  const work = () => call("DELETE", "/tokens/" + encodeURIComponent(t.id), { reason }).then(() => say({ text: `The token ${t.name} is worth nothing now.` }));
  return <FormDialog title={`Revoke ${t.name}?`} verb="Revoke" danger onClose={onClose} work={work} tools={<Curl method="DELETE" path={"/tokens/" + t.id} body={{ reason }} />}>
    <ul class="impact"><li>Programs that use it are refused from now on.</li><li>It was {t.used ? <>last used <Age at={t.used} /> ago</> : "never used"}. This cannot be undone.</li></ul>
    <Reason value={reason} onInput={setReason} /></FormDialog>;
}
