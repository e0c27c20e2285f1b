package e2e

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
)

// offices are nodes that know the same: each registers who comes to it, connects who calls with who is called, and can speak
// in every call, whichever of them began it.
type offices struct {
	w *world

	mu    sync.Mutex
	homes map[string]home
	legs  map[string]*officeLeg // by Call-ID
	fault []error
}

// home is where somebody can be reached.
type home struct {
	contact string
	path    []string
	node    string // who registered it
	id      string // the Call-ID of the registration
}

// officeLeg is one of the two dialogs of a call.
type officeLeg struct {
	call  *call
	user  string
	other *officeLeg
	over  bool
}

// newOffices has the agents of a stage be offices.
func newOffices(w *world) *offices {
	o := &offices{w: w, homes: map[string]home{}, legs: map[string]*officeLeg{}}
	for _, a := range w.agents {
		a.play(o.answer)
	}
	return o
}

func (o *offices) answer(a *agent, m *message) []*message {
	o.mu.Lock()
	leg := o.legs[m.callID()]
	o.mu.Unlock()
	switch m.method() {
	case "REGISTER":
		return []*message{o.register(a, m)}
	case "INVITE":
		if leg != nil {
			return nil // repeated
		}
		leg = &officeLeg{user: userOf(m.get("From"))}
		o.mu.Lock()
		o.legs[m.callID()] = leg
		o.mu.Unlock()
		go o.connect(a, m, leg)
		return []*message{a.reply(m, "100 Trying")}
	case "BYE":
		if leg == nil {
			return []*message{a.reply(m, "481 Call/Transaction Does Not Exist")}
		}
		o.mu.Lock()
		leg.over = true
		other := leg.other
		o.mu.Unlock()
		go o.bye(a, other)
	}
	return a.answer(m)
}

// userOf is the user of the URI in a field.
func userOf(value string) string {
	_, rest, _ := strings.Cut(uri(value), ":")
	user, _, _ := strings.Cut(rest, "@")
	return user
}

func (o *offices) register(a *agent, m *message) *message {
	r := a.reply(m, "200 OK")
	r.fields = slices.DeleteFunc(r.fields, func(f [2]string) bool { return f[0] == "Contact" })
	contact := m.get("Contact")
	if m.get("Expires") == "0" || strings.Contains(contact, "expires=0") {
		return r
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.homes[userOf(m.get("To"))] = home{uri(contact), m.list("Path"), a.name, m.callID()}
	r.fields = append(r.fields, [2]string{"Contact", contact + ";expires=600"}, [2]string{"Supported", "path, outbound"})
	for _, p := range m.list("Path") {
		r.fields = append(r.fields, [2]string{"Path", p})
	}
	return r
}

// at is where a user can be reached.
func (o *offices) at(user string) (home, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	h, ok := o.homes[user]
	return h, ok
}

// begin places a call from an office to a user.
func (o *offices) begin(a *agent, user, body string) (*call, error) {
	h, ok := o.at(user)
	if !ok {
		return nil, fmt.Errorf("%s is not registered", user)
	}
	n := serial.Add(1)
	c := &call{phone: a, gateway: o.w.inner(), id: fmt.Sprintf("office-%d@%s", n, a.addr), cseq: 1, body: body,
		from: fmt.Sprintf("<sip:office@e2e.invalid>;tag=o%d", n), to: "<sip:" + user + "@e2e.invalid>", target: h.contact, routes: h.path}
	r, err := c.send("INVITE")
	if err != nil {
		return nil, err
	}
	if c.setUp = r; r.status() != 200 {
		return c, fmt.Errorf("%s was called and answered %s", user, r.start)
	}
	c = c.dialog(r)
	c.ack()
	a.mu.Lock()
	a.dialogs[c.id] = c
	a.mu.Unlock()
	return c, nil
}

// connect calls who is called, and tells the caller what became of it.
func (o *offices) connect(a *agent, m *message, leg *officeLeg) {
	user := userOf(m.get("To"))
	c, err := o.begin(a, user, m.body)
	by := hostport("sip:" + strings.Fields(m.list("Via")[0])[1])
	if err != nil {
		o.failed(err)
		_ = a.write(by, a.reply(m, "480 Temporarily Unavailable"))
		return
	}
	r := a.reply(m, "200 OK")
	r.attach(c.setUp.body)
	other := &officeLeg{call: c, user: user, other: leg}
	o.mu.Lock()
	leg.call = &call{phone: a, gateway: o.w.inner(), id: m.callID(), cseq: 1, from: r.get("To"), to: m.get("From"), target: uri(m.get("Contact")), routes: m.list("Record-Route")}
	leg.other = other
	o.legs[c.id] = other
	o.mu.Unlock()
	_ = a.write(by, r)
}

// bye ends a leg, by this office.
func (o *offices) bye(a *agent, leg *officeLeg) {
	if leg == nil {
		return
	}
	o.mu.Lock()
	again := leg.over
	leg.over = true
	c := *leg.call
	o.mu.Unlock()
	if again {
		return
	}
	c.phone, c.cseq = a, 100
	if r, err := c.bye(); err != nil || r.status() != 200 {
		o.failed(fmt.Errorf("BYE of %s to %s: %v, %v", a.name, leg.user, r, err))
	}
}

// hangUp ends all calls, by this office.
func (o *offices) hangUp(a *agent) {
	o.mu.Lock()
	var all []*officeLeg
	for _, leg := range o.legs {
		if leg.call != nil && !leg.over {
			all = append(all, leg)
		}
	}
	o.mu.Unlock()
	for _, leg := range all {
		o.bye(a, leg)
	}
}

func (o *offices) failed(err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.fault = append(o.fault, err)
}

// faultless fails the test if anything was not as it should.
func (o *offices) faultless(t testing.TB) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, err := range o.fault {
		t.Error(err)
	}
	o.fault = nil
}

// attach gives a message a body, a description of a session if there is one.
func (m *message) attach(body string) {
	m.fields = slices.DeleteFunc(m.fields, func(f [2]string) bool { return f[0] == "Content-Length" })
	if m.body = body; body != "" {
		m.fields = append(m.fields, [2]string{"Content-Type", "application/sdp"})
	}
	m.fields = append(m.fields, [2]string{"Content-Length", fmt.Sprint(len(body))})
}
