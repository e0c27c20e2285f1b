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

// do calls the API and reads the answer into out unless that is nil.
func (a *adminAPI) do(ctx context.Context, method, path string, in, out any) error {
	var body bytes.Buffer
	if in != nil {
		if err := json.NewEncoder(&body).Encode(in); err != nil {
			return err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://localhost/api/v1/"+path, &body)
	if err != nil {
		return err
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := a.client.Do(req)
	if err != nil {
		return fmt.Errorf("admin API %s %s: %w", method, path, err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		var problem struct{ Title, Detail string }
		_ = json.NewDecoder(res.Body).Decode(&problem) // the status tells enough
		return fmt.Errorf("admin API %s %s: %s: %s %s", method, path, res.Status, problem.Title, problem.Detail)
	}
	if out == nil {
		return nil
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
	if err := a.do(ctx, "GET", "sessions?key="+url.QueryEscape(key), nil, &list); err != nil {
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
	return n, a.do(ctx, "GET", "nodes/"+url.PathEscape(name), nil, &n)
}

func (a *adminAPI) activate(ctx context.Context, node, activation string) error {
	return a.do(ctx, "PATCH", "nodes/"+url.PathEscape(node), map[string]string{"activation": activation, "reason": "demo"}, nil)
}
