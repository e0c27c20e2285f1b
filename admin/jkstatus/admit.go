package jkstatus

import (
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"twinhop/admin/access"
)

// admit tells whether the client may do what it asks for; the answer is a
// message, empty when it may. A refusal sets the status.
func (v *visit) admit() string {
	w := &v.worker.Words
	changes := v.command.changes() && v.options&onlyRead == 0
	switch v.r.Method {
	case http.MethodGet, http.MethodPost:
	case http.MethodHead:
		if changes {
			v.status = http.StatusMethodNotAllowed
			return "This command needs GET or POST."
		}
	default:
		v.status = http.StatusMethodNotAllowed
		return "Only GET, HEAD and POST are understood."
	}
	if changes {
		if why := crossSite(v.r); why != "" {
			v.status = http.StatusForbidden
			return why
		}
	}
	needsUser := len(w.Users) > 0
	needsRole := v.command.writes() && v.options&onlyRead == 0 && !v.fromAllowed()
	if !needsUser && !needsRole {
		return ""
	}
	role, message := v.login()
	switch {
	case message != "":
		return message
	case needsUser && !w.mayUse(v.user):
		v.status = http.StatusForbidden
		return denied
	case needsRole && role < access.RoleOperator:
		v.status = http.StatusForbidden
		return "This command needs the role operator."
	}
	return ""
}

// login finds out who asks, by name and password.
func (v *visit) login() (access.Role, string) {
	name, password, ok := v.r.BasicAuth()
	if !ok || v.worker.Panel.Login == nil {
		v.status = http.StatusUnauthorized
		return access.RoleNone, denied
	}
	role, wait, ok := v.worker.Panel.Login(v.peer, name, password)
	switch {
	case wait > 0:
		v.status, v.retry = http.StatusTooManyRequests, wait
		return access.RoleNone, "Too many attempts. Try again later."
	case !ok:
		v.status = http.StatusUnauthorized
		return access.RoleNone, denied
	}
	v.user = name
	return role, ""
}

func (w *Words) mayUse(user string) bool {
	return slices.ContainsFunc(w.Users, func(u string) bool { return u == user || w.Fold && strings.EqualFold(u, user) })
}

// fromAllowed tells whether the client's address is enough. That of a proxy
// says nothing of the client; and a browser can be made to send what its user
// never saw, so its address counts only where no other site can pose as this
// one: at an IP address.
func (v *visit) fromAllowed() bool {
	ip, err := netip.ParseAddr(v.peer)
	if err != nil || len(v.r.Header["X-Forwarded-For"])+len(v.r.Header["Forwarded"])+len(v.r.Header["Via"]) > 0 {
		return false
	}
	ip = ip.Unmap().WithZone("")
	if !slices.ContainsFunc(v.worker.Words.Allow, func(p netip.Prefix) bool { return p.Contains(ip) }) {
		return false
	}
	return !browser(v.r) || literal(v.server)
}

// literal tells whether a host is an IP address or names this very machine.
func literal(host string) bool {
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil || strings.EqualFold(host, "localhost")
}

// browser tells whether a person's browser asks: they all call themselves
// Mozilla and say which languages their user reads.
func browser(r *http.Request) bool {
	return strings.Contains(r.UserAgent(), "Mozilla/") && r.Header.Get("Accept-Language") != ""
}

// crossSite tells why a request may come from a page of another site, or from
// nobody's wish: a link that is fetched ahead. Empty: it does not. Browsers
// say where they come from; one that does not is not believed.
func crossSite(r *http.Request) string {
	const foreign = "Requests from other sites are refused."
	site, origin, referer := r.Header.Values("Sec-Fetch-Site"), r.Header.Values("Origin"), r.Header.Values("Referer")
	for _, s := range site {
		if s != "same-origin" && s != "none" {
			return foreign
		}
	}
	for _, s := range append(slices.Clone(origin), referer...) {
		if !sameHost(s, r.Host) {
			return foreign
		}
	}
	for _, key := range []string{"Purpose", "Sec-Purpose", "X-Moz", "X-Purpose"} {
		if s := strings.ToLower(r.Header.Get(key)); strings.Contains(s, "prefetch") || strings.Contains(s, "preview") {
			return "Requests ahead of time are refused."
		}
	}
	if browser(r) && len(site)+len(origin)+len(referer) == 0 {
		return "This browser does not tell where the request comes from. Use the pages of the status worker."
	}
	return ""
}

// sameHost tells whether a URL names the host and port of a Host field.
func sameHost(link, host string) bool {
	u, err := url.Parse(link)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, host)
}

// policy is what the pages may do: nothing but be styled and send their forms.
func (w *Worker) policy() string {
	style := "'self'"
	if u, err := url.Parse(w.Words.CSS); err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") && !strings.ContainsAny(u.Host, "; ,'") {
		style = u.Scheme + "://" + u.Host
	}
	return "default-src 'none'; style-src " + style + "; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
}
