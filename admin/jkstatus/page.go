package jkstatus

import (
	"bytes"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"

	"twinhop/admin/jkstatus/shape"
)

// page is the answer for people. Its links are queries alone, so the path by
// which it was reached is never printed.
type page struct {
	head  bytes.Buffer // within head
	body  bytes.Buffer
	moves bool // to another page, after a change
}

// How the pages move by themselves, in seconds.
const (
	moveAfter    = 3
	refreshUsual = 10
)

// redirect lets the page move on to the list, after a change.
func (p *page) redirect() { p.moves = true }

// link is a place within the status worker.
type link struct {
	command        command
	worker, member string
	options        int
	refresh        int
	from           command
}

// here is the place that was asked for.
func (v *visit) here() link {
	l := link{command: v.command, worker: v.query.values["w"], member: v.query.values["sw"], options: v.options, refresh: max(v.query.number("re"), 0)}
	if v.worker.Words.ReadOnly {
		l.options &^= onlyRead
	}
	return l
}

// start is the list, with the same things hidden.
func (v *visit) start() link {
	l := v.here()
	l.command, l.worker, l.member = cmdList, "", ""
	return l
}

// to is a command for a worker, from here.
func (v *visit) to(c command, worker, member string) link {
	l := v.here()
	l.from, l.command, l.worker, l.member = l.command, c, worker, member
	return l
}

// query writes the place as the query of a URL.
func (l link) query() string {
	q := "?cmd=" + l.command.String() + "&mime=html"
	for _, x := range []struct{ key, value string }{{"w", l.worker}, {"sw", l.member}} {
		if x.value != "" {
			q += "&" + x.key + "=" + url.QueryEscape(x.value)
		}
	}
	if l.options != 0 {
		q += "&opt=" + strconv.Itoa(l.options)
	}
	if l.refresh != 0 {
		q += "&re=" + strconv.Itoa(l.refresh)
	}
	if l.from != cmdUnknown {
		q += "&from=" + l.from.String()
	}
	return q
}

// anchor writes a link with its text.
func (l link) anchor(text string) string {
	return `<a href="` + shape.Escape(l.query()) + `" rel="nofollow">` + shape.Escape(text) + "</a>"
}

// hidden writes the place as the hidden fields of a form.
func (l link) hidden() string {
	var b strings.Builder
	values, _ := url.ParseQuery(strings.TrimPrefix(l.query(), "?"))
	for _, key := range []string{"cmd", "mime", "w", "sw", "opt", "re", "from"} {
		if s := values.Get(key); s != "" {
			fmt.Fprintf(&b, `<input type="hidden" name="%s" value="%s">`+"\n", key, shape.Escape(s))
		}
	}
	return b.String()
}

// hide is the link that hides a part of the page.
func (v *visit) hide(bit int) string {
	l := v.here()
	l.options |= bit
	return "[" + l.anchor("Hide") + "]"
}

// reveal is the link that brings a part of the page back.
func (v *visit) reveal(bit int, what string) string {
	l := v.here()
	l.options &^= bit
	return "<p>" + l.anchor("Show "+what) + "</p>\n"
}

// show fills the page. The answer is a message, empty when all is there.
func (p *page) show(v *visit, d *document, t target) string {
	if re := v.here().refresh; re > 0 && (v.command == cmdList || v.command == cmdShow) {
		fmt.Fprintf(&p.head, `<meta http-equiv="Refresh" content="%d;url=%s">`+"\n", re, shape.Escape(v.here().query()))
	}
	p.title(v)
	p.navigation(v)
	list := &table{v: v, d: d, w: &p.body}
	switch v.command {
	case cmdList:
		list.everything()
	case cmdShow:
		list.one(t)
	case cmdDump:
		p.dump(d.dump(v.dump()))
	case cmdEdit:
		if !(&editor{v: v, w: &p.body}).edit(t) {
			return noForm
		}
	}
	if v.command == cmdList || v.command == cmdShow {
		p.legend(v)
	}
	return ""
}

func (p *page) title(v *visit) {
	mode := ""
	if v.options&onlyRead != 0 {
		mode = " (read only)"
	}
	shape.Put(&p.body, "<h1>JK Status Manager for ", shape.Escape(v.server), ":", strconv.Itoa(v.port), mode, "</h1>\n")
	if !v.command.headed() {
		return
	}
	fmt.Fprintf(&p.body, "<table><tr><th>Server Version</th><td>%s</td><th>Server Time</th><td>%s</td></tr>\n"+
		"<tr><th>JK Version</th><td>%s</td><th>Unix Seconds</th><td>%d</td></tr></table>\n<hr>\n",
		shape.Escape(v.worker.Software), v.now.Format("2006-01-02 15:04:05 -0700"), Spoken, v.now.Unix())
}

// navigation is what stands above each page.
func (p *page) navigation(v *visit) {
	l := v.here()
	if v.command == cmdList || v.command == cmdShow {
		if l.refresh > 0 {
			still := l
			still.refresh = 0
			shape.Put(&p.body, "<p>[", still.anchor("Stop auto refresh"), "]</p>\n")
		} else {
			shape.Put(&p.body, `<form method="get">`, l.hidden(), `<input type="submit" value="Start auto refresh"> (every <input name="re" type="text" size="3" value="`,
				strconv.Itoa(refreshUsual), `"> seconds)</form>`, "\n")
		}
	}
	if v.command.headed() {
		shape.Put(&p.body, "<p>Change format: ", formatLink(l, formXML, "XML"), " | ", formatLink(l, formProperties, "Properties"), " | ",
			formatLink(l, formText, "Text"), "</p>\n")
	}
	shape.Put(&p.body, "<p>")
	if v.command == cmdEdit && v.query.values["from"] == cmdShow.String() {
		back := v.to(cmdShow, l.worker, "")
		back.from = cmdUnknown
		shape.Put(&p.body, "[", back.anchor("Back to worker view"), "] ")
	} else if v.command != cmdList {
		shape.Put(&p.body, "[", v.start().anchor("Back to worker list"), "] ")
	}
	if (v.command == cmdList || v.command == cmdShow) && !v.worker.Words.ReadOnly {
		text := "Read Only"
		if l.options ^= onlyRead; v.options&onlyRead != 0 {
			text = "Read/Write"
		}
		shape.Put(&p.body, "[", l.anchor(text), "] ")
	}
	if v.command.headed() && v.command != cmdDump {
		shape.Put(&p.body, "[", v.to(cmdDump, "", "").anchor("Dump"), "] ")
	}
	if v.command == cmdList || v.command == cmdShow && v.options&onlyRead == 0 {
		shape.Put(&p.body, "[<b>S</b>=Show only this worker, <b>E</b>=Edit worker, <b>R</b>=Reset worker state, <b>T</b>=Try worker recovery]")
	}
	shape.Put(&p.body, "</p>\n")
}

func formatLink(l link, f form, text string) string {
	q := strings.Replace(l.query(), "&mime=html", "&mime="+forms[f], 1)
	return `<a href="` + shape.Escape(q) + `">` + text + "</a>"
}

func (p *page) dump(r *shape.Record) {
	shape.Put(&p.body, "<hr><h2>Configuration Data</h2>\n<p>As it was read at the start, without what was changed since.</p>\n<pre>\n")
	for _, f := range r.Fields {
		shape.Put(&p.body, shape.Escape(f.Key), "=", shape.Escape(f.Value), "\n")
	}
	shape.Put(&p.body, "</pre>\n")
}

// write writes the whole page.
func (p *page) write(w io.Writer, v *visit) {
	shape.Put(w, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>JK Status Manager</title>\n")
	if css := v.worker.Words.CSS; css != "" {
		shape.Put(w, `<link rel="stylesheet" type="text/css" href="`, shape.Escape(css), "\">\n")
	}
	if p.moves && v.failed == "" {
		fmt.Fprintf(w, `<meta http-equiv="Refresh" content="%d;url=%s">`+"\n", moveAfter, shape.Escape(v.next().query()))
	}
	w.Write(p.head.Bytes())
	shape.Put(w, "</head>\n<body>\n")
	w.Write(p.body.Bytes())
	switch {
	case v.failed != "":
		shape.Put(w, "<p><b>Result: ERROR - ", shape.Escape(v.failed), "</b></p>\n")
	case p.moves:
		fmt.Fprintf(w, "<p><b>Result: OK - You will be redirected in %d seconds.</b></p>\n", moveAfter)
	}
	shape.Put(w, `<p><a href="?">JK Status Manager Start Page</a></p>`, "\n</body>\n</html>\n")
}

// next is where a change leads to: the page it was asked for on.
func (v *visit) next() link {
	if l := v.start(); v.query.values["from"] != cmdShow.String() {
		return l
	}
	l := v.here()
	l.command, l.member = cmdShow, ""
	return l
}

// legend explains the columns.
func (p *page) legend(v *visit) {
	if v.options&hideLegend != 0 {
		shape.Put(&p.body, v.reveal(hideLegend, "Legend"))
		return
	}
	shape.Put(&p.body, "<h2>Legend ", v.hide(hideLegend), "</h2>\n<table>\n")
	for _, x := range legend {
		shape.Put(&p.body, "<tr><th>", x[0], "</th><td>", x[1], "</td></tr>\n")
	}
	shape.Put(&p.body, "</table>\n")
}

var legend = [][2]string{
	{"Act", "activation: ACT active, DIS disabled (keeps its sessions, gets no new ones), STP stopped"},
	{"State", "OK; OK/IDLE no request since the last maintenance; OK/BUSY at its limit; ERR in error; ERR/REC, ERR/PRB, ERR/FRC: tried again"},
	{"D", "distance"}, {"F", "load balancing factor"}, {"M", "multiplicity: the common multiple of all factors, divided by this one"},
	{"V", "load value"}, {"Acc", "requests, and per second since the last reset"}, {"Sess", "sessions begun, and per second"},
	{"Err", "requests that failed"}, {"CE", "requests given up by their client"}, {"RE", "answers that came too late, halved with time"},
	{"Wr", "bytes sent to the node"}, {"Rd", "bytes received from it"}, {"Busy", "requests running now, and most at a time"},
	{"Con", "connections open now, and most at a time"}, {"Route", "what its sessions carry"}, {"RR", "route of the preferred substitute"},
	{"Cd", "domain: members that share their sessions"}, {"Rs", "seconds until it is tried again, at least and at most"},
	{"LR", "seconds since the last reset"}, {"LE", "last error"}, {"Bound", "sessions that the affinity table holds for it now"},
}
