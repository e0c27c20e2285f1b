package main

import (
	"path/filepath"
	"strings"
	"testing"

	"twinhop/web/chromium"
)

// TestConfigurationInBrowser changes the configuration of a running gateway in
// its pages: what is wrong is shown where it is, what is right is written into
// the file with everything else in it as it was, and rolled back.
func TestConfigurationInBrowser(t *testing.T) {
	g := startGatewayOf(t, startNode(t), `admin: {listen: "127.0.0.1:0", configWritable: true}
shutdown: {announce: 0, grace: 1s}
heartbeat: {json: {listen: "127.0.0.1:0"}, secret: correct-horse-battery} # keep it
affinity:
  leader: http # for now
`)
	file, ask := filepath.Join(g.dir, "twinhop.yaml"), asker(t, g.dir)
	if a := ask("POST /users", "", body{"name": "ada", "role": "admin", "password": "a long and quiet river"}); a.code != 201 {
		t.Fatal(a)
	}
	before := content(t, file)
	p := chromium.OpenPage(t)
	p.Load("http://"+g.admin, "Log in")
	p.Write("input[name=name]", "ada")
	p.Write("input[name=password]", "a long and quiet river")
	p.Press("main", "Log in")
	p.See("Overview")

	p.Part("in force", func() {
		p.Screen("#/config")
		p.See("version v1", filepath.Base(file)+":7", "***")
		p.Press("main", "Only what is set")
		p.Wait(`!document.querySelector(".yaml").innerText.includes("maxKeys")`)
		p.Write("input[name=key]", "leader")
		p.Wait(`document.querySelectorAll(".yaml tbody tr").length === 1`)
	})
	p.Part("refused", func() {
		p.Screen("#/config/edit")
		p.See("It is valid.", "There is no difference.")
		p.Wait(`!document.querySelector(".editor textarea").value.includes("correct-horse")`)
		p.Run(`window.__edit = (from, to) => { const e = document.querySelector(".editor textarea"); Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, "value").set.call(e, e.value.replace(from, to)); e.dispatchEvent(new Event("input", {bubbles: true})) }`)
		p.Run(`__edit("leader: http", "leadr: sip")`)
		p.See("1 problem.", "did you mean \"leader\"?")
		p.Wait(`document.querySelector(".gutter .marked").innerText === "11" && [...document.querySelectorAll(".applybar button")].at(-1).disabled`)
		p.Click(".faultlist button")
		p.Wait(`(e => document.activeElement === e && e.value.slice(e.selectionStart, e.selectionEnd).startsWith("leadr"))(document.querySelector(".editor textarea"))`)
	})
	p.Part("applied", func() {
		p.Run(`__edit("leadr: sip", "leader: sip")`)
		p.See("It is valid.", "takes effect now", "affinity.leader")
		p.Press(".applybar", "Apply")
		p.Run(`Object.defineProperty(navigator, "clipboard", {configurable: true, value: {writeText: async s => { window.__copied = s }}})`)
		p.Press("dialog .same", "curl")
		p.Wait(`window.__copied.includes("If-Match: ") && window.__copied.endsWith("/api/v1/config/apply'")`)
		p.Write("dialog input.reason", "calls lead now")
		p.Press("dialog", "Apply")
		p.See("The configuration is v2 now.", "No changes.")
		if got, want := content(t, file), strings.Replace(before, "leader: http", "leader: sip", 1); got != want {
			t.Errorf("the file is\n%s\nwant\n%s", got, want)
		}
	})
	p.Part("rolled back", func() {
		p.Screen("#/config/versions")
		p.See("calls lead now", "ada", "in force")
		p.Press("tbody tr:first-child", "Compare")
		p.Wait(`document.querySelector(".diff .gone").innerText.includes("leader: http") && document.querySelector(".diff .added").innerText.includes("leader: sip")`)
		p.Press("tbody tr:nth-child(2)", "Roll back")
		p.Wait(`document.querySelector("dialog .diff .added").innerText.includes("leader: http")`)
		p.Press("dialog", "Roll back")
		p.See("The configuration is that of v1 again, as v3.")
		if got := content(t, file); got != before {
			t.Errorf("the file is\n%s\nwant\n%s", got, before)
		}
		p.Screen("#/events?type=config.")
		p.Wait(`document.querySelectorAll(".event").length >= 2`)
	})
}
