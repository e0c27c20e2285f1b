package jkstatus

import (
	"fmt"
	"io"
	"strconv"

	"twinhop/admin/jkstatus/shape"
	"twinhop/admin/jkstatus/workers"
)

// editor writes the forms by which people change something. They send what
// update takes; what was left as it is changes nothing.
type editor struct {
	v *visit
	w io.Writer
}

// edit writes the form of a worker or member; false: it has none.
func (e *editor) edit(t target) bool {
	switch {
	case t.balancer != nil && t.all && e.v.query.values["att"] != "":
		return e.each(t.balancer)
	case t.balancer != nil && t.all:
		e.open("Edit load balancer settings for "+t.name, "")
		e.fields(ofBalancer, at(t.balancer, balancerNow))
		e.close("Update Balancer")
	case t.balancer != nil:
		m := t.members[0]
		e.open("Edit worker settings for "+m.Name, m.Name)
		shape.Put(e.w, "<tr><th colspan=\"2\">Balancing related settings</th></tr>\n")
		e.fields(ofMember, at(m, memberNow))
		shape.Put(e.w, "<tr><th colspan=\"2\">AJP settings</th></tr>\n")
		e.fields(ofNode, at(m, memberNow))
		e.close("Update Worker")
	case t.single != nil:
		e.open("Edit worker settings for "+t.name, "")
		e.fields(ofNode, at(&t.single.Node, nodeNow))
		e.close("Update Worker")
	default:
		return false
	}
	return true
}

// open begins a form. It leads back to where it was asked for.
func (e *editor) open(title, member string) {
	l := e.v.to(cmdUpdate, e.v.query.values["w"], member)
	l.from = cmdUnknown
	if e.v.query.values["from"] == cmdShow.String() {
		l.from = cmdShow
	}
	shape.Put(e.w, "<hr><h3>", shape.Escape(title), "</h3>\n<form method=\"get\">\n", l.hidden(), "<table>\n")
}

func (e *editor) close(button string) {
	shape.Put(e.w, "</table>\n<p><input type=\"submit\" value=\"", button, "\"></p></form>\n")
}

func (e *editor) fields(list []parameter, of func(workers.Attribute) value) {
	for i := range list {
		p := &list[i]
		shape.Put(e.w, "<tr><td>", p.label, ":</td><td>")
		e.input(p, p.name, of(p.attribute))
		shape.Put(e.w, "</td></tr>\n")
	}
}

// input writes the field of a parameter, with what is now.
func (e *editor) input(p *parameter, name string, now value) {
	switch p.kind {
	case aFlag:
		e.choice(name, now.number, "Off", "On")
	case aMethod:
		e.choice(name, now.number, workers.Methods[:]...)
	case aLock:
		e.choice(name, now.number, lockWord)
	case anActivation:
		e.choice(name, now.number, "Active", "Disabled", "Stopped")
	case aNumber:
		fmt.Fprintf(e.w, `<input name="%s" type="text" value="%d">`, name, now.number)
	default:
		fmt.Fprintf(e.w, `<input name="%s" type="text" maxlength="60" value="%s">`, name, shape.Escape(now.text))
	}
}

func (e *editor) choice(name string, now int, words ...string) {
	for i, word := range words {
		checked := ""
		if i == now {
			checked = " checked"
		}
		fmt.Fprintf(e.w, `<label><input name="%s" type="radio" value="%d"%s> %s</label> `, name, i, checked, word)
	}
}

// each writes the form of one attribute of all members.
func (e *editor) each(b *workers.Balancer) bool {
	p := e.v.attribute()
	if p == nil {
		return false
	}
	e.open("Edit attribute '"+p.label+"' for all members of load balancer "+b.Name, "")
	shape.Put(e.w, `<tr><th>Balanced Worker</th><th>`, p.label, `<input type="hidden" name="att" value="`, p.name, `"></th></tr>`, "\n")
	for i := range b.Members {
		m := &b.Members[i]
		shape.Put(e.w, "<tr><td>", shape.Escape(m.Name), "</td><td>")
		e.input(p, "val"+strconv.Itoa(i), memberNow(m, p.attribute))
		shape.Put(e.w, "</td></tr>\n")
	}
	e.close("Update Balancer")
	return true
}
