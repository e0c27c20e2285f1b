import { useState } from "preact/hooks";
import { call, Me, Problem } from "./api";
import { me, setup, spent } from "./state";
import { Failure, Icon } from "./parts";

function Frame({ title, children }: { title: string; children: any }) {
  return <main class="door"><div class="logo"><Logo />twinhop</div><h1>{title}</h1>{children}</main>;
}

export function Logo() {
  return <svg class="sign" viewBox="0 0 32 32" aria-hidden="true"><path d="M3 22c4-12 9-12 13 0 4-12 9-12 13 0" /><circle cx="16" cy="22" r="3.4" /></svg>;
}

export function LoginScreen() {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const submit = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    try { me.value = await call<Me>("POST", "/auth/login", { name, password }); }
    catch (p) { setProblem(p as Problem); setPassword(""); }
    setBusy(false);
  };
  return <Frame title="Log in">
    {spent.value && <div class="note"><Icon name="help" /><div><b>This link does not log in any more.</b><p>It works once, and not for long. Who made it can make another one.</p></div></div>}
    {setup.value && !spent.value && <div class="note"><Icon name="help" /><div><b>Nobody can log in yet.</b><p>Open the set-up link that the gateway printed when it started. It is also in the file <code>setup-url</code> of its state folder, and works for 15 minutes.</p></div></div>}
    {problem && <Failure problem={problem} />}
    <form onSubmit={submit}>
      <label>Name<input name="name" autocomplete="username" autofocus required value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
      <label>Password<input name="password" type="password" autocomplete="current-password" required value={password} onInput={(e) => setPassword(e.currentTarget.value)} /></label>
      <button type="submit" class="solid" disabled={busy}>Log in</button>
    </form></Frame>;
}

export function SetupScreen({ token }: { token: string }) {
  const [name, setName] = useState("admin");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const [busy, setBusy] = useState(false);
  const differ = again !== "" && password !== again;
  const submit = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    try { me.value = await call<Me>("POST", "/auth/setup", { token, name, password }); location.hash = "#/"; }
    catch (p) { setProblem(p as Problem); }
    setBusy(false);
  };
  const of = (field: string) => problem?.errors.find((x) => x.pointer === "#/" + field)?.message;
  return <Frame title="Make the first user">
    <p class="muted">This user may do everything. The link works once.</p>
    {problem && !problem.errors.length && <Failure problem={problem} />}
    <form onSubmit={submit}>
      <label>Name<input name="name" autocomplete="username" required value={name} onInput={(e) => setName(e.currentTarget.value)} />{of("name") && <span class="wrong" role="alert">{of("name")}</span>}</label>
      <label>Password<input name="password" type="password" autocomplete="new-password" required minLength={12} value={password} onInput={(e) => setPassword(e.currentTarget.value)} />
        <span class="hint">at least 12 characters, not a common word</span>{of("password") && <span class="wrong" role="alert">{of("password")}</span>}</label>
      <label>Once more<input name="again" type="password" autocomplete="new-password" required value={again} onInput={(e) => setAgain(e.currentTarget.value)} />{differ && <span class="wrong">not the same</span>}</label>
      <button type="submit" class="solid" disabled={busy || differ || !again}>Make the user and log in</button>
    </form></Frame>;
}
