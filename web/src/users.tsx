import { useState } from "preact/hooks";
import { call, Page, Problem } from "./api";
import { me, say, useData } from "./state";
import { Curl, Empty, Failure, Icon, Skeleton, Stale } from "./parts";
import { Reason } from "./confirm";
import { FormDialog, Wrong } from "./pieces";
import { num, plural } from "./words";

interface User { name: string; role: string; logins: number; tokens: string[] }
type Ask = { kind: "add" } | { kind: "role" | "password" | "remove"; user: User };

export const roles: [string, string][] = [
  ["viewer", "sees everything but secrets and texts of messages"],
  ["operator", "also drains nodes, moves sessions, reads messages"],
  ["admin", "also changes the configuration, users and tokens"],
];

const path = (u: User) => "/users/" + encodeURIComponent(u.name);

export function RoleField({ value, onChange, problem }: { value: string; onChange: (role: string) => void; problem: Problem | null }) {
  return <fieldset class="choices"><legend>Role</legend>{roles.map(([role, text]) =>
    <label class="check" key={role}><input type="radio" name="role" value={role} checked={value === role} onChange={() => onChange(role)} /><span><b>{role}</b> <span class="muted">{text}</span></span></label>)}
    <Wrong problem={problem} field="role" /></fieldset>;
}

export function UsersPart() {
  const { data, error, at, reload } = useData<Page<User>>("/users", 10000);
  const [ask, setAsk] = useState<Ask | null>(null);
  if (!data) return error ? <Failure problem={error} retry={reload} /> : <Skeleton rows={3} />;
  const close = () => { setAsk(null); reload(); };
  return <>
    <Stale at={at} error={error} />
    <div class="bar-above"><span class="muted">{plural(data.items.length, "user")}</span><span class="grow" /><button type="button" class="solid" onClick={() => setAsk({ kind: "add" })}><Icon name="plus" />Add a user</button></div>
    {!data.items.length ? <Empty title="Nobody has a password yet">You came by a link or the socket. The first user is an admin.</Empty> : <table class="list cardable"><caption class="hidden">Users</caption>
      <thead><tr><th scope="col">Name</th><th scope="col">Role</th><th scope="col" class="n">Log ins</th><th scope="col">Made tokens</th><th scope="col"><span class="hidden">Actions</span></th></tr></thead>
      <tbody>{data.items.map((u) => <tr key={u.name}>
        <th scope="row"><b>{u.name}</b> {u.name === me.value?.name && <span class="muted">you</span>}</th>
        <td data-label="Role"><span class={"badge role-" + u.role}>{u.role}</span></td>
        <td data-label="Log ins" class="n">{num(u.logins)}</td>
        <td data-label="Tokens">{u.tokens.length ? u.tokens.map((t) => <span class="key" key={t}>{t}</span>) : <span class="muted">none</span>}</td>
        <td class="last"><div class="actions">
          <button type="button" onClick={() => setAsk({ kind: "role", user: u })} aria-label={"Another role for " + u.name}>Role…</button>
          <button type="button" onClick={() => setAsk({ kind: "password", user: u })} aria-label={"Another password for " + u.name}>Password…</button>
          <button type="button" class="danger" onClick={() => setAsk({ kind: "remove", user: u })} aria-label={"Take " + u.name + " away"}>Remove…</button></div></td></tr>)}</tbody></table>}
    <p class="muted small under">The same with <code>twinhop user</code>. There is always one admin.</p>
    {ask?.kind === "add" && <AddUser onClose={close} />}
    {ask?.kind === "role" && <SetRole u={ask.user} onClose={close} />}
    {ask?.kind === "password" && <SetPassword u={ask.user} onClose={close} />}
    {ask?.kind === "remove" && <RemoveUser u={ask.user} onClose={close} />}
  </>;
}

function AddUser({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [role, setRole] = useState("viewer");
  const [password, setPassword] = useState("");
  const work = () => call("POST", "/users", { name, role, password }).then(() => say({ text: `${name} may log in now, as ${role}.` }));
  return <FormDialog title="Add a user" verb="Add" onClose={onClose} work={work} tools={<Curl method="POST" path="/users" body={{ name, role, password: "…" }} />}>{(problem) => <>
    <label>Name<input name="name" autocomplete="off" required value={name} onInput={(e) => setName(e.currentTarget.value)} /><Wrong problem={problem} field="name" /></label>
    <RoleField value={role} onChange={setRole} problem={problem} />
    <NewPassword value={password} onChange={setPassword} problem={problem} /></>}</FormDialog>;
}

function NewPassword({ value, onChange, problem }: { value: string; onChange: (p: string) => void; problem: Problem | null }) {
  const [shown, setShown] = useState(false);
  return <label>Password<input name="password" type={shown ? "text" : "password"} autocomplete="new-password" required minLength={12} value={value} onInput={(e) => onChange(e.currentTarget.value)} />
    <span class="hint">at least 12 characters, not a common word. <button type="button" class="plain small" onClick={() => setShown(!shown)}>{shown ? "Hide" : "Show"}</button></span>
    <Wrong problem={problem} field="password" /></label>;
}

function SetRole({ u, onClose }: { u: User; onClose: () => void }) {
  const [role, setRole] = useState(u.role);
  const [reason, setReason] = useState("");
  const set = (to: string, why: string) => call("PATCH", path(u), { role: to, reason: why });
  const work = () => set(role, reason).then(() => say({ text: `${u.name} is ${role} now.`, undo: () => set(u.role, "undone").then(() => { say({ text: `${u.name} is ${u.role} again.` }); onClose(); }, (p) => say({ text: p.message, bad: true })) }));
  return <FormDialog title={"Role of " + u.name} verb="Set" can={role !== u.role} onClose={onClose} work={work} tools={<Curl method="PATCH" path={path(u)} body={{ role, reason }} />}>{(problem) => <>
    <RoleField value={role} onChange={setRole} problem={problem} />
    <p class="muted">It counts at once, also where {u.name} is logged in.</p>
    <Reason value={reason} onInput={setReason} /></>}</FormDialog>;
}

function SetPassword({ u, onClose }: { u: User; onClose: () => void }) {
  const [password, setPassword] = useState("");
  const work = () => call("PATCH", path(u), { password }).then(() => say({ text: `${u.name} has another password now.` }));
  return <FormDialog title={"Password of " + u.name} verb="Set" onClose={onClose} work={work}>{(problem) => <>
    <p>{u.logins ? `${plural(u.logins, "log in")} of ${u.name} ${u.logins === 1 ? "ends" : "end"} with it, but not this one.` : `${u.name} is not logged in.`}</p>
    <NewPassword value={password} onChange={setPassword} problem={problem} /></>}</FormDialog>;
}

function RemoveUser({ u, onClose }: { u: User; onClose: () => void }) {
  const [revoke, setRevoke] = useState(false);
  const [reason, setReason] = useState("");
  const work = () => call("DELETE", path(u), { revokeTokens: revoke, reason }).then(() => say({ text: `${u.name} cannot log in any more.` }));
  return <FormDialog title={`Take ${u.name} away?`} verb="Remove" danger onClose={onClose} work={work} tools={<Curl method="DELETE" path={path(u)} body={{ revokeTokens: revoke, reason }} />}>
    <ul class="impact"><li><b>{plural(u.logins, "log in")}</b> {u.logins === 1 ? "ends" : "end"}.</li>
      <li>{u.tokens.length ? <><b>{plural(u.tokens.length, "token")}</b> that {u.name} made {revoke ? "are revoked" : "go on: programs depend on them"}.</> : `${u.name} made no tokens.`}</li></ul>
    {u.tokens.length > 0 && <label class="check"><input type="checkbox" checked={revoke} onChange={(e) => setRevoke(e.currentTarget.checked)} /> Revoke those tokens, too</label>}
    <Reason value={reason} onInput={setReason} /></FormDialog>;
}
