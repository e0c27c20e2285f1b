package json

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"sync"
)

// atOnce bounds how many nodes are told at a time.
const atOnce = 32

// farewell tells every node that has a heartbeatPort that we stop, so that it
// goes back to looking for us. It waits for nobody longer than ctx.
func (s *Server) farewell(ctx context.Context) {
	told := map[netip.AddrPort]bool{}
	places := make(chan netip.AddrPort, 2*atOnce)
	var all sync.WaitGroup
	for range atOnce {
		all.Go(func() {
			for at := range places {
				if err := s.tell(ctx, at); err != nil {
					s.log().Info("a node could not be told that the gateway stops", "peer", at, "err", err)
				}
			}
		})
	}
	for _, e := range s.Roster.Nodes() {
		at := netip.AddrPortFrom(e.IP, uint16(e.StopPort))
		if e.By == "json" && e.StopPort != 0 && !told[at] {
			told[at] = true
			places <- at
		}
	}
	close(places)
	all.Wait()
}

// tell tells one node.
func (s *Server) tell(ctx context.Context, at netip.AddrPort) error {
	dial := s.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	c, err := dial(ctx, "tcp", at.String())
	if err != nil {
		return err
	}
	defer c.Close()
	defer context.AfterFunc(ctx, func() { c.Close() })()
	body, err := s.stop(c.LocalAddr())
	if err != nil {
		return err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+at.String()+"/", bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Close = true
	if s.Secret != nil {
		Sign(s.Secret, r, body)
	}
	if err := r.Write(c); err != nil {
		return fmt.Errorf("telling it: %w", err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(io.LimitReader(c, maxBody)), r)
	if err != nil {
		return fmt.Errorf("waiting for its answer: %w", err)
	}
	return answer.Body.Close()
}

// stop is the message that we stop: from the address that the node sees, with
// the port at which it spoke to us.
func (s *Server) stop(local net.Addr) ([]byte, error) {
	port := 0
	if _, p, err := net.SplitHostPort(s.Listener.Addr().String()); err == nil {
		port, _ = strconv.Atoi(p) // 0 where it has none
	}
	return json.Marshal(map[string]any{"stop": map[string]any{"ipAddress": source(local.String()).String(), "port": port}})
}
