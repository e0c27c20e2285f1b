package e2e

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// herald announces a node to the gateway by JSON, in the way of the nodes of the later Restcomm
// balancers, and signs what it says.
type herald struct {
	gateway, secret string // host:port
	props           map[string]string
	farewells       *httptest.Server // where the gateway says that it stops

	mu      sync.Mutex
	session string
	starts  int
	beats   int      // answered OK
	told    []string // bodies of farewells, "forged" in front when the signature is wrong
	heeded  int      // of them
	end     context.CancelFunc
	ended   chan struct{}
}

// beat is how often a herald gives a sign of life; stock nodes take 5 s.
const beat = 200 * time.Millisecond

func newHerald(t testing.TB, gateway, secret string, props map[string]string) *herald {
	h := &herald{gateway: gateway, secret: secret, props: props}
	h.farewells = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		text := string(body)
		if r.Header.Get("X-Twinhop-Signature") != h.signature(r.Header.Get("X-Twinhop-Timestamp"), r.Header.Get("X-Twinhop-Nonce"), text) {
			text = "forged " + text
		}
		h.mu.Lock()
		h.told = append(h.told, text)
		h.mu.Unlock()
		io.WriteString(w, `{"stop":"OK"}`)
	}))
	t.Cleanup(h.farewells.Close)
	_, port, _ := strings.Cut(strings.TrimPrefix(h.farewells.URL, "http://"), ":")
	h.props["heartbeatPort"] = port
	return h
}

func (h *herald) signature(at, nonce, body string) string {
	mac := hmac.New(sha256.New, []byte(h.secret))
	fmt.Fprintf(mac, "POST\n/\n%s\n%s\n%s", at, nonce, body)
	return hex.EncodeToString(mac.Sum(nil))
}

// say sends one message from an address and returns the answer.
func (h *herald) say(from, body, nonce string) (string, error) {
	r, err := http.NewRequest("POST", "http://"+h.gateway+"/", strings.NewReader(body))
	if err != nil {
		return "", err
	}
	at := strconv.FormatInt(time.Now().Unix(), 10)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("X-Twinhop-Timestamp", at)
	r.Header.Set("X-Twinhop-Nonce", nonce)
	r.Header.Set("X-Twinhop-Signature", h.signature(at, nonce, body))
	d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	c := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true}}
	resp, err := c.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return fmt.Sprintf("%d %s", resp.StatusCode, text), err
}

func (h *herald) command(name string, members map[string]string) string {
	body, _ := json.Marshal(map[string]any{name: members})
	answer, err := h.say("127.0.0.1", string(body), rand.Text())
	if err != nil {
		return err.Error()
	}
	return answer
}

// live begins a life of the node: it starts until it is taken, and gives signs of life until it
// hears three times that it is not known, or once that the gateway stops; then it starts anew. Who
// does not answer at all is not there for a moment, which nodes that speak every 5 s do not notice.
func (h *herald) live() {
	ctx, end := context.WithCancel(context.Background())
	h.end, h.ended = end, make(chan struct{})
	go func() {
		defer close(h.ended)
		tick := time.NewTicker(beat)
		defer tick.Stop()
		for nok := 3; ; {
			nok = h.beat(nok)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
}

// beat says what is to be said when so many signs of life were answered NOK, and returns how many it is now.
func (h *herald) beat(nok int) int {
	h.mu.Lock()
	if h.heeded < len(h.told) {
		h.heeded, nok = len(h.told), 3
	}
	if nok == 3 {
		h.session = strconv.FormatInt(time.Now().UnixNano(), 10)
	}
	session := h.session
	h.mu.Unlock()
	if nok < 3 {
		switch answer := h.command("heartbeat", map[string]string{"sessionId": session}); {
		case strings.HasSuffix(answer, `{"heartbeat":"OK"}`):
			h.mu.Lock()
			defer h.mu.Unlock()
			h.beats++
			return 0
		case strings.HasSuffix(answer, `{"heartbeat":"NOK"}`):
			return nok + 1
		}
		return nok
	}
	said := map[string]string{"sessionId": session}
	for k, v := range h.props {
		said[k] = v
	}
	if !strings.HasSuffix(h.command("start", said), `{"start":"OK"}`) {
		return 3
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.starts++
	return 0
}

// die ends its life without a word.
func (h *herald) die() {
	h.end()
	<-h.ended
}

// known is its present session and how often it was taken.
func (h *herald) known() (session string, starts int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.session, h.starts
}

func (h *herald) heard() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.beats
}

// announcedNode is what scenarios read of a node that is not configured.
type announcedNode struct {
	node
	Announced *struct {
		By, Incarnation string
		Heartbeats      int
		Draining        bool
	} `json:"announced"`
}

func (w *world) announced() (map[string]announcedNode, error) { return w.listed("json") }

// listed lists the nodes by name, all of which announced themselves by a protocol.
func (w *world) listed(by string) (map[string]announcedNode, error) {
	var list struct{ Items []announcedNode }
	if err := w.ask("GET", "/api/v1/nodes", nil, &list); err != nil {
		return nil, err
	}
	all := map[string]announcedNode{}
	for _, n := range list.Items {
		if _, twice := all[n.Name]; twice || n.Announced == nil || n.Announced.By != by {
			return nil, fmt.Errorf("listed twice, or not announced by %s: %+v", by, list.Items)
		}
		all[n.Name] = n
	}
	return all, nil
}

// present waits until exactly these nodes are there.
func (w *world) present(names ...string) map[string]announcedNode {
	w.t.Helper()
	var all map[string]announcedNode
	eventually(w.t, 15*time.Second, "nodes "+strings.Join(names, " "), func() (err error) {
		if all, err = w.announced(); err != nil {
			return err
		}
		for _, name := range names {
			if _, ok := all[name]; !ok || len(all) != len(names) {
				return fmt.Errorf("there are %v", all)
			}
		}
		return nil
	})
	return all
}
