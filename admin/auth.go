package admin

import (
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/gin-gonic/gin"

	"twinhop/admin/access"
	"twinhop/admin/accounts"
	"twinhop/admin/tokens"
)

// byDesk lets the desk of accounts answer a route.
func byDesk(answer func(*accounts.Desk, *gin.Context) (any, error)) func(*Server, *gin.Context) (any, error) {
	return func(s *Server, c *gin.Context) (any, error) { return answer(s.accounts, c) }
}

// openAccounts reads who may do what, with secrets that protect cookies and tokens.
func (s *Server) openAccounts(secrets [][]byte) error {
	users, err := access.OpenUsers(s.StateDir)
	if err != nil {
		return err
	}
	cookies, err := access.NewCookies(secrets)
	if err != nil {
		return err
	}
	book, err := tokens.Open(tokens.Options{Dir: s.StateDir, Secrets: secrets, Algorithm: s.TokenAlgorithm, Now: s.now})
	if err != nil {
		return err
	}
	s.accounts = &accounts.Desk{Users: users, Logins: &access.Logins{Now: s.now}, Links: &access.Tokens{Now: s.now}, Guard: &access.Guard{Now: s.now},
		Cookies: cookies, Tokens: book, Who: actor, SetUp: s.removeSetup, Insecure: s.Insecure, Now: s.now, Log: s.log,
		Record: func(c *gin.Context, x accounts.Change) {
			s.record(c, occurrence{Type: x.Type, Words: x.Words, Reason: x.Reason})
		}}
	s.callers = &access.Passwords{Users: users, Guard: s.accounts.Guard, Now: s.now}
	return nil
}

// removeSetup takes the link away by which the first user could be made.
func (s *Server) removeSetup() {
	if s.StateDir != "" {
		os.Remove(filepath.Join(s.StateDir, "setup-url"))
	}
}

// Password tells what the user of a name and password may do that came with a
// request to somewhere else, and whether there is one. Attempts count as those
// to log in: whoever at peer failed too often has to wait.
func (s *Server) Password(peer, name, password string) (role Role, wait time.Duration, ok bool) {
	if s.ready() != nil {
		return RoleNone, 0, false
	}
	u, wait, ok := s.callers.Check(peer, name, password)
	if !ok && wait <= 0 {
		s.log.Warn("a password was wrong", "peer", peer)
	}
	return u.Role, wait, ok
}

func peerAddr(r *http.Request) string { return accounts.Peer(r) }
