import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { call, get, Me, Problem } from "./api";
import { applyTheme, entry, known, me, setup, spent, toast } from "./state";
import { Failure, Icon } from "./parts";
import { Inside } from "./frame";
import { LoginScreen, SetupScreen } from "./login";

function Toasts() {
  const t = toast.value;
  const undo = () => {
    toast.value = null;
    t!.undo!();
  };
  return <div class="toasts" role="status" aria-live="polite">
    {t && <div class={"toast" + (t.bad ? " bad" : "")}><span>{t.text}</span>
      {t.undo && <button type="button" onClick={undo}>Undo</button>}
      <button type="button" class="plain" aria-label="Close" onClick={() => (toast.value = null)}><Icon name="bad" /></button></div>}
  </div>;
}

// enter logs in by the link that led here, or asks who is logged in already.
async function enter(): Promise<Me> {
  if (entry?.kind !== "t") return get<Me>("/auth/me");
  try {
    return await call<Me>("POST", "/auth/login", { token: entry.token });
  } catch (p) {
    try {
      return await get<Me>("/auth/me");
    } catch (q) {
      spent.value = (p as Problem).status === 401;
      throw (p as Problem).status === 429 ? p : q;
    }
  }
}

function App() {
  const [problem, setProblem] = useState<Problem | null>(null);
  const ask = () => {
    setProblem(null);
    enter().then((m) => {
      me.value = m;
      known.value = true;
    }, (p: Problem) => {
      if (p.status !== 401) return setProblem(p);
      setup.value = p.setup ?? false;
      known.value = true;
    });
  };
  useEffect(ask, []);
  if (problem) return <main class="door"><Failure problem={problem} retry={ask} /></main>;
  if (!known.value) return <p class="boot">twinhop</p>;
  const door = setup.value && entry?.kind === "setup" ? <SetupScreen token={entry.token} /> : <LoginScreen />;
  return <>{me.value ? <Inside /> : door}<Toasts /></>;
}

applyTheme();
const root = document.getElementById("app")!;
root.textContent = "";
render(<App />, root);
