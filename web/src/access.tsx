import { useState } from "preact/hooks";
import { call, Page } from "./api";
import { me, may, say, useData } from "./state";
import { Age, Curl, Empty, Failure, Head, Icon, Skeleton, Stale } from "./parts";
import { failed, Tabs, useSubmit, Wrong } from "./pieces";
import { plural } from "./words";
import { UsersPart } from "./users";
import { TokensPart } from "./tokens";
import { AuditPart } from "./audit";
import { Until } from "./until";

interface Login { id: string; from: string; since: string; seen: string; expires: string; current: boolean }

const tabs = [
  { id: "", name: "You" }, { id: "users", name: "Users", role: "admin" },
  { id: "tokens", name: "Tokens", role: "admin" }, { id: "audit", name: "Audit", role: "admin" },
];
const paths: Record<string, string> = { "": "/auth/logins", users: "/users", tokens: "/tokens", audit: "/audit" };
const verbs: Record<string, string> = { users: "user list", tokens: "token list", audit: "audit" };

export function AccessScreen({ part = "" }: { part?: string }) {
  const here = tabs.find((t) => t.id === part && (!t.role || may(t.role))) ?? tabs[0];
  return <>
    <Head title="Access" sub={<>You are {me.value?.name}, {me.value?.role}.</>}><Curl path={paths[here.id]} cli={verbs[here.id]} /></Head>
    <Tabs tabs={tabs} here={here.id} base="access" label="Access" />
    {part !== here.id && <div class="note"><Icon name="help" /><div><b>This needs the role admin.</b><p>Your role is {me.value?.role}. An admin can give you another one.</p></div></div>}
    {here.id === "users" ? <UsersPart /> : here.id === "tokens" ? <TokensPart /> : here.id === "audit" ? <AuditPart /> : <MinePart />}
  </>;
}

function MinePart() {
  return <div class="columns"><section><h2>Where you are logged in</h2><Logins /></section><section><h2>Password</h2><Password /></section></div>;
}

function Logins() {
  const { data, error, at, reload } = useData<Page<Login>>("/auth/logins", 15000);
  if (!data) return error ? <Failure problem={error} retry={reload} /> : <Skeleton rows={2} />;
  if (!data.items.length) return <Empty title="No log ins">You came by the gateway's socket, which knows no log ins.</Empty>;
  const end = (l: Login) => call("DELETE", "/auth/logins/" + encodeURIComponent(l.id)).then(() => { say({ text: "That log in is over." }); reload(); }, failed);
  const others = data.items.filter((l) => !l.current);
  const endAll = () => Promise.all(others.map((l) => call("DELETE", "/auth/logins/" + encodeURIComponent(l.id))))
    .then(() => say({ text: plural(others.length, "other log in", "other log ins") + " ended." }), failed).finally(reload);
  return <>
    <Stale at={at} error={error} />
    <table class="list cardable"><caption class="hidden">Your log ins</caption>
      <thead><tr><th scope="col">From</th><th scope="col">Since</th><th scope="col">Last seen</th><th scope="col">Ends in</th><th scope="col"><span class="hidden">Actions</span></th></tr></thead>
      <tbody>{data.items.map((l) => <tr key={l.id}>
        <th scope="row"><span class="mono">{l.from}</span> {l.current && <span class="badge ok"><Icon name="ok" />this one</span>}</th>
        <td data-label="Since"><Age at={l.since} /> ago</td><td data-label="Last seen"><Age at={l.seen} /> ago</td>
        <td data-label="Ends in"><Until at={l.expires} /></td>
        <td class="last">{!l.current && <button type="button" aria-label={"End the log in from " + l.from} onClick={() => end(l)}>End</button>}</td></tr>)}</tbody></table>
    {others.length > 1 && <p class="under"><button type="button" onClick={endAll}>End all others</button></p>}
    <p class="muted small under">A log in ends after 8 hours without a request, and after 24 in all.</p>
  </>;
}

function Password() {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const { busy, problem, run } = useSubmit();
  const differ = again !== "" && password !== again;
  const submit = (e: Event) => {
    e.preventDefault();
    run(async () => {
      await call("POST", "/auth/password", { current, password });
      say({ text: "You have another password now. Your other log ins are over." });
      setCurrent(""); setPassword(""); setAgain("");
    });
  };
  return <form class="panel slim" onSubmit={submit}>
    {problem && !problem.errors.length && <Failure problem={problem} />}
    <input class="hidden" autocomplete="username" value={me.value?.name} readOnly tabIndex={-1} aria-hidden="true" />
    <label>Password now<input name="current" type="password" autocomplete="current-password" required value={current} onInput={(e) => setCurrent(e.currentTarget.value)} /><Wrong problem={problem} field="current" /></label>
    <label>New password<input name="password" type="password" autocomplete="new-password" required minLength={12} value={password} onInput={(e) => setPassword(e.currentTarget.value)} />
      <span class="hint">at least 12 characters, not a common word</span><Wrong problem={problem} field="password" /></label>
    <label>Once more<input name="again" type="password" autocomplete="new-password" required value={again} onInput={(e) => setAgain(e.currentTarget.value)} />{differ && <span class="wrong">not the same</span>}</label>
    <button type="submit" class="solid" disabled={busy || differ || !again}>Change it</button>
    <p class="muted small under">Your other log ins end with it.</p>
  </form>;
}
