package tohttps

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A Server answers every request of one listener with a redirect. Its fields
// are set before it is used.
type Server struct {
	Port                       int           // of HTTPS, as clients reach it
	HeaderBytes                int           // of a request head; beyond: 431
	HeaderTimeout, IdleTimeout time.Duration // for the whole head, and between two requests
	Log                        *slog.Logger  // nil discards
}

// Run serves the listener until ctx ends.
func (s *Server) Run(ctx context.Context, l net.Listener) error {
	log := s.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	srv := &http.Server{Handler: s, MaxHeaderBytes: s.HeaderBytes, ReadHeaderTimeout: s.HeaderTimeout, ReadTimeout: s.HeaderTimeout, IdleTimeout: s.IdleTimeout,
		WriteTimeout: time.Minute, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug), DisableGeneralOptionsHandler: true}
	stop := context.AfterFunc(ctx, func() { srv.Close() })
	defer stop()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// ServeHTTP implements http.Handler. Where a method or its body would be lost by
// a 302 it answers 307.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Connection", "close")
	host, ok := hostOf(r.Host)
	target := r.RequestURI
	if u, err := url.Parse(target); err == nil && u.IsAbs() {
		target = u.RequestURI()
	}
	if !ok || r.Method == http.MethodConnect || !strings.HasPrefix(target, "/") {
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	if s.Port != 443 {
		host += ":" + strconv.Itoa(s.Port)
	}
	h.Set("Location", "https://"+host+target)
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		w.WriteHeader(http.StatusFound)
		return
	}
	w.WriteHeader(http.StatusTemporaryRedirect)
}

var name = regexp.MustCompile(`^[A-Za-z0-9._-]{1,253}$`)

// hostOf is the host of a Host field, in brackets if it is an IPv6 address,
// and whether it is one.
func hostOf(field string) (host string, ok bool) {
	host = field
	if h, _, err := net.SplitHostPort(field); err == nil {
		host = h
	} else if strings.HasPrefix(field, "[") && strings.HasSuffix(field, "]") {
		host = field[1 : len(field)-1]
	}
	if a, err := netip.ParseAddr(host); err == nil && a.Is6() && a.Zone() == "" {
		return "[" + host + "]", true
	}
	return host, name.MatchString(host)
}
