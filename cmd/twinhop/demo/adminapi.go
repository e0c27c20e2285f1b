package demo

import (
	"context"
	"fmt"
	"net/url"

	"twinhop/cmd/twinhop/remote"
)

// adminAPI asks a gateway's admin over its Unix socket, where the system vouches for us.
type adminAPI struct{ *remote.Client }

func newAdminAPI(socket string) *adminAPI { return &adminAPI{remote.New(socket)} }

func (a *adminAPI) close() { a.Close() }

// get reads what is at a path below /api/v1.
func (a *adminAPI) get(ctx context.Context, path string, out any) error {
	return a.Do(ctx, "GET /"+path, nil, out)
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
	var n shownNode
	body := map[string]string{"activation": activation, "reason": "tour of the demo"}
	if err := a.Do(ctx, "PATCH /nodes/"+url.PathEscape(node), body, &n); err != nil {
		return err
	}
	return want("activation of "+node, n.Activation, activation)
}
