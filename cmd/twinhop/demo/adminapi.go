package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// adminAPI asks a gateway's admin over its Unix socket, where the system vouches for us.
type adminAPI struct{ client *http.Client }

func newAdminAPI(socket string) *adminAPI {
	return &adminAPI{&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", socket)
		}}}}
}

func (a *adminAPI) close() { a.client.CloseIdleConnections() }

const apiRoot = "http://localhost/api/v1/"

// get reads what is at a path below /api/v1.
func (a *adminAPI) get(ctx context.Context, path string, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, apiRoot+path, nil)
	if err != nil {
		return err
	}
	return a.do(req, out)
}

// do sends a request and reads the answer into out.
func (a *adminAPI) do(req *http.Request, out any) error {
	res, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("admin API: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		var problem struct{ Title, Detail string }
		_ = json.NewDecoder(res.Body).Decode(&problem) // the status tells enough
		return fmt.Errorf("admin API: %s %s: %s: %s %s", req.Method, req.URL.Path, res.Status, problem.Title, problem.Detail)
	}
	return json.NewDecoder(res.Body).Decode(out)
}

// shownSession is a session as the admin shows it.
type shownSession struct {
	ID    string `json:"id"`
	Node  string `json:"node"`
	Split bool   `json:"split"`
	Keys  []struct {
		Space, Value, Node string
		Moved              bool
	} `json:"keys"`
}

// key tells where a key of the session leads, "" when it is not there.
func (s *shownSession) key(space, value string) (node string) {
	for _, k := range s.Keys {
		if k.Space == space && k.Value == value {
			return k.Node
		}
	}
	return ""
}

// session finds the one session that has this key: a JSESSIONID, a user, a Call-ID.
func (a *adminAPI) session(ctx context.Context, key string) (shownSession, error) {
	var list struct{ Items []shownSession }
	if err := a.get(ctx, "sessions?key="+url.QueryEscape(key), &list); err != nil {
		return shownSession{}, err
	}
	if len(list.Items) != 1 {
		return shownSession{}, fmt.Errorf("the admin knows %d sessions by a key that one must have", len(list.Items))
	}
	return list.Items[0], nil
}

// shownNode is a node as the admin shows it.
type shownNode struct {
	Name, Activation string
	Health           map[string]string
	Sessions, Calls  int
}

func (a *adminAPI) node(ctx context.Context, name string) (n shownNode, err error) {
	return n, a.get(ctx, "nodes/"+url.PathEscape(name), &n)
}

// activate is the operator's word on a node: active, disabled or stopped.
func (a *adminAPI) activate(ctx context.Context, node, activation string) error {
	body, err := json.Marshal(map[string]string{"activation": activation, "reason": "tour of the demo"})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPatch, apiRoot+"nodes/"+url.PathEscape(node), bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	var n shownNode
	if err := a.do(req, &n); err != nil {
		return err
	}
	return want("activation of "+node, n.Activation, activation)
}
